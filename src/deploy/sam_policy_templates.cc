#include "deploy/sam_policy_templates.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/contains.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto const space = text.find(' ');
        if (space != 0) out.push_back(text.substr(0, space));
        if (space == std::string_view::npos) break;
        text.remove_prefix(space + 1);
    }
    return out;
}

std::string long_form(std::string_view pattern) {
    if (!pattern.starts_with('~')) return std::string(pattern);
    auto const colon = pattern.find(':');
    return fmt::format("arn:${{AWS::Partition}}:{}:${{AWS::Region}}:${{AWS::AccountId}}:{}",
                       pattern.substr(1, colon - 1), pattern.substr(colon + 1));
}

// Fills a table's pattern in; remembers the parameters that it uses.
class Filler {
  public:
    Filler(Node const& parameters, PolicyPlace const& place, Mark mark)
        : parameters_(parameters), place_(place), mark_(mark) {}

    Result<Node> fill(std::string_view pattern) {
        auto parts = Node::list({}, mark_);
        MERIDIAN_TRY(auto const pieces, sub_pieces(long_form(pattern), mark_));
        for (auto const& piece : pieces) {
            MERIDIAN_TRY(auto part,
                         piece.variable ? variable(piece.text) : Node::string(piece.text, mark_));
            parts.items.push_back(std::move(part));
        }
        auto arguments = Node::list({}, mark_);
        arguments.items.push_back(Node::string({}, mark_));
        arguments.items.push_back(std::move(parts));
        return join(mark_, std::move(arguments));
    }

    [[nodiscard]] std::vector<std::string> const& used() const { return used_; }

  private:
    Result<Node> variable(std::string const& name) {
        if (name == "AWS::Partition") return Node::string("aws", mark_);
        if (name == "AWS::Region") return Node::string(place_.region, mark_);
        if (name == "AWS::AccountId") return Node::string(place_.account, mark_);
        if (!contains(used_, name)) used_.push_back(name);
        auto const* value = parameters_.find(name);
        if (value == nullptr)
            return fail_at(mark_, fmt::format("the policy template needs the parameter {}", name));
        return *value;
    }

    Node const& parameters_;
    PolicyPlace const& place_;
    Mark mark_;
    std::vector<std::string> used_;
};

Result<Node> expand_statement(PolicyStatement const& row, Filler& filler, Mark mark) {
    auto out = Node::map(mark);
    out.set("Effect", Node::string("Allow", mark));
    auto actions = Node::list({}, mark);
    for (auto const action : words(row.actions))
        actions.items.push_back(Node::string(fmt::format("{}:{}", row.service, action), mark));
    out.set("Action", std::move(actions));
    auto resources = Node::list({}, mark);
    for (auto const pattern : words(row.resources)) {
        MERIDIAN_TRY(auto resource, filler.fill(pattern));
        resources.items.push_back(std::move(resource));
    }
    if (resources.items.size() == 1) {
        auto only = std::move(resources.items.front());
        resources = std::move(only);
    }
    out.set("Resource", std::move(resources));
    if (!row.condition_key.empty()) {
        MERIDIAN_TRY(auto value, filler.fill(row.condition_value));
        auto equals = Node::map(mark);
        equals.set(std::string(row.condition_key), std::move(value));
        auto condition = Node::map(mark);
        condition.set("StringEquals", std::move(equals));
        out.set("Condition", std::move(condition));
    }
    return out;
}

}  // namespace

Result<Node> expand_policy_template(Node::Entry const& named, PolicyPlace const& place) {
    auto const table = policy_templates();
    auto const found = std::ranges::find(table, named.key, &PolicyTemplate::name);
    if (found == table.end())
        return fail_at(named.mark,
                       fmt::format("there is no SAM policy template {}; a policy is a managed "
                                   "policy's name or ARN, a document with Statement, or a template",
                                   named.key));
    if (!named.value.is_map() && !named.value.is_null())
        return fail_at(named.value.mark, fmt::format("{} takes a map of parameters", named.key));
    Filler filler(named.value, place, named.mark);
    auto statements = Node::list({}, named.mark);
    for (auto const& row : found->statements) {
        MERIDIAN_TRY(auto statement, expand_statement(row, filler, named.mark));
        statements.items.push_back(std::move(statement));
    }
    for (auto const& parameter : named.value.entries) {
        if (!contains(filler.used(), parameter.key))
            return fail_at(
                parameter.mark,
                fmt::format("{} has no parameter {} (it has {})", named.key, parameter.key,
                            filler.used().empty()
                                ? "none"
                                : fmt::format("{}", fmt::join(filler.used(), ", "))));
    }
    auto document = Node::map(named.mark);
    document.set("Version", Node::string("2012-10-17", named.mark));
    document.set("Statement", std::move(statements));
    return document;
}

}  // namespace meridian::deploy
