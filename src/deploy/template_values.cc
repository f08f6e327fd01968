#include "deploy/template_values.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/contains.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

// What a node costs beside its text.
constexpr std::size_t kNodeBytes = 64;

constexpr auto kConditionFunctions =
    std::to_array<std::string_view>({"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"});

struct Refusal {
    std::string_view function;
    std::string_view reason;
};
constexpr auto kRefused = std::to_array<Refusal>({
    {"Fn::GetAZs", "Meridian's regions have no availability zones"},
    {"Fn::ImportValue", "outputs of other stacks are not kept; give the value as a parameter"},
    {"Fn::Transform", "macros are not run here"},
    {"Fn::Cidr", "Meridian makes no networks"},
});

std::size_t bytes_of(Node const& node) {
    auto total = kNodeBytes + node.text.size();
    for (auto const& item : node.items) total += bytes_of(item);
    for (auto const& entry : node.entries) total += entry.key.size() + bytes_of(entry.value);
    return total;
}

Result<void> needs_extensions(bool have, std::string_view function, Mark mark) {
    if (have) return {};
    return fail_at(mark, fmt::format("{} needs Transform: AWS::LanguageExtensions", function));
}

}  // namespace

Result<void> Evaluator::charge(Node const& made, Mark mark) {
    made_bytes_ += bytes_of(made);
    if (made_bytes_ <= kEvaluatedBytesMax) return {};
    return fail_at(mark, fmt::format("evaluating it makes more than {} bytes", kEvaluatedBytesMax));
}

Result<std::optional<Node>> Evaluator::evaluate(Node const& node) {
    if (auto const* function = node.intrinsic())
        return call(function->key, function->value, node.mark);
    if (node.is_list()) {
        auto out = Node::list({}, node.mark);
        for (auto const& item : node.items) {
            MERIDIAN_TRY(auto value, evaluate(item));
            if (value) out.items.push_back(*std::move(value));
        }
        return out;
    }
    if (node.is_map()) {
        auto out = Node::map(node.mark);
        for (auto const& entry : node.entries) {
            if (entry.key.starts_with("Fn::"))
                return fail_at(entry.mark, fmt::format("{} stands beside other keys", entry.key));
            MERIDIAN_TRY(auto value, evaluate(entry.value));
            if (value) out.entries.push_back({entry.key, entry.mark, *std::move(value)});
        }
        return out;
    }
    return node;
}

Result<Node> Evaluator::evaluate_present(Node const& node, std::string_view what) {
    MERIDIAN_TRY(auto value, evaluate(node));
    if (!value) return fail_at(node.mark, fmt::format("{} is AWS::NoValue", what));
    return *std::move(value);
}

Evaluator::Value Evaluator::call(std::string const& function, Node const& argument, Mark mark) {
    if (function == "Ref") return reference(argument, mark);
    if (function == "Fn::GetAtt") return get_attribute(argument, mark);
    if (function == "Fn::Sub") return substitute(argument, mark);
    if (function == "Fn::If") return choose(argument, mark);
    if (function == "Fn::FindInMap") return find_in_map(argument, mark);
    if (contains(kConditionFunctions, function))
        return fail_at(mark, fmt::format("{} belongs into Conditions", function));
    auto const refused = std::ranges::find(kRefused, function, &Refusal::function);
    if (refused != kRefused.end())
        return fail_at(mark, fmt::format("{}: {}", function, refused->reason));

    using Function = Result<Node> (*)(Mark, Node);
    struct Row {
        std::string_view name;
        Function function;
        bool extension;
    };
    constexpr auto kFunctions = std::to_array<Row>({
        {"Fn::Join", join, false},
        {"Fn::Select", select, false},
        {"Fn::Split", split, false},
        {"Fn::Base64", base64, false},
        {"Fn::Length", length, true},
        {"Fn::ToJsonString", to_json_string, true},
    });
    auto const row = std::ranges::find(kFunctions, function, &Row::name);
    if (row == kFunctions.end())
        return fail_at(mark, fmt::format("unknown intrinsic function {}", function));
    if (row->extension) {
        MERIDIAN_CHECK(needs_extensions(scope_.language_extensions, function, mark));
    }
    MERIDIAN_TRY(auto evaluated, evaluate_present(argument, function));
    MERIDIAN_TRY(auto out, row->function(mark, std::move(evaluated)));
    MERIDIAN_CHECK(charge(out, mark));
    return out;
}

Evaluator::Value Evaluator::reference(Node const& argument, Mark mark) {
    MERIDIAN_TRY(auto const name, evaluate_present(argument, "Ref"));
    MERIDIAN_TRY(auto const text, text_of(name, "what Ref names"));
    if (text == "AWS::NoValue") return std::nullopt;
    MERIDIAN_TRY(auto out, variable(text, mark));
    return out;
}

