#include "transfer/account_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "transfer/function_plan.h"
#include "transfer/permission.h"
#include "wire/uri.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

json tag_list(json const& tags) {
    json out = json::array();
    for (auto const& [key, value] : tags.items()) out.push_back({{"Key", key}, {"Value", value}});
    return out;
}

std::string document_text(json const& document) {
    return document.is_string() ? document.get<std::string>() : document.dump();
}

// One entity of IAM.
struct Entity {
    json const& wanted;
    json const& there;
    Unit& unit;

    [[nodiscard]] json want(char const* member) const { return wanted.value(member, json()); }
    [[nodiscard]] json have(char const* member) const {
        return there.is_object() ? there.value(member, json()) : json();
    }
    void act(Step::Kind kind, std::string what, char const* action, json body,
             std::vector<FieldChange> changes = {}) const {
        unit.steps.push_back({.kind = kind,
                              .what = std::move(what),
                              .changes = std::move(changes),
                              .action = action,
                              .body = std::move(body)});
    }
    void note_alone(std::string const& what) const {
        unit.notes.push_back(fmt::format("{} is at the target alone, and stays", what));
    }
};

void plan_tags(Entity const& entity, char const* action, json body) {
    auto const want = entity.want("Tags");
    auto const have = entity.have("Tags");
    if (!want.is_object() || want == have) return;
    json changed = json::object();
    for (auto const& [key, value] : want.items()) {
        if (!have.is_object() || have.value(key, json()) != value) changed[key] = value;
    }
    if (changed.empty()) return;
    body["Tags"] = tag_list(changed);
    entity.act(Step::Kind::kUpdate, "tags", action, std::move(body), differences(have, want));
}

void plan_new_role(Entity const& entity, std::string const& name) {
    json body = {
        {"RoleName", name},
        {"Path", entity.wanted.value("Path", "/")},
        {"AssumeRolePolicyDocument", document_text(entity.want("AssumeRolePolicyDocument"))}};
    for (auto const* const member : {"Description", "MaxSessionDuration", "PermissionsBoundary"}) {
        if (entity.wanted.contains(member)) body[member] = entity.wanted[member];
    }
    if (entity.wanted.contains("Tags")) body["Tags"] = tag_list(entity.wanted["Tags"]);
    entity.act(Step::Kind::kCreate, entity.unit.subject, "CreateRole", std::move(body));
    entity.unit.steps.back().vital = true;
}

void plan_changed_role(Entity const& entity, std::string const& name) {
    auto const trust = entity.want("AssumeRolePolicyDocument");
    if (trust != entity.have("AssumeRolePolicyDocument")) {
        entity.act(Step::Kind::kUpdate, "trust policy", "UpdateAssumeRolePolicy",
                   {{"RoleName", name}, {"PolicyDocument", document_text(trust)}},
                   differences(entity.have("AssumeRolePolicyDocument"), trust));
    }
    json body = {{"RoleName", name}};
    std::vector<FieldChange> changes;
    for (auto const* const member : {"Description", "MaxSessionDuration"}) {
        if (!entity.wanted.contains(member) || entity.want(member) == entity.have(member)) continue;
        body[member] = entity.want(member);
        changes.push_back({std::string("/") + member, entity.have(member), entity.want(member)});
    }
    if (!changes.empty())
        entity.act(Step::Kind::kUpdate, "settings", "UpdateRole", std::move(body), changes);
    auto const boundary = entity.want("PermissionsBoundary");
    if (boundary.is_string() && boundary != entity.have("PermissionsBoundary")) {
        entity.act(Step::Kind::kUpdate, "permissions boundary", "PutRolePermissionsBoundary",
                   {{"RoleName", name}, {"PermissionsBoundary", boundary}});
    }
    if (entity.want("Path") != entity.have("Path"))
        entity.unit.conflicts.push_back("its path is another one at the target, and never changes");
    plan_tags(entity, "TagRole", {{"RoleName", name}});
}

