#include "deploy/code_deploy.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "deploy/resource_rules.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

constexpr std::string_view kApplication = "AWS::CodeDeploy::Application";
constexpr std::string_view kGroup = "AWS::CodeDeploy::DeploymentGroup";
constexpr std::string_view kConfig = "AWS::CodeDeploy::DeploymentConfig";

constexpr std::string_view kApplicationRule = "{ApplicationName:s ComputePlatform:s Tags:[*]}";
constexpr std::string_view kGroupRule =
    "{AlarmConfiguration:{Alarms:[{Name:s}] Enabled:b IgnorePollAlarmFailure:b} "
    "ApplicationName!:s AutoRollbackConfiguration:* DeploymentConfigName:s DeploymentGroupName:s "
    "DeploymentStyle:* ServiceRoleArn!:s Tags:[*]}";
constexpr std::string_view kConfigRule =
    "{ComputePlatform:s DeploymentConfigName:s TrafficRoutingConfig!:{"
    "TimeBasedCanary:{CanaryInterval!:i CanaryPercentage!:i} "
    "TimeBasedLinear:{LinearInterval!:i LinearPercentage!:i} Type!:s}}";

Draft::CodeDeploy const* find(Draft const& draft, std::string const& id, std::string_view type) {
    auto const found = draft.code_deploy.find(id);
    return found == draft.code_deploy.end() || found->second.type != type ? nullptr
                                                                          : &found->second;
}

// What {"Ref": id} names; empty if it is no reference.
std::string referred(Node const& node) {
    auto const* function = node.intrinsic();
    if (function == nullptr || function->key != "Ref") return {};
    return function->value.text;
}

// "Canary10Percent5Minutes" of a configuration of the template.
Result<std::string> config_name(Node const& config) {
    auto const& routing = *config.find("TrafficRoutingConfig");
    auto const& type = *routing.find("Type");
    if (type.text == "AllAtOnce") return "AllAtOnce";
    if (auto const* canary = routing.find("TimeBasedCanary"); type.text == "TimeBasedCanary") {
        if (canary == nullptr) return fail_at(routing.mark, "TimeBasedCanary is missing");
        return fmt::format("Canary{}Percent{}Minutes", canary->find("CanaryPercentage")->text,
                           canary->find("CanaryInterval")->text);
    }
    if (auto const* linear = routing.find("TimeBasedLinear"); type.text == "TimeBasedLinear") {
        if (linear == nullptr) return fail_at(routing.mark, "TimeBasedLinear is missing");
        return fmt::format("Linear{}PercentEvery{}Minutes", linear->find("LinearPercentage")->text,
                           linear->find("LinearInterval")->text);
    }
    return fail_at(type.mark, "Type is AllAtOnce, TimeBasedCanary or TimeBasedLinear");
}

std::string without_prefixes(std::string_view name) {
    for (auto const prefix : {std::string_view("CodeDeployDefault."), std::string_view("Lambda")}) {
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    return std::string(name);
}

Result<std::string> shift_type(Draft const& draft, Node const& name) {
    if (auto const* config = find(draft, referred(name), kConfig))
        return config_name(config->properties);
    if (name.intrinsic() != nullptr)
        return fail_at(name.mark,
                       fmt::format("how traffic is shifted is a name, or a !Ref to an {} "
                                   "of this template",
                                   kConfig));
    MERIDIAN_TRY(auto const text, text_of(name, "how traffic is shifted"));
    return without_prefixes(text);
}

Result<void> link(Draft& draft, Draft::UpdatePolicy const& policy) {
    if (policy.type != "AWS::Lambda::Alias")
        return fail_at(policy.mark, "UpdatePolicy is for an AWS::Lambda::Alias");
    static auto const rule = parse_rule(
        "{CodeDeployLambdaAliasUpdate!:{AfterAllowTrafficHook:s ApplicationName!:s "
        "BeforeAllowTrafficHook:s DeploymentGroupName!:s}}");
    MERIDIAN_CHECK(check_rule(policy.value, rule, policy.resource + ".UpdatePolicy"));
    auto const& update = *policy.value.find("CodeDeployLambdaAliasUpdate");
    auto const& name = *update.find("DeploymentGroupName");
    auto const* group = find(draft, referred(name), kGroup);
    if (group == nullptr)
        return fail_at(name.mark, fmt::format("DeploymentGroupName is a !Ref to an {} of this "
                                              "template, which says how traffic is shifted",
                                              kGroup));
    DraftShift shift{.alias = policy.resource, .type = {}};
    auto const* config = group->properties.find("DeploymentConfigName");
    shift.type = config != nullptr ? *config : Node::string("AllAtOnce", name.mark);
    if (auto const* alarms = group->properties.find("AlarmConfiguration")) {
        auto const* enabled = alarms->find("Enabled");
        auto const* list = alarms->find("Alarms");
        bool const on = enabled == nullptr || as_boolean(*enabled).value_or(true);
        for (auto const& alarm : list != nullptr && on ? list->items : std::vector<Node>{}) {
            if (auto const* alarm_name = alarm.find("Name")) shift.alarms.push_back(*alarm_name);
        }
    }
    if (auto const* hook = update.find("BeforeAllowTrafficHook")) shift.before = *hook;
    if (auto const* hook = update.find("AfterAllowTrafficHook")) shift.after = *hook;
    draft.shifts.push_back(std::move(shift));
    return {};
}

}  // namespace

bool is_code_deploy(std::string_view type) noexcept {
    return type == kApplication || type == kGroup || type == kConfig;
}

Result<void> add_code_deploy(Draft& draft, std::string const& id, Node const& type,
                             Node properties) {
    auto const rule = type.text == kApplication ? kApplicationRule
                      : type.text == kGroup     ? kGroupRule
                                                : kConfigRule;
    MERIDIAN_CHECK(check_rule(properties, parse_rule(rule), id));
    draft.absent[id] = {.why =
                            fmt::format("{} is only read for the aliases that name it", type.text)};
    draft.warnings.push_back(
        {type.mark, fmt::format("{}: read for how aliases shift their traffic; "
                                "nothing of CodeDeploy is made",
                                id)});
    draft.mentions.push_back(properties);
    draft.code_deploy[id] = {.type = type.text, .properties = std::move(properties)};
    return {};
}

Result<void> link_code_deploy(Draft& draft) {
    for (auto const& policy : draft.update_policies) {
        MERIDIAN_CHECK(link(draft, policy));
    }
    for (auto& shift : draft.shifts) {
        MERIDIAN_TRY(auto name, shift_type(draft, shift.type));
        shift.type = Node::string(std::move(name), shift.type.mark);
    }
    return {};
}

}  // namespace meridian::deploy