// A parameter's value, or a reference to a resource.
Result<Node> Evaluator::variable(std::string const& name, Mark mark) {
    if (auto const found = scope_.values.find(name); found != scope_.values.end()) {
        auto out = found->second;
        out.mark = mark;
        MERIDIAN_CHECK(charge(out, mark));
        return out;
    }
    if (name.starts_with("AWS::"))
        return fail_at(mark, fmt::format("there is no pseudo parameter {}", name));
    if (scope_.resource) return scope_.resource(name, std::nullopt, mark);
    return Node::ref(name, mark);
}

Evaluator::Value Evaluator::get_attribute(Node const& argument, Mark mark) {
    std::vector<std::string> parts;
    if (argument.is_string()) {
        auto const dot = argument.text.find('.');
        if (dot != std::string::npos)
            parts = {argument.text.substr(0, dot), argument.text.substr(dot + 1)};
    } else if (argument.is_list() && argument.items.size() == 2) {
        for (auto const& item : argument.items) {
            MERIDIAN_TRY(auto const part, evaluate_present(item, "Fn::GetAtt"));
            MERIDIAN_TRY(auto text, text_of(part, "Fn::GetAtt's argument"));
            parts.push_back(std::move(text));
        }
    }
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
        return fail_at(mark, "Fn::GetAtt takes a resource and an attribute: [Resource, Arn]");
    if (scope_.resource) return scope_.resource(parts[0], parts[1], mark);
    return Node::attribute(parts[0], parts[1], mark);
}

Evaluator::Value Evaluator::substitute(Node const& argument, Mark mark) {
    auto const* pattern = &argument;
    auto variables = Node::map(mark);
    if (argument.is_list()) {
        if (argument.items.size() != 2 || !argument.items[1].is_map() ||
            argument.items[1].intrinsic() != nullptr)
            return fail_at(mark, "Fn::Sub takes a text, or a text and a map of variables");
        pattern = argument.items.data();
        MERIDIAN_TRY(variables, evaluate_present(argument.items[1], "Fn::Sub's variables"));
    }
    if (!pattern->is_scalar())
        return fail_at(pattern->mark,
                       fmt::format("Fn::Sub takes a text, not {}", describe_kind(*pattern)));
    MERIDIAN_TRY(auto const pieces, sub_pieces(pattern->text, mark));
    auto parts = Node::list({}, mark);
    for (auto const& piece : pieces) {
        if (!piece.variable) {
            parts.items.push_back(Node::string(piece.text, mark));
            continue;
        }
        if (auto const* own = variables.find(piece.text)) {
            MERIDIAN_CHECK(charge(*own, mark));
            parts.items.push_back(*own);
        } else if (auto const dot = piece.text.find('.');
                   dot != std::string::npos && !scope_.values.contains(piece.text)) {
            auto const call =
                Node::attribute(piece.text.substr(0, dot), piece.text.substr(dot + 1), mark);
            MERIDIAN_TRY(auto value, get_attribute(call.entries[0].value, mark));
            parts.items.push_back(*std::move(value));
        } else {
            MERIDIAN_TRY(auto value, variable(piece.text, mark));
            parts.items.push_back(std::move(value));
        }
        if (parts.items.back().is_list())
            return fail_at(mark, fmt::format("Fn::Sub: {} is a list", piece.text));
    }
    auto joined = Node::list({}, mark);
    joined.items.push_back(Node::string({}, mark));
    joined.items.push_back(std::move(parts));
    MERIDIAN_TRY(auto out, join(mark, std::move(joined)));
    MERIDIAN_CHECK(charge(out, mark));
    return out;
}

Evaluator::Value Evaluator::choose(Node const& argument, Mark mark) {
    if (!argument.is_list() || argument.items.size() != 3)
        return fail_at(mark, "Fn::If takes a condition and two values: [Name, then, else]");
    if (!argument.items[0].is_string())
        return fail_at(argument.items[0].mark, "Fn::If takes the name of a condition");
    MERIDIAN_TRY(auto const holds, condition(argument.items[0].text, argument.items[0].mark));
    return evaluate(argument.items[holds ? 1 : 2]);
}

