#include "transfer/role_reader.h"

#include <algorithm>

#include "transfer/normal_form.h"
#include "transfer/told.h"

namespace meridian::transfer {

using deploy::AwsApi;
using nlohmann::json;

namespace {

struct RoleReading {
    AwsApi& api;
    Inventory& inventory;
    std::string of;  // "role lambda-role"

    void note(std::string what, std::string reason) const {
        inventory.untold.push_back({std::move(what), of, std::move(reason)});
    }
};

io::Task<json> optional_part(RoleReading& reading, std::string action, json parameters) {
    MERIDIAN_CO_TRY(auto one, co_await ask_iam(reading.api, action, std::move(parameters)));
    if (one.untold()) reading.note(std::move(action), std::move(one.reason));
    co_return one.present() && one.body.is_object() ? std::move(one.body) : json();
}

io::Task<json> optional_list(RoleReading& reading, std::string action, json parameters,
                             std::string member) {
    MERIDIAN_CO_TRY(auto list, co_await ask_iam_list(reading.api, action, std::move(parameters),
                                                     std::move(member)));
    if (list.untold()) reading.note(std::move(action), std::move(list.reason));
    co_return list.present() ? std::move(list.body) : json::array();
}

io::Task<> read_inline_policies(RoleReading& reading, std::string name, json& role) {
    MERIDIAN_CO_TRY(auto const names, co_await optional_list(reading, "ListRolePolicies",
                                                             {{"RoleName", name}}, "PolicyNames"));
    for (auto const& policy : names) {
        MERIDIAN_CO_TRY(auto const answer,
                        co_await optional_part(reading, "GetRolePolicy",
                                               {{"RoleName", name}, {"PolicyName", policy}}));
        if (!answer.is_object()) continue;
        role["InlinePolicies"][policy.get<std::string>()] =
            policy_document(answer.value("PolicyDocument", ""));
    }
    co_return Result<void>{};
}

// With the policy that bounds it.
io::Task<> read_attached_policies(RoleReading& reading, std::string name, json& role) {
    MERIDIAN_CO_TRY(auto const attached,
                    co_await optional_list(reading, "ListAttachedRolePolicies",
                                           {{"RoleName", name}}, "AttachedPolicies"));
    std::vector<std::string> arns;
    for (auto const& policy : attached) arns.push_back(policy.value("PolicyArn", ""));
    std::ranges::sort(arns);
    for (auto const& arn : arns) role["ManagedPolicies"].push_back(arn);
    if (role.contains("PermissionsBoundary"))
        arns.push_back(role["PermissionsBoundary"].get<std::string>());
    for (auto const& arn : arns) {
        if (is_aws_managed(arn) || reading.inventory.policies.contains(arn)) continue;
        MERIDIAN_CO_CHECK(co_await read_policy(reading.api, arn, reading.inventory));
    }
    co_return Result<void>{};
}

}  // namespace

bool is_aws_managed(std::string const& policy_arn) {
    return policy_arn.find(":iam::aws:policy/") != std::string::npos;
}

io::Task<> read_policy(AwsApi& api, std::string arn, Inventory& inventory) {
    RoleReading reading{.api = api, .inventory = inventory, .of = "policy " + last_part(arn)};
    MERIDIAN_CO_TRY(auto const answer,
                    co_await optional_part(reading, "GetPolicy", {{"PolicyArn", arn}}));
    if (!answer.is_object()) co_return Result<void>{};
    auto const policy = answer.value("Policy", json::object());
    MERIDIAN_CO_TRY(
        auto const version,
        co_await optional_part(
            reading, "GetPolicyVersion",
            {{"PolicyArn", arn}, {"VersionId", policy.value("DefaultVersionId", "v1")}}));
    if (!version.is_object()) co_return Result<void>{};
    auto out = normal_policy(policy);
    out["PolicyDocument"] =
        policy_document(version.value("PolicyVersion", json::object()).value("Document", ""));
    MERIDIAN_CO_TRY(auto const tags, co_await optional_list(reading, "ListPolicyTags",
                                                            {{"PolicyArn", arn}}, "Tags"));
    if (!tags.empty()) out["Tags"] = tags_of(tags);
    inventory.policies[arn] = std::move(out);
    co_return Result<void>{};
}

io::Task<> read_role(AwsApi& api, std::string arn, Inventory& inventory) {
    auto const name = last_part(arn);
    RoleReading reading{.api = api, .inventory = inventory, .of = "role " + name};
    MERIDIAN_CO_TRY(auto const asked, co_await ask_iam(api, "GetRole", {{"RoleName", name}}));
    if (!asked.present()) {
        reading.note("GetRole", asked.untold() ? asked.reason
                                               : "there is no such role, but functions name it");
        co_return Result<void>{};
    }
    auto const answer = asked.body.value("Role", json::object());
    auto role = normal_role(answer);
    MERIDIAN_CO_TRY(auto const tags,
                    co_await optional_list(reading, "ListRoleTags", {{"RoleName", name}}, "Tags"));
    if (!tags.empty()) role["Tags"] = tags_of(tags);
    MERIDIAN_CO_CHECK(co_await read_inline_policies(reading, name, role));
    MERIDIAN_CO_CHECK(co_await read_attached_policies(reading, name, role));
    inventory.roles[arn] = std::move(role);
    co_return Result<void>{};
}

}  // namespace meridian::transfer
