// A function of a template, with what hangs under it.

#include <algorithm>

#include <fmt/format.h>

#include "transfer/permission.h"
#include "transfer/template_draft.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

// SAM's own tag: it sets it itself.
constexpr char const* kSamTag = "lambda:createdBy";

struct Drafting {
    TemplateDraft& draft;
    FunctionRecord const& function;
    std::string id = {};                                // the function's logical id
    std::string published_by = {};                      // the alias that SAM publishes for
    std::string version_id = {};                        // the explicit version's logical id
    std::map<std::string, std::string> alias_ids = {};  // aliases that are written

    [[nodiscard]] json part(char const* name) const {
        return function.parts.value(name, json::object());
    }
    void unsaid(std::string_view what) const {
        draft.unsaid(fmt::format("{} of the function {}", what, function.name()));
    }
    [[nodiscard]] bool is_written(std::string const& qualifier) const {
        return qualifier == kLatest || alias_ids.contains(qualifier);
    }
    [[nodiscard]] json dependencies(std::string const& qualifier) const {
        return qualifier == kLatest ? json::array() : json{alias_ids.at(qualifier)};
    }
};

void move_member(json& object, char const* from, char const* to) {
    if (!object.contains(from)) return;
    object[to] = std::move(object[from]);
    object.erase(from);
}

// Variables, with parameters for values that are withheld.
json environment(Drafting& drafting, json variables) {
    for (auto& [name, value] : variables.items()) {
        if (!value.is_null()) continue;
        value = drafting.draft.parameter(
            drafting.function.name() + "-" + name,
            fmt::format("{} of the function {}", name, drafting.function.name()), true);
    }
    return variables;
}

// What both forms have.
json common_properties(Drafting& drafting) {
    auto const& function = drafting.function;
    auto properties = drafting.draft.referenced(function.latest);
    for (auto const* const member : {"CodeSha256", "ImageUri"}) properties.erase(member);
    if (properties.value("PackageType", "Zip") == "Zip") properties.erase("PackageType");
    move_member(properties, "KMSKeyArn", "KmsKeyArn");
    auto const variables = json::json_pointer("/Environment/Variables");
    if (properties.contains(variables))
        properties[variables] = environment(drafting, function.latest[variables]);
    properties["FunctionName"] = function.name();
    for (auto const& [part, member] :
         {std::pair("ReservedConcurrency", "ReservedConcurrentExecutions"),
          std::pair("RecursiveLoop", "RecursiveLoop")}) {
        if (function.parts.contains(part)) properties[member] = function.parts[part];
    }
    auto const management = drafting.part("RuntimeManagement");
    if (management.contains(kLatest)) properties["RuntimeManagementConfig"] = management[kLatest];
    return properties;
}

// SAM says some things in its own way.
void to_sam(Drafting& drafting, json& properties) {
    if (properties.contains("TracingConfig")) {
        properties["Tracing"] = properties["TracingConfig"]["Mode"];
        properties.erase("TracingConfig");
    }
    if (properties.contains("DeadLetterConfig")) {
        auto const arn = properties["DeadLetterConfig"].value("TargetArn", "");
        properties["DeadLetterQueue"] = {
            {"TargetArn", arn}, {"Type", arn.find(":sns:") != std::string::npos ? "SNS" : "SQS"}};
        properties.erase("DeadLetterConfig");
    }
    auto tags = drafting.part("Tags");
    tags.erase(kSamTag);
    if (!tags.empty()) properties["Tags"] = std::move(tags);
    if (drafting.part("Tags").value(kSamTag, json()) != "SAM")
        drafting.draft.unsaid(fmt::format("that functions have no tag {}: SAM sets it", kSamTag));
}

// The number of the newest version, if it is what $LATEST is; else 0.
std::uint64_t current_version(FunctionRecord const& function) {
    if (function.versions.empty()) return 0;
    auto const& [number, configuration] = *function.versions.rbegin();
    auto latest = function.latest;
    latest["Description"] = configuration.value("Description", "");
    return latest == configuration ? number : 0;
}

std::vector<std::string> current_aliases(Drafting const& drafting) {
    std::vector<std::string> names;
    auto const current = current_version(drafting.function);
    if (current == 0) return names;
    for (auto const& [name, alias] : drafting.part("Aliases").items()) {
        if (alias.value("FunctionVersion", "") == std::to_string(current)) names.push_back(name);
    }
    return names;
}

bool is_alphanumeric(std::string const& text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
}

// SAM's way: one alias, of which nothing is known but its name.
bool can_auto_publish(Drafting const& drafting, std::vector<std::string> const& aliases) {
    if (!drafting.draft.sam() || aliases.size() != 1 || !is_alphanumeric(aliases.front()))
        return false;
    return !drafting.part("Aliases")[aliases.front()].contains("Description");
}

