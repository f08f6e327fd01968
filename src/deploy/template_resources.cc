#include "deploy/template_resources.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/contains.h"
#include "deploy/code_deploy.h"
#include "deploy/resource_rules.h"
#include "deploy/sam_function.h"
#include "deploy/sam_globals.h"
#include "deploy/sam_parts.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

constexpr std::string_view kSamFunction = "AWS::Serverless::Function";
constexpr std::string_view kSamLayer = "AWS::Serverless::LayerVersion";
constexpr std::string_view kArchitecture = "x86_64";

constexpr auto kAttributes = std::to_array<std::string_view>(
    {"Condition", "Connectors", "CreationPolicy", "DeletionPolicy", "DependsOn", "IgnoreGlobals",
     "Metadata", "Properties", "Type", "UpdatePolicy", "UpdateReplacePolicy"});

class Reader {
  public:
    Reader(Template const& source, Evaluator& evaluator, Draft& draft)
        : source_(source), evaluator_(evaluator), draft_(draft) {}

    Result<void> read(TemplateNode::Entry const& entry) {
        MERIDIAN_CHECK(check(entry));
        auto const& id = entry.key;
        auto const& node = entry.value;
        if (auto const* condition = node.find("Condition")) {
            MERIDIAN_TRY(auto const name, text_of(*condition, "Condition"));
            MERIDIAN_TRY(auto const holds, evaluator_.condition(name, condition->mark));
            if (!holds) {
                draft_.absent[id] = {.why = fmt::format("its condition {} is false", name)};
                return {};
            }
        }
        auto const& type = *node.find("Type");
        bool const sam = type.text == kSamFunction || type.text == kSamLayer;
        if (sam && !source_.is_sam())
            return fail_at(type.mark, fmt::format("{} needs Transform: AWS::Serverless-2016-10-31",
                                                  type.text));
        if (is_code_deploy(type.text)) return read_code_deploy(entry);
        if (!sam && find_resource_rule(type.text) == nullptr) return foreign(id, type);
        return sam ? read_sam(entry) : read_plain(entry);
    }

  private:
    static Result<void> check(TemplateNode::Entry const& entry) {
        if (entry.key.empty() || alphanumeric(entry.key) != entry.key)
            return fail_at(entry.mark,
                           fmt::format("the logical id {} is not letters and digits", entry.key));
        auto const* type = entry.value.find("Type");
        if (type == nullptr || !type->is_string())
            return fail_at(entry.mark, fmt::format("the resource {} has no Type", entry.key));
        for (auto const& attribute : entry.value.entries) {
            if (!contains(kAttributes, attribute.key))
                return fail_at(attribute.mark,
                               fmt::format("a resource has no attribute {} (it has {})",
                                           attribute.key, fmt::join(kAttributes, ", ")));
        }
        if (auto const* policy = entry.value.find_entry("CreationPolicy"))
            return fail_at(policy->mark, "CreationPolicy is not for resources that Meridian makes");
        return {};
    }

    Result<void> foreign(std::string const& id, TemplateNode const& type) {
        if (!draft_.ignore_foreign)
            return fail_at(type.mark,
                           fmt::format("Resource {} has the type {}, which is not Meridian's: give "
                                       "what the functions need of it as a parameter, or skip such "
                                       "resources with --ignore-foreign",
                                       id, type.text));
        draft_.absent[id] = {.why = fmt::format("its type {} is skipped", type.text),
                             .foreign = true};
        draft_.ignored.push_back({type.mark, fmt::format("Resource {} ({})", id, type.text)});
        return {};
    }

    Result<TemplateNode> properties_of(TemplateNode::Entry const& entry) {
        auto const& type = *entry.value.find("Type");
        auto const* given = entry.value.find("Properties");
        auto properties =
            given == nullptr || given->is_null() ? TemplateNode::map(entry.mark) : *given;
        if (!properties.is_map() || properties.intrinsic() != nullptr)
            return fail_at(properties.mark, "Properties is a map");
        MERIDIAN_TRY(properties,
                     merge_globals(source_.section("Globals"), type.text, std::move(properties),
                                   entry.value.find("IgnoreGlobals")));
        return evaluator_.evaluate_present(properties, "Properties");
    }

    Result<std::vector<TemplateNode>> depends_on(TemplateNode const& resource) {
        std::vector<TemplateNode> out;
        auto const* node = resource.find("DependsOn");
        if (node == nullptr) return out;
        std::vector<TemplateNode> const one = {*node};
        for (auto const& item : node->is_list() ? node->items : one) {
            if (!item.is_string())
                return fail_at(item.mark, "DependsOn is a resource's name or a list of names");
            out.push_back(item);
        }
        return out;
    }

    Result<std::optional<std::string>> deletion_policy(TemplateNode::Entry const& entry) {
        if (auto const* update = entry.value.find_entry("UpdateReplacePolicy")) {
            MERIDIAN_TRY(auto const value,
                         evaluator_.evaluate_present(update->value, "UpdateReplacePolicy"));
            if (value.text != "Delete")
                return fail_at(update->mark,
                               "UpdateReplacePolicy is Delete: what a change replaces "
                               "is not kept");
        }
        auto const* node = entry.value.find("DeletionPolicy");
        if (node == nullptr) return std::nullopt;
        MERIDIAN_TRY(auto const value, evaluator_.evaluate_present(*node, "DeletionPolicy"));
        if (value.text != "Delete" && value.text != "Retain")
            return fail_at(node->mark, "DeletionPolicy is Delete or Retain");
        return value.text;
    }

