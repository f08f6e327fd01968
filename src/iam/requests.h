#pragma once
// What IAM is asked, and what it answers, as values. api/ reads them from AWS's requests.

#include <optional>
#include <string>
#include <vector>

#include "model/identity.h"
#include "model/limits.h"
#include "model/requester.h"

namespace meridian::iam {

using model::Requester;

struct PageRequest {
    std::string path_prefix = "/";
    std::string marker = {};
    std::size_t max_items = 100;
};

template <typename Item>
struct Page {
    std::vector<Item> items = {};
    std::string next_marker = {};  // empty: that was all
};

struct CreateUserRequest {
    std::string name = {};
    std::string path = "/";
    model::Tags tags = {};
    std::string permissions_boundary = {};  // empty: none
};

struct CreateRoleRequest {
    std::string name = {};
    std::string path = "/";
    std::string assume_role_policy_document = {};
    std::string description = {};
    int max_session_seconds = 3'600;
    model::Tags tags = {};
    std::string permissions_boundary = {};  // empty: none
};

struct CreateInstanceProfileRequest {
    std::string name = {};
    std::string path = "/";
    model::Tags tags = {};
};

// What stays as it is, is left out.
struct RoleChange {
    std::optional<std::string> description = {};
    std::optional<int> max_session_seconds = {};
    std::optional<std::string> assume_role_policy_document = {};
};

struct Renaming {
    std::optional<std::string> name = {};
    std::optional<std::string> path = {};
};

struct TagChange {
    model::Tags add = {};
    std::vector<std::string> remove = {};
};

struct NamedDocument {
    std::string name = {};
    std::string document = {};
};

struct CreatePolicyRequest {
    std::string name = {};
    std::string path = "/";
    std::string document = {};
    std::string description = {};
    model::Tags tags = {};
};

struct ListPoliciesRequest {
    PageRequest page = {};
    bool customer = true;
    bool aws = true;
    bool only_attached = false;
    bool only_boundaries = false;
};

// What a managed policy is to a user, a group or a role.
enum class PolicyUse { kPermissions, kBoundary, kEither };

// A managed policy, the customer's or AWS's.
struct PolicyView {
    std::string name = {};
    std::string id = {};
    std::string arn = {};
    std::string path = {};
    std::string description = {};
    std::string default_version = {};  // "v1"
    std::size_t attachments = 0;
    std::size_t boundary_uses = 0;
    WallTime created = {};
    WallTime updated = {};
    model::Tags tags = {};
};

struct PolicyVersionView {
    std::string id = {};  // "v1"
    std::string document = {};
    bool is_default = false;
    WallTime created = {};
};

// The only moment at which a secret is shown.
struct NewAccessKey {
    model::AccessKey key = {};
    std::string user_name = {};
    std::string secret_access_key = {};
};

struct AccessKeyView {
    model::AccessKey key = {};
    std::string user_name = {};
};

}  // namespace meridian::iam