Evaluator::Value Evaluator::find_in_map(Node const& argument, Mark mark) {
    if (!argument.is_list() || argument.items.size() < 3 || argument.items.size() > 4)
        return fail_at(mark, "Fn::FindInMap takes a map's name and two keys");
    Node const* fallback = nullptr;
    if (argument.items.size() == 4) {
        MERIDIAN_CHECK(needs_extensions(scope_.language_extensions, "Fn::FindInMap's DefaultValue",
                                        argument.items[3].mark));
        fallback = argument.items[3].find("DefaultValue");
        if (fallback == nullptr)
            return fail_at(argument.items[3].mark,
                           "Fn::FindInMap's fourth argument is {DefaultValue: …}");
    }
    auto const* level = &scope_.mappings;
    for (std::size_t i = 0; i < 3; ++i) {
        MERIDIAN_TRY(auto const key, evaluate_present(argument.items[i], "Fn::FindInMap"));
        if (key.intrinsic() != nullptr)
            return fail_at(key.mark, "Fn::FindInMap: a key that depends on a resource");
        MERIDIAN_TRY(auto const name, text_of(key, "Fn::FindInMap's key"));
        auto const* next = level->find(name);
        if (next == nullptr) {
            if (fallback != nullptr) return evaluate(*fallback);
            return fail_at(argument.items[i].mark,
                           i == 0 ? fmt::format("there is no mapping {}", name)
                                  : fmt::format("the mapping has no key {}", name));
        }
        level = next;
    }
    auto out = *level;
    MERIDIAN_CHECK(charge(out, mark));
    return out;
}

Result<bool> Evaluator::condition(std::string const& name, Mark mark) {
    if (auto const known = decided_.find(name); known != decided_.end()) return known->second;
    auto const* node = scope_.conditions.find(name);
    if (node == nullptr) return fail_at(mark, fmt::format("there is no condition {}", name));
    if (auto const at = std::ranges::find(deciding_, name); at != deciding_.end()) {
        std::vector<std::string> const cycle(at, deciding_.end());
        return fail_at(node->mark, fmt::format("conditions depend on each other: {} -> {}",
                                               fmt::join(cycle, " -> "), name));
    }
    if (deciding_.size() >= kConditionDepthMax)
        return fail_at(
            node->mark,
            fmt::format("more than {} conditions that are made of each other", kConditionDepthMax));
    deciding_.push_back(name);
    MERIDIAN_TRY(auto const holds, boolean(*node));
    deciding_.pop_back();
    decided_.emplace(name, holds);
    return holds;
}

Result<bool> Evaluator::boolean(Node const& node) {
    if (node.is_map() && node.entries.size() == 1) {
        auto const& entry = node.entries.front();
        if (entry.key == "Condition") {
            MERIDIAN_TRY(auto const name, text_of(entry.value, "a condition's name"));
            return condition(name, entry.value.mark);
        }
        if (contains(kConditionFunctions, entry.key))
            return boolean_call(entry.key, entry.value, node.mark);
    }
    MERIDIAN_TRY(auto const value, evaluate_present(node, "a condition"));
    if (auto const known = as_boolean(value)) return *known;
    return fail_at(node.mark,
                   "a condition is made of Fn::And, Fn::Equals, Fn::Not, Fn::Or and "
                   "other conditions");
}

Result<bool> Evaluator::boolean_call(std::string const& function, Node const& argument, Mark mark) {
    auto const takes = [&](std::size_t least, std::size_t most,
                           std::string_view form) -> Result<void> {
        if (argument.is_list() && argument.items.size() >= least && argument.items.size() <= most)
            return {};
        return fail_at(mark, fmt::format("{} takes {}", function, form));
    };
    if (function == "Fn::Equals") {
        MERIDIAN_CHECK(takes(2, 2, "two values"));
        MERIDIAN_TRY(auto const left, evaluate_present(argument.items[0], function));
        MERIDIAN_TRY(auto const right, evaluate_present(argument.items[1], function));
        for (auto const* side : {&left, &right}) {
            if (side->is_symbolic())
                return fail_at(side->mark, "a condition cannot depend on a resource");
        }
        if (left.is_scalar() && right.is_scalar()) return left.text == right.text;
        return to_json(left) == to_json(right);
    }
    if (function == "Fn::Not") {
        MERIDIAN_CHECK(takes(1, 1, "a list of one condition"));
        MERIDIAN_TRY(auto const holds, boolean(argument.items[0]));
        return !holds;
    }
    MERIDIAN_CHECK(takes(2, 10, "two to ten conditions"));
    // All are evaluated, so that an error in one is never hidden by another.
    bool all = true;
    bool any = false;
    for (auto const& item : argument.items) {
        MERIDIAN_TRY(auto const holds, boolean(item));
        all = all && holds;
        any = any || holds;
    }
    return function == "Fn::And" ? all : any;
}

}  // namespace meridian::deploy
