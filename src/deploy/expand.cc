#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/contains.h"
#include "crypto/sha256.h"
#include "deploy/template.h"
#include "deploy/template_draft.h"
#include "deploy/template_functions.h"
#include "deploy/template_link.h"
#include "deploy/template_loops.h"
#include "deploy/template_parameters.h"
#include "deploy/template_resources.h"
#include "deploy/template_values.h"

namespace meridian::deploy {
namespace {

// An id of CloudFormation's form that is the same for the same stack at every deploy.
std::string stack_id(StackInputs const& inputs) {
    auto const hash = crypto::sha256_hex(
        fmt::format("{}\n{}\n{}", inputs.account, inputs.region, inputs.stack_name));
    return fmt::format("arn:aws:cloudformation:{}:{}:stack/{}/{}-{}-{}-{}-{}", inputs.region,
                       inputs.account, inputs.stack_name, hash.substr(0, 8), hash.substr(8, 4),
                       hash.substr(12, 4), hash.substr(16, 4), hash.substr(20, 12));
}

void add_pseudo_parameters(StackInputs const& inputs, Evaluator::Scope& scope) {
    auto const add = [&](std::string const& name, std::string value) {
        scope.values["AWS::" + name] = Node::string(std::move(value), {});
    };
    add("AccountId", inputs.account);
    add("Partition", "aws");
    add("Region", inputs.region);
    add("StackId", stack_id(inputs));
    add("StackName", inputs.stack_name);
    add("URLSuffix", "amazonaws.com");
    scope.values["AWS::NotificationARNs"] = Node::list({}, {});
}

class Expansion {
  public:
    Expansion(Template const& source, StackInputs const& inputs)
        : source_(source), inputs_(inputs), evaluator_({}) {
        draft_.ignore_foreign = inputs.ignore_foreign;
        draft_.region = inputs.region;
        draft_.account = inputs.account;
        draft_.stack_name = inputs.stack_name;
    }

    Result<Stack> run() {
        auto& scope = evaluator_.scope();
        scope.language_extensions = source_.has_language_extensions();
        MERIDIAN_TRY(scope.values, parameter_values(source_.parameters(), inputs_.parameters));
        add_pseudo_parameters(inputs_, scope);
        if (auto const* mappings = source_.section("Mappings")) scope.mappings = *mappings;
        MERIDIAN_TRY(scope.conditions, section("Conditions"));
        // All of them, so that a mistake in one that nobody uses is found.
        for (auto const& entry : scope.conditions.entries) {
            MERIDIAN_CHECK(evaluator_.condition(entry.key, entry.mark));
        }

        MERIDIAN_TRY(auto const resources, section("Resources"));
        if (resources.entries.size() > kResourcesMax)
            return fail_at(resources.mark, fmt::format("more than {} resources", kResourcesMax));
        for (auto const& entry : resources.entries) {
            if (scope.values.contains(entry.key))
                return fail_at(entry.mark,
                               fmt::format("{} is a parameter and a resource", entry.key));
        }
        MERIDIAN_CHECK(draft_resources(source_, resources, evaluator_, draft_));

        Stack stack{
            .name = inputs_.stack_name, .region = inputs_.region, .account = inputs_.account};
        MERIDIAN_TRY(auto const linker, Linker::over(draft_));
        MERIDIAN_CHECK(link_resources(draft_, linker, source_.file(), stack));
        MERIDIAN_CHECK(outputs(linker, stack));
        for (auto const& note : draft_.ignored) stack.ignored.push_back(said(note));
        for (auto const& note : draft_.warnings) stack.warnings.push_back(said(note));
        return stack;
    }

  private:
    Result<Node> section(std::string_view name) {
        auto const* node = source_.section(name);
        if (node == nullptr) return Node{};
        return expand_loops(*node, evaluator_);
    }

    [[nodiscard]] std::string said(Note const& note) const {
        return fmt::format("{}: {}", describe(source_.at(note.mark)), note.text);
    }

    Result<void> outputs(Linker const& linker, Stack& stack) {
        MERIDIAN_TRY(auto const all, section("Outputs"));
        if (all.entries.size() > kOutputsMax)
            return fail_at(all.mark, fmt::format("more than {} outputs", kOutputsMax));
        for (auto const& entry : all.entries) {
            MERIDIAN_CHECK(output(entry, linker, stack));
        }
        return {};
    }

    Result<void> output(Node::Entry const& entry, Linker const& linker, Stack& stack) {
        constexpr auto kOutputMembers =
            std::to_array<std::string_view>({"Condition", "Description", "Export", "Value"});
        for (auto const& member : entry.value.entries) {
            if (!contains(kOutputMembers, member.key))
                return fail_at(member.mark,
                               fmt::format("an output has no member {} (it has {})", member.key,
                                           fmt::join(kOutputMembers, ", ")));
        }
        if (auto const* condition = entry.value.find("Condition")) {
            MERIDIAN_TRY(auto const name, text_of(*condition, "Condition"));
            MERIDIAN_TRY(auto const holds, evaluator_.condition(name, condition->mark));
            if (!holds) return {};
        }
        auto const* value = entry.value.find("Value");
        if (value == nullptr)
            return fail_at(entry.mark, fmt::format("the output {} has no Value", entry.key));
        MERIDIAN_TRY(auto evaluated, evaluator_.evaluate_present(*value, "an output's Value"));
        MERIDIAN_TRY(auto const references, linker.link(evaluated, inputs_.ignore_foreign));
        if (!references.skipped.empty()) {
            draft_.ignored.push_back(
                {entry.mark, fmt::format("Output {}: it names {}", entry.key, references.skipped)});
            return {};
        }
        if (evaluated.is_list() || (evaluated.is_map() && evaluated.intrinsic() == nullptr))
            return fail_at(value->mark, fmt::format("the output {} is a text, not {}", entry.key,
                                                    describe_kind(evaluated)));
        if (auto const* exported = entry.value.find_entry("Export"))
            draft_.warnings.push_back(
                {exported->mark,
                 fmt::format("Output {}: it is not exported to other stacks", entry.key)});
        stack.outputs[entry.key] = to_json(evaluated);
        return {};
    }

    Template const& source_;
    StackInputs const& inputs_;
    Evaluator evaluator_;
    Draft draft_;
};

}  // namespace

Result<Stack> expand(Template const& source, StackInputs const& inputs) {
    auto stack = Expansion(source, inputs).run();
    if (!stack) {
        stack.error().message = fmt::format("{}:{}", source.file(), stack.error().message);
    }
    return stack;
}

std::vector<LocalCode> local_code(Stack const& stack) {
    std::vector<LocalCode> out;
    for (auto const& resource : stack.resources) {
        for (auto const* name : {"Code", "Content"}) {
            auto const found = resource.properties.find(name);
            if (found == resource.properties.end() || !found->contains("LocalPath")) continue;
            out.push_back({.resource = resource.logical_id,
                           .path = found->at("LocalPath").get<std::string>(),
                           .build_method = found->value("BuildMethod", std::string())});
        }
    }
    return out;
}

}  // namespace meridian::deploy