void plan_role_policies(Entity const& entity, std::string const& name) {
    auto const want = entity.wanted.value("InlinePolicies", json::object());
    auto const have_value = entity.have("InlinePolicies");
    auto const have = have_value.is_object() ? have_value : json::object();
    for (auto const& [policy, document] : want.items()) {
        auto const there = have.value(policy, json());
        if (there == document) continue;
        entity.act(there.is_null() ? Step::Kind::kCreate : Step::Kind::kUpdate,
                   "inline policy " + policy, "PutRolePolicy",
                   {{"RoleName", name},
                    {"PolicyName", policy},
                    {"PolicyDocument", document_text(document)}},
                   there.is_null() ? std::vector<FieldChange>{} : differences(there, document));
    }
    for (auto const& [policy, document] : have.items()) {
        if (!want.contains(policy)) entity.note_alone("inline policy " + policy);
    }
    auto const attached_value = entity.have("ManagedPolicies");
    auto const attached = attached_value.is_array() ? attached_value : json::array();
    for (auto const& arn : entity.wanted.value("ManagedPolicies", json::array())) {
        if (std::ranges::find(attached, arn) != attached.end()) continue;
        entity.act(Step::Kind::kCreate, "attachment of " + arn.get<std::string>(),
                   "AttachRolePolicy", {{"RoleName", name}, {"PolicyArn", arn}});
    }
}

void plan_layer_policy(LayerVersionRecord const& wanted, json const& there, Unit& unit) {
    for (auto const& statement : wanted.properties.value("Policy", json::array())) {
        auto const sid = statement.value("Sid", std::string());
        auto const what = fmt::format("permission {} of version {}", sid, wanted.number());
        bool same = false, other = false;
        for (auto const& one : there) {
            if (one.value("Sid", std::string()) != sid) continue;
            (one == statement ? same : other) = true;
        }
        if (same) continue;
        auto body = layer_permission_of(statement);
        if (!body) {
            unit.conflicts.push_back(fmt::format("{}: {}", what, body.error().message));
            continue;
        }
        auto const path = fmt::format("/2018-10-31/layers/{}/versions/{}/policy",
                                      wire::percent_encoded(wanted.layer()), wanted.number());
        if (other) {
            unit.steps.push_back({.kind = Step::Kind::kRemove,
                                  .what = what + ", which is another one",
                                  .method = "DELETE",
                                  .target = path + "/" + wire::percent_encoded(sid)});
        }
        unit.steps.push_back(
            {.what = what, .method = "POST", .target = path, .body = std::move(*body)});
    }
}

void publish_layer(LayerVersionRecord const& layer, std::uint64_t number, bool filler, Unit& unit) {
    json body = {{"Content", json::object()}};
    for (auto const* const member :
         {"Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"}) {
        if (layer.properties.contains(member)) body[member] = layer.properties[member];
    }
    if (filler) body["Description"] = kFillerDescription;
    unit.steps.push_back({.what = fmt::format("version {}{}", number, filler ? ", a filler" : ""),
                          .method = "POST",
                          .target = fmt::format("/2018-10-31/layers/{}/versions",
                                                wire::percent_encoded(layer.layer())),
                          .body = std::move(body),
                          .code = CodeRef{.arn = layer.source_arn,
                                          .qualifier = {},
                                          .sha256 = layer.properties.value("CodeSha256", "")},
                          .code_at = "/Content/ZipFile",
                          .version = number,
                          .vital = true});
}

json without_policy(json properties) {
    properties.erase("Policy");
    return properties;
}

}  // namespace

