#include "deploy/sam_globals.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/contains.h"

namespace meridian::deploy {
namespace {

constexpr std::string_view kServerless = "AWS::Serverless::";

// Everything of a function but what is its own: Role, Policies, FunctionName, Events.
constexpr auto kInFunction = std::to_array<std::string_view>({
    "Architectures",
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "CodeUri",
    "DeadLetterQueue",
    "DeploymentPreference",
    "Description",
    "DurableConfig",
    "Environment",
    "EphemeralStorage",
    "EventInvokeConfig",
    "FileSystemConfigs",
    "FunctionScalingConfig",
    "FunctionUrlConfig",
    "Handler",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PermissionsBoundary",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "RolePath",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "SourceKMSKeyArn",
    "Tags",
    "TenancyConfig",
    "Timeout",
    "Tracing",
    "VersionDeletionPolicy",
    "VpcConfig",
});

// Sections for resources that are foreign: they do nothing where those are skipped.
constexpr auto kForeignSections = std::to_array<std::string_view>(
    {"Api", "CapacityProvider", "HttpApi", "SimpleTable", "StateMachine", "WebSocketApi"});

Node merge(Node const& global, Node local) {
    bool const plain = global.intrinsic() == nullptr && local.intrinsic() == nullptr;
    if (plain && global.is_list() && local.is_list()) {
        auto out = global;
        out.mark = local.mark;
        std::ranges::move(local.items, std::back_inserter(out.items));
        return out;
    }
    if (plain && global.is_map() && local.is_map()) {
        auto out = global;
        out.mark = local.mark;
        for (auto& entry : local.entries) {
            if (auto* shared = out.find(entry.key)) {
                *shared = merge(*shared, std::move(entry.value));
            } else {
                out.entries.push_back(std::move(entry));
            }
        }
        return out;
    }
    return local;
}

}  // namespace

Result<void> check_globals(Node const* globals) {
    if (globals == nullptr) return {};
    if (!globals->is_map()) return fail_at(globals->mark, "Globals is a map");
    for (auto const& section : globals->entries) {
        if (contains(kForeignSections, section.key)) continue;
        if (section.key != "Function")
            return fail_at(section.mark,
                           fmt::format("Globals has no section {} (it has Function, {})",
                                       section.key, fmt::join(kForeignSections, ", ")));
        if (!section.value.is_map())
            return fail_at(section.mark, "Globals.Function is a map of properties");
        for (auto const& property : section.value.entries) {
            if (!contains(kInFunction, property.key))
                return fail_at(property.mark,
                               fmt::format("Globals.Function has no property {} (it has {})",
                                           property.key, fmt::join(kInFunction, ", ")));
        }
    }
    return {};
}

Result<Node> merge_globals(Node const* globals, std::string_view type, Node properties,
                           Node const* ignore) {
    if (globals == nullptr || !type.starts_with(kServerless)) return properties;
    auto const* found = globals->find(type.substr(kServerless.size()));
    if (found == nullptr) return properties;
    auto shared = *found;
    if (ignore != nullptr) {
        if (ignore->is_string() && ignore->text == "*") return properties;
        if (!ignore->is_list())
            return fail_at(ignore->mark, "IgnoreGlobals is \"*\" or a list of properties");
        for (auto const& name : ignore->items) {
            if (!name.is_string() || shared.find(name.text) == nullptr)
                return fail_at(name.mark,
                               fmt::format("IgnoreGlobals: Globals has no {}", name.text));
            shared.erase(name.text);
        }
    }
    return merge(shared, std::move(properties));
}

}  // namespace meridian::deploy
