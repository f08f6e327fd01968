#include "deploy/sam_function.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "deploy/resource_rules.h"
#include "deploy/sam_parts.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

// What is the same in AWS::Lambda::Function.
constexpr auto kSameInFunction = std::to_array<std::string_view>({"Architectures",
                                                                  "CapacityProviderConfig",
                                                                  "CodeSigningConfigArn",
                                                                  "Description",
                                                                  "DurableConfig",
                                                                  "Environment",
                                                                  "EphemeralStorage",
                                                                  "FileSystemConfigs",
                                                                  "FunctionName",
                                                                  "FunctionScalingConfig",
                                                                  "Handler",
                                                                  "ImageConfig",
                                                                  "KmsKeyArn",
                                                                  "Layers",
                                                                  "LoggingConfig",
                                                                  "MemorySize",
                                                                  "PackageType",
                                                                  "RecursiveLoop",
                                                                  "ReservedConcurrentExecutions",
                                                                  "Role",
                                                                  "Runtime",
                                                                  "RuntimeManagementConfig",
                                                                  "SnapStart",
                                                                  "TenancyConfig",
                                                                  "Timeout",
                                                                  "VpcConfig"});

std::string text_or(Node const* node, std::string const& fallback) {
    return node != nullptr && node->is_scalar() ? node->text : fallback;
}

Result<void> require_zip_settings(SamResource const& resource) {
    for (auto const* name : {"Handler", "Runtime"}) {
        if (resource.properties.find(name) == nullptr)
            return fail_at(resource.mark,
                           fmt::format("{} needs the property {}", resource.id, name));
    }
    for (auto const* name : {"ImageConfig", "ImageUri"}) {
        if (auto const* node = resource.properties.find(name))
            return fail_at(node->mark, fmt::format("{} goes with PackageType: Image", name));
    }
    return {};
}

Result<Node> zip_code(SamResource const& resource) {
    MERIDIAN_CHECK(require_zip_settings(resource));
    auto const* in_template = resource.properties.find("InlineCode");
    auto const* uri = resource.properties.find("CodeUri");
    if (in_template != nullptr) {
        // SAM's own precedence: a CodeUri from Globals loses.
        auto out = Node::map(in_template->mark);
        out.set("ZipFile", *in_template);
        return out;
    }
    auto const runtime = text_or(resource.properties.find("Runtime"), {});
    auto const method = resource.skip_build             ? std::string()
                        : resource.build_method.empty() ? runtime
                                                        : resource.build_method;
    // What `sam build` takes where nothing is said: the template's own folder.
    if (uri == nullptr) return local_code_node(".", method, resource.mark);
    return code_location(*uri, method);
}

Result<Node> image_code(SamResource const& resource) {
    auto const* uri = resource.properties.find("ImageUri");
    if (uri == nullptr)
        return fail_at(resource.mark,
                       fmt::format("{} needs an ImageUri: Meridian builds no images", resource.id));
    auto out = Node::map(uri->mark);
    out.set("ImageUri", *uri);
    return out;
}

Result<void> add_function(SamFunction& made) {
    auto const& resource = made.resource;
    auto& out = made.add(resource.id, "AWS::Lambda::Function", resource.mark);
    out.depends_on = resource.depends_on;
    for (auto const name : kSameInFunction) {
        if (auto const* node = made.property(name)) out.properties.set(std::string(name), *node);
    }
    bool const image = text_or(made.property("PackageType"), "Zip") == "Image";
    MERIDIAN_TRY(auto code, image ? image_code(resource) : zip_code(resource));
    if (auto const* key = made.property("SourceKMSKeyArn")) code.set("SourceKMSKeyArn", *key);
    out.properties.set("Code", std::move(code));
    MERIDIAN_TRY(auto tags, tag_list(made.property("Tags"), resource.mark, true));
    out.properties.set("Tags", std::move(tags));
    if (auto const* tracing = made.property("Tracing");
        tracing != nullptr && tracing->text != "Disabled") {
        auto config = Node::map(tracing->mark);
        config.set("Mode", *tracing);
        out.properties.set("TracingConfig", std::move(config));
    }
    if (auto const* queue = made.property("DeadLetterQueue")) {
        auto config = Node::map(queue->mark);
        config.set("TargetArn", *queue->find("TargetArn"));
        out.properties.set("DeadLetterConfig", std::move(config));
    }
    if (made.property("Role") == nullptr)
        out.properties.set("Role", Node::attribute(resource.id + "Role", "Arn", resource.mark));
    return {};
}

}  // namespace

Result<void> expand_sam_function(Draft& draft, SamResource const& resource) {
    // For its errors; the values are checked again as CloudFormation's.
    MERIDIAN_CHECK(check_rule(resource.properties, sam_function_rule(), resource.id));
    SamFunction made{
        .resource = resource, .draft = draft, .target = Node::ref(resource.id, resource.mark)};
    MERIDIAN_CHECK(add_role(made));
    MERIDIAN_CHECK(add_function(made));
    MERIDIAN_CHECK(add_alias(made));
    MERIDIAN_CHECK(add_deployment_preference(made));
    MERIDIAN_CHECK(add_url(made));
    MERIDIAN_CHECK(add_event_invoke_config(made));
    return add_events(made);
}

Result<void> expand_sam_layer(Draft& draft, SamResource const& resource) {
    MERIDIAN_CHECK(check_rule(resource.properties, sam_layer_rule(), resource.id));
    auto& out = draft.add(resource.id, "AWS::Lambda::LayerVersion", resource.mark);
    out.depends_on = resource.depends_on;
    for (auto const* name : {"CompatibleArchitectures", "CompatibleRuntimes", "Description",
                             "LayerName", "LicenseInfo"}) {
        if (auto const* node = resource.properties.find(name)) out.properties.set(name, *node);
    }
    // SAM names a layer by its logical id.
    if (out.properties.find("LayerName") == nullptr)
        out.properties.set("LayerName", Node::string(resource.id, resource.mark));
    MERIDIAN_TRY(auto content, code_location(*resource.properties.find("ContentUri"),
                                             resource.skip_build ? "" : resource.build_method));
    out.properties.set("Content", std::move(content));
    // Published versions of a layer stay unless they are asked to go.
    out.deletion_policy = resource.deletion_policy.value_or("Retain");
    if (auto const* retention = resource.properties.find("RetentionPolicy")) {
        if (retention->text != "Retain" && retention->text != "Delete")
            return fail_at(retention->mark, "RetentionPolicy is Retain or Delete");
        out.deletion_policy = retention->text;
    }
    return {};
}

}  // namespace meridian::deploy