Unit plan_policy(std::string const& arn, json const& wanted, json const& there) {
    Unit unit{.subject = "policy " + last_part(arn), .exists = there.is_object()};
    Entity const entity{.wanted = wanted, .there = there, .unit = unit};
    auto const document = entity.want("PolicyDocument");
    if (!unit.exists) {
        json body = {{"PolicyName", last_part(arn)},
                     {"Path", wanted.value("Path", "/")},
                     {"PolicyDocument", document_text(document)}};
        if (wanted.contains("Description")) body["Description"] = wanted["Description"];
        if (wanted.contains("Tags")) body["Tags"] = tag_list(wanted["Tags"]);
        entity.act(Step::Kind::kCreate, unit.subject, "CreatePolicy", std::move(body));
        return unit;
    }
    if (document != entity.have("PolicyDocument")) {
        entity.act(Step::Kind::kUpdate, "document, as a new default version", "CreatePolicyVersion",
                   {{"PolicyArn", arn},
                    {"PolicyDocument", document_text(document)},
                    {"SetAsDefault", true}},
                   differences(entity.have("PolicyDocument"), document));
    }
    plan_tags(entity, "TagPolicy", {{"PolicyArn", arn}});
    return unit;
}

Unit plan_role(std::string const& arn, json const& wanted, json const& there) {
    auto const name = last_part(arn);
    Unit unit{.subject = "role " + name, .exists = there.is_object()};
    Entity const entity{.wanted = wanted, .there = there, .unit = unit};
    if (unit.exists)
        plan_changed_role(entity, name);
    else
        plan_new_role(entity, name);
    plan_role_policies(entity, name);
    return unit;
}

Unit plan_layer(std::vector<LayerVersionRecord> const& wanted,
                std::vector<LayerVersionRecord> const& there) {
    Unit unit{.subject = "layer " + wanted.front().layer(), .exists = !there.empty()};
    std::map<std::uint64_t, json> have;
    std::vector<std::uint64_t> fillers;
    for (auto const& layer : there) {
        have[layer.number()] = layer.properties;
        bool const needed = std::ranges::any_of(
            wanted, [&](auto const& one) { return one.number() == layer.number(); });
        if (!needed && layer.properties.value("Description", "") == kFillerDescription)
            fillers.push_back(layer.number());
    }
    auto newest = have.empty() ? 0 : have.rbegin()->first;
    for (auto const& layer : wanted) {
        auto const number = layer.number();
        auto const found = have.find(number);
        if (found != have.end()) {
            if (without_policy(found->second) != without_policy(layer.properties)) {
                unit.conflicts.push_back(fmt::format(
                    "version {} is another one at the target, and a version never changes",
                    number));
                continue;
            }
            plan_layer_policy(layer, found->second.value("Policy", json::array()), unit);
            continue;
        }
        if (number < newest) {
            unit.conflicts.push_back(
                fmt::format("version {}: the target has given out that number already", number));
            continue;
        }
        for (; newest + 1 < number; ++newest) {
            publish_layer(layer, newest + 1, true, unit);
            fillers.push_back(newest + 1);
        }
        publish_layer(layer, number, false, unit);
        newest = number;
        plan_layer_policy(layer, json::array(), unit);
    }
    for (auto const number : fillers) {
        unit.steps.push_back(
            {.kind = Step::Kind::kRemove,
             .what = fmt::format("version {}, a filler", number),
             .method = "DELETE",
             .target = fmt::format("/2018-10-31/layers/{}/versions/{}",
                                   wire::percent_encoded(wanted.front().layer()), number)});
    }
    return unit;
}

Unit plan_code_signing_config(std::string const& arn, json const& wanted,
                              std::map<std::string, json> const& there,
                              std::map<std::string, std::string>& bindings) {
    Unit unit{.subject = "code signing config " + last_part(arn)};
    for (auto const& [other, config] : there) {
        if (config != wanted) continue;
        unit.exists = true;
        bindings[arn] = other;
        return unit;
    }
    unit.steps.push_back({.what = unit.subject,
                          .method = "POST",
                          .target = "/2020-04-22/code-signing-configs",
                          .body = wanted,
                          .vital = true,
                          .binds = arn});
    return unit;
}

}  // namespace meridian::transfer
