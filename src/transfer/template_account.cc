// Roles, policies and layers of a template.

#include <fmt/format.h>

#include "transfer/role_reader.h"
#include "transfer/template_draft.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

void copy_members(json& to, json const& from, std::initializer_list<char const*> members) {
    for (auto const* const member : members) {
        if (from.contains(member)) to[member] = from[member];
    }
}

void add_policy(TemplateDraft& draft, std::string const& arn, json const& policy) {
    json properties = {{"ManagedPolicyName", last_part(arn)}};
    copy_members(properties, policy, {"Path", "Description", "PolicyDocument"});
    auto const id =
        draft.add("Policy", last_part(arn), "AWS::IAM::ManagedPolicy", std::move(properties));
    draft.stands_for(arn, {{"Ref", id}});
    if (policy.contains("Tags")) draft.unsaid(fmt::format("tags of the policy {}", last_part(arn)));
}

void add_role(TemplateDraft& draft, std::string const& arn, json const& role) {
    json properties = {{"RoleName", last_part(arn)}};
    copy_members(properties, role,
                 {"Path", "Description", "AssumeRolePolicyDocument", "MaxSessionDuration"});
    if (role.contains("PermissionsBoundary"))
        properties["PermissionsBoundary"] = draft.referenced(role["PermissionsBoundary"]);
    for (auto const& [name, document] : role.value("InlinePolicies", json::object()).items())
        properties["Policies"].push_back({{"PolicyName", name}, {"PolicyDocument", document}});
    if (role.contains("ManagedPolicies"))
        properties["ManagedPolicyArns"] = draft.referenced(role["ManagedPolicies"]);
    if (role.contains("Tags")) properties["Tags"] = template_tags(role["Tags"]);
    auto const id = draft.add("Role", last_part(arn), "AWS::IAM::Role", std::move(properties));
    draft.stands_for(arn, {{"Fn::GetAtt", {id, "Arn"}}});
}

bool is_own(LayerVersionRecord const& layer, Inventory const& inventory) {
    return layer.arn.find(":" + inventory.account + ":layer:") != std::string::npos;
}

void add_layer(TemplateDraft& draft, LayerVersionRecord const& layer) {
    auto const name = fmt::format("{}-{}", layer.layer(), layer.number());
    json properties = {{"LayerName", layer.layer()}};
    copy_members(properties, layer.properties,
                 {"Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"});
    auto code = draft.code(fmt::format("layers/{}.zip", name),
                           {.arn = layer.source_arn,
                            .qualifier = {},
                            .sha256 = layer.properties.value("CodeSha256", "")});
    properties[draft.sam() ? "ContentUri" : "Content"] = std::move(code);
    if (draft.sam()) properties["RetentionPolicy"] = "Retain";
    auto const id = draft.add(
        "Layer", name, draft.sam() ? "AWS::Serverless::LayerVersion" : "AWS::Lambda::LayerVersion",
        std::move(properties));
    if (!draft.sam()) draft.resource(id)["DeletionPolicy"] = "Retain";
    draft.stands_for(layer.arn, {{"Ref", id}});
    draft.unsaid(fmt::format("the number {} of the layer {}", layer.number(), layer.layer()));
    if (layer.properties.contains("Policy"))
        draft.unsaid(
            fmt::format("permissions of the layer version {}:{}", layer.layer(), layer.number()));
}

}  // namespace

void add_account_resources(TemplateDraft& draft) {
    for (auto const& [arn, policy] : draft.inventory.policies) add_policy(draft, arn, policy);
    for (auto const& [arn, role] : draft.inventory.roles) add_role(draft, arn, role);
    for (auto const& layer : draft.inventory.layers) {
        // Another account's layers are used where they are.
        if (is_own(layer, draft.inventory)) add_layer(draft, layer);
    }
    for (auto const& [arn, config] : draft.inventory.code_signing_configs)
        draft.unsaid(fmt::format("the code signing config {}", last_part(arn)));
}

}  // namespace meridian::transfer
