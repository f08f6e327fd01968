// AWS::IAM::Role.

#include <algorithm>
#include <array>

#include "deploy/given_items.h"
#include "deploy/policy_text.h"
#include "deploy/resource_type.h"
#include "deploy/tag_list.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kRoleProperties = {
    Property{"RoleName", Form::kText, "", true},
    Property{"AssumeRolePolicyDocument", Form::kAny, "", false, true},
    Property{"Path", Form::kText, R"("/")", true},
    Property{"Description", Form::kText, R"("")"},
    Property{"MaxSessionDuration", Form::kInteger, "3600"},
    Property{"PermissionsBoundary", Form::kText, R"("")"},
    Property{"ManagedPolicyArns", Form::kList, "[]"},
    Property{"Policies", Form::kList, "[]"},
    Property{"Tags", Form::kList, "[]"},
};

// Inline policies by name.
json by_name(json const& policies) {
    json out = json::object();
    if (!policies.is_array()) return out;
    for (auto const& policy : policies)
        out[policy.value("PolicyName", "")] = policy.value("PolicyDocument", json());
    return out;
}

std::string name_of(json const& policy) {
    auto const name = policy.is_object() ? policy.value("PolicyName", json()) : json();
    return name.is_string() ? name.get<std::string>() : name.dump();
}

json sorted(json list) {
    if (list.is_array()) std::sort(list.begin(), list.end());
    return list;
}

