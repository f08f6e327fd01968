#pragma once
// Who may hold a policy, in IAM's words. Constant.

#include <array>

namespace meridian::deploy {

struct PolicyHolder {
    char const* property;   // of a policy in a template: a list of names
    char const* parameter;  // of IAM's actions
    char const* noun;       // Put<noun>Policy, Attach<noun>Policy
    char const* listed;     // member of ListEntitiesForPolicy
};

inline constexpr std::array kPolicyHolders = {
    PolicyHolder{"Roles", "RoleName", "Role", "PolicyRoles"},
    PolicyHolder{"Users", "UserName", "User", "PolicyUsers"},
    PolicyHolder{"Groups", "GroupName", "Group", "PolicyGroups"},
};

}  // namespace meridian::deploy