void add_function(Drafting& drafting) {
    auto const& function = drafting.function;
    auto properties = common_properties(drafting);
    auto const file = fmt::format("code/{}.zip", function.name());
    CodeRef code{.arn = function.source_arn,
                 .qualifier = kLatest,
                 .sha256 = function.latest.value("CodeSha256", "")};
    auto const aliases = current_aliases(drafting);
    if (drafting.draft.sam()) {
        properties["CodeUri"] = drafting.draft.code(file, std::move(code));
        to_sam(drafting, properties);
        if (can_auto_publish(drafting, aliases)) {
            drafting.published_by = aliases.front();
            properties["AutoPublishAlias"] = aliases.front();
            auto const description = function.versions.rbegin()->second.value("Description", "");
            if (!description.empty()) properties["VersionDescription"] = description;
            auto const provisioned = drafting.part("ProvisionedConcurrency");
            if (provisioned.contains(aliases.front()))
                properties["ProvisionedConcurrencyConfig"] = {
                    {"ProvisionedConcurrentExecutions", provisioned[aliases.front()]}};
        }
    } else {
        properties["Code"] = drafting.draft.code(file, std::move(code));
        auto const tags = drafting.part("Tags");
        if (!tags.empty()) properties["Tags"] = template_tags(tags);
    }
    drafting.id = drafting.draft.add(
        "Function", function.name(),
        drafting.draft.sam() ? "AWS::Serverless::Function" : "AWS::Lambda::Function",
        std::move(properties));
    if (!drafting.published_by.empty())
        drafting.alias_ids[drafting.published_by] =
            fmt::format("{}Alias{}", drafting.id, drafting.published_by);
}

void add_version(Drafting& drafting) {
    auto const& configuration = drafting.function.versions.rbegin()->second;
    json properties = {{"FunctionName", {{"Ref", drafting.id}}},
                       {"CodeSha256", configuration.value("CodeSha256", "")}};
    auto const description = configuration.value("Description", "");
    if (!description.empty()) properties["Description"] = description;
    drafting.version_id = drafting.draft.add("Version", drafting.function.name(),
                                             "AWS::Lambda::Version", std::move(properties));
    drafting.draft.resource(drafting.version_id)["DeletionPolicy"] = "Retain";
}

void add_aliases(Drafting& drafting) {
    auto const current = current_aliases(drafting);
    auto const provisioned = drafting.part("ProvisionedConcurrency");
    for (auto const& [name, alias] : drafting.part("Aliases").items()) {
        if (std::ranges::find(current, name) == current.end()) {
            drafting.unsaid(
                fmt::format("the alias {} (of version {}, which is not what $LATEST "
                            "is)",
                            name, alias.value("FunctionVersion", "")));
            continue;
        }
        if (alias.contains("RoutingConfig"))
            drafting.unsaid(fmt::format("the weights of the alias {}", name));
        if (name == drafting.published_by) continue;
        if (drafting.version_id.empty()) add_version(drafting);
        json properties = {{"Name", name},
                           {"FunctionName", {{"Ref", drafting.id}}},
                           {"FunctionVersion", {{"Fn::GetAtt", {drafting.version_id, "Version"}}}}};
        if (alias.contains("Description")) properties["Description"] = alias["Description"];
        if (provisioned.contains(name))
            properties["ProvisionedConcurrencyConfig"] = {
                {"ProvisionedConcurrentExecutions", provisioned[name]}};
        drafting.alias_ids[name] =
            drafting.draft.add("Alias", drafting.function.name() + "-" + name, "AWS::Lambda::Alias",
                               std::move(properties));
    }
    for (auto const& [qualifier, value] : provisioned.items()) {
        if (!drafting.alias_ids.contains(qualifier))
            drafting.unsaid(fmt::format("provisioned concurrency of {}", qualifier));
    }
    for (auto const& [number, configuration] : drafting.function.versions)
        drafting.unsaid(fmt::format("version {}, by its number", number));
}

// Adds a resource that belongs to a qualifier, after what makes that.
void add_qualified(Drafting& drafting, std::string_view kind, std::string const& qualifier,
                   std::string_view type, json properties) {
    auto name = drafting.function.name();
    if (qualifier != kLatest) name += "-" + qualifier;
    auto const id = drafting.draft.add(kind, name, type, std::move(properties));
    auto dependencies = drafting.dependencies(qualifier);
    if (!dependencies.empty()) drafting.draft.resource(id)["DependsOn"] = std::move(dependencies);
}

