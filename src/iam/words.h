#pragma once
// How IAM's texts call each kind of entity, and their quotas.

#include <string_view>

#include "model/identity.h"
#include "model/limits.h"

namespace meridian::iam {

struct Words {
    std::string_view noun;         // "user"
    std::string_view capitalised;  // "User"
    std::string_view plural;       // as in the names of quotas
    std::size_t per_account_max;
    std::size_t inline_chars_max;               // of all inline policies together
    std::string_view with_name = " with name";  // "The user with name n", "Instance Profile n"
};

template <typename Entity>
inline constexpr Words kWords = {};
template <>
inline constexpr Words kWords<model::User> = {"user", "User", "Users",
                                              model::limits::kUsersPerAccountMax,
                                              model::limits::kUserInlinePoliciesCharsMax};
template <>
inline constexpr Words kWords<model::Group> = {"group", "Group", "Groups",
                                               model::limits::kGroupsPerAccountMax,
                                               model::limits::kGroupInlinePoliciesCharsMax};
template <>
inline constexpr Words kWords<model::Role> = {"role", "Role", "Roles",
                                              model::limits::kRolesPerAccountMax,
                                              model::limits::kRoleInlinePoliciesCharsMax};

template <>
inline constexpr Words kWords<model::InstanceProfile> = {
    "Instance Profile",
    "Instance Profile",
    "InstanceProfiles",
    model::limits::kInstanceProfilesPerAccountMax,
    0,
    ""};

}  // namespace meridian::iam
