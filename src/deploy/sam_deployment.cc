#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "deploy/sam_parts.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

// A property that decides what is made, so that it must be known before anything is.
Result<std::string> known_text(Node const& node, std::string_view name) {
    if (node.intrinsic() != nullptr)
        return fail_at(node.mark, fmt::format("{} cannot depend on a resource", name));
    return text_of(node, name);
}

// SAM keeps published versions; VersionDeletionPolicy or the function's own policy say otherwise.
Result<std::string> version_policy(SamFunction const& function) {
    auto const* own = function.property("VersionDeletionPolicy");
    if (own == nullptr) return function.resource.deletion_policy.value_or("Retain");
    if (own->text != "Retain" && own->text != "Delete")
        return fail_at(own->mark, "VersionDeletionPolicy is Retain or Delete");
    return own->text;
}

Result<void> add_version(SamFunction& function, std::string const& id, Mark mark) {
    MERIDIAN_TRY(auto policy, version_policy(function));
    auto& out = function.add(id, "AWS::Lambda::Version", mark);
    out.deletion_policy = std::move(policy);
    out.auto_publish = true;
    out.properties.set("FunctionName", Node::ref(function.resource.id, mark));
    if (auto const* description = function.property("VersionDescription"))
        out.properties.set("Description", *description);
    if (auto const* all = function.property("AutoPublishAliasAllProperties"))
        out.publish_on_any_change = as_boolean(*all).value_or(false);
    if (auto const* token = function.property("AutoPublishCodeSha256")) {
        MERIDIAN_TRY(out.publish_token, known_text(*token, "AutoPublishCodeSha256"));
    }
    return {};
}

Result<void> refuse_without_alias(SamFunction const& function) {
    for (auto const* name : {"ProvisionedConcurrencyConfig", "AutoPublishAliasAllProperties",
                             "AutoPublishCodeSha256", "VersionDescription"}) {
        if (auto const* entry = function.resource.properties.find_entry(name))
            return fail_at(entry->mark, fmt::format("{} needs AutoPublishAlias", name));
    }
    return {};
}

}  // namespace

Result<void> add_alias(SamFunction& function) {
    auto const& resource = function.resource;
    auto const* alias = function.property("AutoPublishAlias");
    if (alias == nullptr) return refuse_without_alias(function);
    MERIDIAN_TRY(auto const name, known_text(*alias, "AutoPublishAlias"));
    if (name.empty()) return fail_at(alias->mark, "AutoPublishAlias is empty");
    auto const version_id = resource.id + "Version";
    auto const alias_id = resource.id + "Alias" + alphanumeric(name);
    MERIDIAN_CHECK(add_version(function, version_id, alias->mark));
    auto& out = function.add(alias_id, "AWS::Lambda::Alias", alias->mark);
    out.properties.set("Name", *alias);
    out.properties.set("FunctionName", Node::ref(resource.id, alias->mark));
    out.properties.set("FunctionVersion", Node::attribute(version_id, "Version", alias->mark));
    if (auto const* provisioned = function.property("ProvisionedConcurrencyConfig"))
        out.properties.set("ProvisionedConcurrencyConfig", *provisioned);
    function.draft.made_by[{resource.id, "Version"}] = version_id;
    function.draft.made_by[{resource.id, "Alias"}] = alias_id;
    function.target = Node::ref(alias_id, alias->mark);
    return {};
}

Result<void> add_deployment_preference(SamFunction& function) {
    auto const* preference = function.property("DeploymentPreference");
    if (preference == nullptr) return {};
    auto const* enabled = preference->find("Enabled");
    if (enabled != nullptr && !as_boolean(*enabled).value_or(true)) return {};
    if (function.property("AutoPublishAlias") == nullptr)
        return fail_at(preference->mark, "DeploymentPreference needs AutoPublishAlias");
    auto const* type = preference->find("Type");
    if (type == nullptr) return fail_at(preference->mark, "DeploymentPreference needs a Type");
    auto const alias = function.draft.made_by.at({function.resource.id, "Alias"});
    DraftShift shift{.alias = alias, .type = *type};
    if (auto const* alarms = preference->find("Alarms")) shift.alarms = alarms->items;
    if (auto const* hooks = preference->find("Hooks")) {
        if (auto const* before = hooks->find("PreTraffic")) shift.before = *before;
        if (auto const* after = hooks->find("PostTraffic")) shift.after = *after;
    }
    if (auto const* triggers = preference->find_entry("TriggerConfigurations"))
        return fail_at(triggers->mark,
                       "TriggerConfigurations sends to SNS, which is not Meridian's");
    if (auto const* role = preference->find_entry("Role"))
        function.draft.warnings.push_back(
            {role->mark,
             fmt::format("{}: DeploymentPreference.Role does nothing: traffic is shifted "
                         "with the credentials of who deploys",
                         function.resource.id)});
    // PassthroughCondition: a resource whose condition is false is not here at all.
    function.draft.shifts.push_back(std::move(shift));
    return {};
}

}  // namespace meridian::deploy
