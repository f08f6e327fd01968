#pragma once
// IAM's entities: users with their access keys, groups, roles, the customer's managed policies, and
// instance profiles.
// Names are unique ignoring case, kind by kind. Source: IAM User Guide, "IAM identifiers".

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "model/function.h"
#include "model/names.h"

namespace meridian::model {

struct AttachedPolicy {
    std::string name;
    std::string arn;

    auto operator<=>(AttachedPolicy const&) const = default;
};

// What every entity has.
struct Entity {
    AccountId account = {};
    std::string name = {};
    std::string id = {};  // a prefix that names the kind, and 17 characters
    std::string path = "/";
    WallTime created = {};

    bool operator==(Entity const&) const = default;
};

// What those entities have that policies belong to.
struct Identity : Entity {
    std::set<AttachedPolicy> attached_policies = {};
    std::map<std::string, std::string> inline_policies = {};  // name → JSON text as given

    bool operator==(Identity const&) const = default;
};

struct User : Identity {
    static constexpr char const* kIdPrefix = "AIDA";
    Tags tags = {};
    std::set<std::string> group_ids = {};
    std::string permissions_boundary = {};  // the ARN of a managed policy; empty: none

    [[nodiscard]] std::string arn() const {
        return "arn:aws:iam::" + account.value() + ":user" + path + name;
    }
    bool operator==(User const&) const = default;
};

struct Group : Identity {
    static constexpr char const* kIdPrefix = "AGPA";

    [[nodiscard]] std::string arn() const {
        return "arn:aws:iam::" + account.value() + ":group" + path + name;
    }
    bool operator==(Group const&) const = default;
};

struct Role : Identity {
    static constexpr char const* kIdPrefix = "AROA";
    Tags tags = {};
    std::string description = {};
    std::string assume_role_policy_document = {};  // JSON text as given
    int max_session_seconds = 3'600;
    std::string permissions_boundary = {};  // the ARN of a managed policy; empty: none

    [[nodiscard]] std::string arn() const {
        return "arn:aws:iam::" + account.value() + ":role" + path + name;
    }
    bool operator==(Role const&) const = default;
};

// What gives a machine a role on AWS. Here there are no machines to give it to; tools make one
// beside each role.
struct InstanceProfile : Entity {
    static constexpr char const* kIdPrefix = "AIPA";
    Tags tags = {};
    std::string role_name = {};  // empty: none

    [[nodiscard]] std::string arn() const {
        return "arn:aws:iam::" + account.value() + ":instance-profile" + path + name;
    }
    bool operator==(InstanceProfile const&) const = default;
};

struct ManagedPolicy : Entity {
    static constexpr char const* kIdPrefix = "ANPA";
    struct Version {
        std::string document;  // JSON text as given
        WallTime created;

        bool operator==(Version const&) const = default;
    };

    Tags tags = {};
    std::string description = {};
    std::map<std::uint32_t, Version> versions = {};
    std::uint32_t default_version = 1;
    std::uint32_t last_version = 1;  // the highest ever made: numbers are not used again
    WallTime updated = {};

    [[nodiscard]] std::string arn() const {
        return "arn:aws:iam::" + account.value() + ":policy" + path + name;
    }
    bool operator==(ManagedPolicy const&) const = default;
};

struct AccessKey {
    AccountId account = {};
    AccessKeyId id = {};
    std::string user_id = {};  // its user may be renamed
    bool active = true;
    WallTime created = {};
    std::string sealed_secret = {};  // crypto::seal, with the id as context

    bool operator==(AccessKey const&) const = default;
};

}  // namespace meridian::model