class IamRole final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override { return "AWS::IAM::Role"; }
    [[nodiscard]] PropertyTable properties() const noexcept override { return kRoleProperties; }
    [[nodiscard]] std::string_view name_property() const noexcept override { return "RoleName"; }
    [[nodiscard]] bool is_global() const noexcept override { return true; }
    [[nodiscard]] bool is_unique_by_name() const noexcept override { return true; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kRoleProperties, given));
        out["AssumeRolePolicyDocument"] = policy_document(out["AssumeRolePolicyDocument"]);
        out["ManagedPolicyArns"] = sorted(out["ManagedPolicyArns"]);
        out["Tags"] = sorted_tags(out["Tags"]);
        if (out["Policies"].is_array()) {
            for (auto& policy : out["Policies"]) {
                if (policy.is_object() && policy.contains("PolicyDocument"))
                    policy["PolicyDocument"] = policy_document(policy["PolicyDocument"]);
            }
            std::sort(
                out["Policies"].begin(), out["Policies"].end(),
                [](json const& left, json const& right) { return name_of(left) < name_of(right); });
        }
        return out;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        auto const id = wish.physical_id;
        json const named = {{"RoleName", id}};
        MERIDIAN_CO_TRY(auto const found, co_await bench.calls.find_iam("GetRole", named));
        if (!found) co_return std::nullopt;
        auto const role = found->value("Role", json::object());
        json given = {
            {"RoleName", id},
            {"AssumeRolePolicyDocument",
             policy_document(role.value("AssumeRolePolicyDocument", ""))},
            {"Path", role.value("Path", "/")},
            {"MaxSessionDuration", role.value("MaxSessionDuration", json(3600))},
        };
        if (role.contains("Description") && role["Description"].is_string())
            given["Description"] = role["Description"];
        if (role.contains("PermissionsBoundary") && role["PermissionsBoundary"].is_object())
            given["PermissionsBoundary"] =
                role["PermissionsBoundary"].value("PermissionsBoundaryArn", "");
        if (role.contains("Tags") && role["Tags"].is_array()) given["Tags"] = role["Tags"];
        json attached = json::array();
        MERIDIAN_CO_TRY(
            auto const policies,
            co_await bench.calls.list_iam("ListAttachedRolePolicies", "AttachedPolicies", named));
        for (auto const& policy : policies) attached.push_back(policy.value("PolicyArn", ""));
        given["ManagedPolicyArns"] = given_by(attached, wish, "ManagedPolicyArns");
        MERIDIAN_CO_TRY(given["Policies"], co_await read_inline(bench.calls, wish));
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        Standing out{.physical_id = id, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = id;
        out.attributes.attributes["Arn"] = role.value("Arn", "");
        out.attributes.attributes["RoleId"] = role.value("RoleId", "");
        co_return std::optional(std::move(out));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto existing, co_await read(bench, wish));
        if (!existing) {
            auto const& properties = wish.properties;
            json input = {
                {"RoleName", wish.physical_id},
                {"AssumeRolePolicyDocument", properties["AssumeRolePolicyDocument"].dump()}};
            for (auto const* const member :
                 {"Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags"}) {
                auto const value = properties.value(member, json());
                if (value != default_of(*find_property(kRoleProperties, member)))
                    input[member] = value;
            }
            auto const made = co_await bench.calls.iam("CreateRole", std::move(input));
            // Another region's deploy, of the same role, was quicker.
            if (!made && made.error().code != Errc::kResourceConflict)
                co_return std::unexpected(made.error());
            MERIDIAN_CO_TRY(auto fresh, co_await read_again(*this, bench, wish));
            existing = std::move(fresh);
        }
        co_return co_await update(bench, std::move(wish), std::move(*existing));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        auto& calls = bench.calls;
        auto const id = wish.physical_id;
        auto const& wished = wish.properties;
        auto const& now = standing.properties;
        auto const differs = [&](char const* name) { return wished[name] != now[name]; };
        if (differs("AssumeRolePolicyDocument")) {
            json input = {{"RoleName", id},
                          {"PolicyDocument", wished["AssumeRolePolicyDocument"].dump()}};
            MERIDIAN_CO_CHECK(co_await calls.iam("UpdateAssumeRolePolicy", std::move(input)));
        }
        if (differs("Description") || differs("MaxSessionDuration")) {
            json input = {{"RoleName", id},
                          {"Description", wished["Description"]},
                          {"MaxSessionDuration", wished["MaxSessionDuration"]}};
            MERIDIAN_CO_CHECK(co_await calls.iam("UpdateRole", std::move(input)));
        }
        if (differs("PermissionsBoundary")) {
            json input = {{"RoleName", id}};
            if (wished["PermissionsBoundary"] == "") {
                MERIDIAN_CO_CHECK(
                    co_await calls.remove_iam("DeleteRolePermissionsBoundary", std::move(input)));
            } else {
                input["PermissionsBoundary"] = wished["PermissionsBoundary"];
                MERIDIAN_CO_CHECK(
                    co_await calls.iam("PutRolePermissionsBoundary", std::move(input)));
            }
        }
        MERIDIAN_CO_CHECK(co_await put_attached(calls, id, wished["ManagedPolicyArns"],
                                                now["ManagedPolicyArns"]));
        MERIDIAN_CO_CHECK(
            co_await put_inline(calls, id, by_name(wished["Policies"]), by_name(now["Policies"])));
        MERIDIAN_CO_CHECK(co_await put_tags(calls, id, wished["Tags"], now["Tags"]));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        auto& calls = bench.calls;
        json const named = {{"RoleName", gone.physical_id}};
        MERIDIAN_CO_TRY(auto const found, co_await calls.find_iam("GetRole", named));
        if (!found) co_return Result<void>{};
        // What the template gave it; what somebody else hung under it keeps the role there, with
        // IAM's own error.
        MERIDIAN_CO_CHECK(
            co_await put_attached(calls, gone.physical_id, json::array(),
                                  gone.properties.value("ManagedPolicyArns", json::array())));
        for (auto const& policy : gone.properties.value("Policies", json::array())) {
            json input = {{"RoleName", gone.physical_id},
                          {"PolicyName", policy.value("PolicyName", "")}};
            MERIDIAN_CO_CHECK(co_await calls.remove_iam("DeleteRolePolicy", std::move(input)));
        }
        co_return co_await calls.remove_iam("DeleteRole", named);
    }

  private:
    static io::Task<json> read_inline(ServiceCalls& calls, Wish const& wish) {
        json names = json::object();
        for (auto const* const known : {&wish.properties, &wish.before}) {
            if (!known->is_object()) continue;
            for (auto const& [name, document] :
                 by_name(known->value("Policies", json::array())).items())
                names[name] = true;
        }
        json out = json::array();
        for (auto const& [name, _] : names.items()) {
            json input = {{"RoleName", wish.physical_id}, {"PolicyName", name}};
            MERIDIAN_CO_TRY(auto const found,
                            co_await calls.find_iam("GetRolePolicy", std::move(input)));
            if (!found) continue;
            out.push_back(
                {{"PolicyName", name},
                 {"PolicyDocument", policy_document(found->value("PolicyDocument", ""))}});
        }
        co_return out;
    }

    static io::Task<> put_attached(ServiceCalls& calls, std::string id, json wished, json now) {
        for (auto const& arn : wished) {
            if (std::ranges::find(now, arn) != now.end()) continue;
            json input = {{"RoleName", id}, {"PolicyArn", arn}};
            MERIDIAN_CO_CHECK(co_await calls.iam("AttachRolePolicy", std::move(input)));
        }
        for (auto const& arn : now) {
            if (std::ranges::find(wished, arn) != wished.end()) continue;
            json input = {{"RoleName", id}, {"PolicyArn", arn}};
            MERIDIAN_CO_CHECK(co_await calls.remove_iam("DetachRolePolicy", std::move(input)));
        }
        co_return Result<void>{};
    }

    static io::Task<> put_inline(ServiceCalls& calls, std::string id, json wished, json now) {
        for (auto const& [name, document] : wished.items()) {
            if (now.contains(name) && now[name] == document) continue;
            json input = {
                {"RoleName", id}, {"PolicyName", name}, {"PolicyDocument", document.dump()}};
            MERIDIAN_CO_CHECK(co_await calls.iam("PutRolePolicy", std::move(input)));
        }
        for (auto const& [name, document] : now.items()) {
            if (wished.contains(name)) continue;
            json input = {{"RoleName", id}, {"PolicyName", name}};
            MERIDIAN_CO_CHECK(co_await calls.remove_iam("DeleteRolePolicy", std::move(input)));
        }
        co_return Result<void>{};
    }

    static io::Task<> put_tags(ServiceCalls& calls, std::string id, json wished, json now) {
        if (wished == now) co_return Result<void>{};
        auto const wished_map = tags_as_map(wished);
        json gone = json::array();
        for (auto const& [key, value] : tags_as_map(now).items()) {
            if (!wished_map.contains(key)) gone.push_back(key);
        }
        if (!gone.empty()) {
            json input = {{"RoleName", id}, {"TagKeys", std::move(gone)}};
            MERIDIAN_CO_CHECK(co_await calls.iam("UntagRole", std::move(input)));
        }
        if (!wished.empty()) {
            json input = {{"RoleName", id}, {"Tags", std::move(wished)}};
            MERIDIAN_CO_CHECK(co_await calls.iam("TagRole", std::move(input)));
        }
        co_return Result<void>{};
    }
};

}  // namespace

ResourceType const& iam_role_type() noexcept {
    static IamRole const kType;
    return kType;
}

}  // namespace meridian::deploy
