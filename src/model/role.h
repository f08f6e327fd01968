#pragma once
// An IAM role: who may assume it and what is attached to it.

#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/function.h"
#include "model/names.h"

namespace meridian::model {

struct AttachedPolicy {
    std::string name;
    std::string arn;

    auto operator<=>(AttachedPolicy const&) const = default;
};

struct Role {
    AccountId account;
    std::string name;
    std::string id;  // AROA + 17 characters
    std::string path = "/";
    std::string description;
    std::string assume_role_policy_document;  // JSON text as given
    int max_session_seconds = 3'600;
    WallTime created;
    Tags tags;
    std::set<AttachedPolicy> attached_policies;

    [[nodiscard]] std::string arn() const {
        return "arn:aws:iam::" + account.value() + ":role" + path + name;
    }
    bool operator==(Role const&) const = default;
};

}  // namespace meridian::model