    struct Build {
        std::string method = {};
        bool skip = false;
    };
    // What would change a build, and does not here.
    Result<void> check_build_settings(TemplateNode const& metadata) {
        if (auto const* architecture = metadata.find_entry("BuildArchitecture")) {
            MERIDIAN_TRY(auto const value,
                         evaluator_.evaluate_present(architecture->value, "BuildArchitecture"));
            if (value.text != kArchitecture)
                return fail_at(architecture->mark,
                               fmt::format("BuildArchitecture is {} here", kArchitecture));
        }
        for (auto const* name : {"ContextPath", "WorkingDir"}) {
            if (auto const* setting = metadata.find_entry(name))
                return fail_at(setting->mark, fmt::format("{} is not supported: a build runs in "
                                                          "the folder that holds its code",
                                                          name));
        }
        auto const* properties = metadata.find("BuildProperties");
        if (properties == nullptr) return {};
        for (auto const& property : properties->entries) {
            // It is never anything else.
            if (property.key == "UseNpmCi") continue;
            return fail_at(property.mark,
                           fmt::format("BuildProperties: {} is not supported", property.key));
        }
        return {};
    }

    // What `sam build` reads of Metadata; anything else in it is the author's.
    Result<Build> build_of(TemplateNode const& resource) {
        Build out;
        auto const* metadata = resource.find("Metadata");
        if (metadata == nullptr) return out;
        if (auto const* method = metadata->find("BuildMethod")) {
            MERIDIAN_TRY(auto const value, evaluator_.evaluate_present(*method, "BuildMethod"));
            MERIDIAN_TRY(out.method, text_of(value, "BuildMethod"));
        }
        if (auto const* skip = metadata->find("SkipBuild"))
            out.skip = as_boolean(*skip).value_or(false);
        if (!out.skip) {
            MERIDIAN_CHECK(check_build_settings(*metadata));
        }
        for (auto const* name : {"Dockerfile", "DockerContext", "DockerTag"}) {
            if (auto const* docker = metadata->find_entry(name))
                return fail_at(docker->mark, fmt::format("{}: Meridian builds no images", name));
        }
        return out;
    }

    Result<void> read_sam(TemplateNode::Entry const& entry) {
        SamResource resource{.id = entry.key, .mark = entry.mark};
        for (auto const* name : {"Connectors", "UpdatePolicy"}) {
            if (auto const* extra = entry.value.find_entry(name))
                return fail_at(extra->mark, fmt::format("{} is not supported here", name));
        }
        MERIDIAN_TRY(resource.properties, properties_of(entry));
        MERIDIAN_TRY(resource.depends_on, depends_on(entry.value));
        MERIDIAN_TRY(resource.deletion_policy, deletion_policy(entry));
        MERIDIAN_TRY(auto build, build_of(entry.value));
        resource.build_method = std::move(build.method);
        resource.skip_build = build.skip;
        return entry.value.find("Type")->text == kSamFunction
                   ? expand_sam_function(draft_, resource)
                   : expand_sam_layer(draft_, resource);
    }

    Result<void> read_plain(TemplateNode::Entry const& entry) {
        auto const& type = entry.value.find("Type")->text;
        for (auto const* name : {"Connectors", "IgnoreGlobals"}) {
            if (auto const* extra = entry.value.find_entry(name))
                return fail_at(extra->mark, fmt::format("{} is SAM's", name));
        }
        MERIDIAN_TRY(auto properties, properties_of(entry));
        MERIDIAN_TRY(auto dependencies, depends_on(entry.value));
        MERIDIAN_TRY(auto const policy, deletion_policy(entry));
        auto& out = draft_.add(entry.key, type, entry.mark);
        out.properties = std::move(properties);
        out.depends_on = std::move(dependencies);
        if (policy) out.deletion_policy = *policy;
        MERIDIAN_CHECK(place_code(entry, out));
        if (auto const* update = entry.value.find_entry("UpdatePolicy")) {
            MERIDIAN_TRY(auto value, evaluator_.evaluate_present(update->value, "UpdatePolicy"));
            draft_.update_policies.push_back({.resource = entry.key,
                                              .type = type,
                                              .mark = update->mark,
                                              .value = std::move(value)});
        }
        return {};
    }

    // `Code: ./src`, as `aws cloudformation package` takes it.
    Result<void> place_code(TemplateNode::Entry const& entry, DraftResource& out) {
        bool const function = out.type == "AWS::Lambda::Function";
        if (!function && out.type != "AWS::Lambda::LayerVersion") return {};
        auto* code = out.properties.find(function ? "Code" : "Content");
        if (code == nullptr) return {};
        if (code->is_map()) {
            for (auto const* ours : {"LocalPath", "BuildMethod"}) {
                if (auto const* member = code->find_entry(ours))
                    return fail_at(member->mark, fmt::format("{} has no property {}: a local path "
                                                             "stands for the whole of it",
                                                             function ? "Code" : "Content", ours));
            }
            return {};
        }
        MERIDIAN_TRY(auto build, build_of(entry.value));
        auto const* runtime = out.properties.find("Runtime");
        if (build.method.empty() && function && runtime != nullptr) build.method = runtime->text;
        MERIDIAN_TRY(*code, code_location(*code, build.skip ? "" : build.method));
        return {};
    }

    Result<void> read_code_deploy(TemplateNode::Entry const& entry) {
        MERIDIAN_TRY(auto properties, properties_of(entry));
        return add_code_deploy(draft_, entry.key, *entry.value.find("Type"), properties);
    }

    Template const& source_;
    Evaluator& evaluator_;
    Draft& draft_;
};

}  // namespace

Result<void> draft_resources(Template const& source, TemplateNode const& resources,
                             Evaluator& evaluator, Draft& draft) {
    Reader reader(source, evaluator, draft);
    for (auto const& entry : resources.entries) {
        MERIDIAN_CHECK(reader.read(entry));
    }
    return link_code_deploy(draft);
}

}  // namespace meridian::deploy