void add_permissions(Drafting& drafting) {
    for (auto const& [qualifier, statements] : drafting.part("Policies").items()) {
        std::vector<json> permissions;
        for (auto const& statement : statements) {
            auto permission = permission_of(statement);
            if (!drafting.is_written(qualifier) || !permission) {
                auto const sid = statement.value("Sid", json("?")).dump();
                drafting.unsaid(fmt::format("permission {} of {}", sid, qualifier));
                continue;
            }
            permission->erase("StatementId");
            (*permission)["FunctionName"] = {
                {"Ref", qualifier == kLatest ? drafting.id : drafting.alias_ids.at(qualifier)}};
            permissions.push_back(std::move(*permission));
        }
        // A template says no order of permissions: a deploy adds them side by side.
        std::ranges::sort(permissions);
        for (auto& permission : permissions) {
            add_qualified(drafting, "Permission", qualifier, "AWS::Lambda::Permission",
                          std::move(permission));
            drafting.draft.unsaid("the names (Sid) of permissions");
        }
    }
}

void add_urls(Drafting& drafting) {
    for (auto const& [qualifier, url] : drafting.part("FunctionUrls").items()) {
        if (!drafting.is_written(qualifier)) {
            drafting.unsaid(fmt::format("the URL of {}", qualifier));
            continue;
        }
        // SAM's FunctionUrlConfig would add a permission for everybody where AuthType is NONE:
        // whether there is one, the policies say.
        auto const of_sam =
            drafting.published_by.empty() ? std::string(kLatest) : drafting.published_by;
        if (drafting.draft.sam() && qualifier == of_sam && url.value("AuthType", "") == "AWS_IAM") {
            drafting.draft.resource(drafting.id)["Properties"]["FunctionUrlConfig"] = url;
            continue;
        }
        auto properties = url;
        properties["TargetFunctionArn"] = {{"Ref", drafting.id}};
        if (qualifier != kLatest) properties["Qualifier"] = qualifier;
        add_qualified(drafting, "Url", qualifier, "AWS::Lambda::Url", std::move(properties));
    }
}

void add_invoke_configs(Drafting& drafting) {
    for (auto const& [qualifier, config] : drafting.part("EventInvokeConfigs").items()) {
        if (!drafting.is_written(qualifier)) {
            drafting.unsaid(fmt::format("the event invoke config of {}", qualifier));
            continue;
        }
        auto const of_sam =
            drafting.published_by.empty() ? std::string(kLatest) : drafting.published_by;
        if (drafting.draft.sam() && qualifier == of_sam && !config.contains("DestinationConfig")) {
            drafting.draft.resource(drafting.id)["Properties"]["EventInvokeConfig"] = config;
            continue;
        }
        auto properties = config;
        properties["FunctionName"] = {{"Ref", drafting.id}};
        properties["Qualifier"] = qualifier;
        add_qualified(drafting, "InvokeConfig", qualifier, "AWS::Lambda::EventInvokeConfig",
                      std::move(properties));
    }
}

void add_mappings(Drafting& drafting) {
    // Listed by their UUIDs, which are others after each deploy.
    std::vector<std::pair<std::string, json>> mappings;
    for (auto const& given : drafting.function.parts.value("EventSourceMappings", json::array())) {
        auto const qualifier = given.value("Qualifier", std::string(kLatest));
        auto const source = given.value("EventSourceArn", std::string("stream"));
        if (!drafting.is_written(qualifier)) {
            drafting.unsaid(
                fmt::format("the event source mapping of {} and {}", source, qualifier));
            continue;
        }
        auto properties = given;
        for (auto const* const member : {"UUID", "Qualifier"}) properties.erase(member);
        if (properties.contains("Tags")) properties["Tags"] = template_tags(properties["Tags"]);
        move_member(properties, "KMSKeyArn", "KmsKeyArn");
        properties["FunctionName"] = {
            {"Ref", qualifier == kLatest ? drafting.id : drafting.alias_ids.at(qualifier)}};
        mappings.emplace_back(fmt::format("{}-{}", drafting.function.name(), last_part(source)),
                              std::move(properties));
    }
    std::ranges::sort(mappings);
    for (auto& [name, properties] : mappings) {
        drafting.draft.add("Mapping", name, "AWS::Lambda::EventSourceMapping",
                           std::move(properties));
    }
}

}  // namespace

void add_function_resources(TemplateDraft& draft, FunctionRecord const& function) {
    if (function.latest.value("PackageType", "Zip") != "Zip") {
        draft.unsaid(fmt::format("the function {}, which is a container image", function.name()));
        return;
    }
    Drafting drafting{.draft = draft, .function = function};
    add_function(drafting);
    add_aliases(drafting);
    add_permissions(drafting);
    add_urls(drafting);
    add_invoke_configs(drafting);
    add_mappings(drafting);
    if (function.parts.contains("CodeSigningConfigArn")) drafting.unsaid("the code signing config");
    for (auto const& [qualifier, management] : drafting.part("RuntimeManagement").items()) {
        if (qualifier != kLatest)
            drafting.unsaid(fmt::format("runtime management of version {}", qualifier));
    }
}

}  // namespace meridian::transfer
