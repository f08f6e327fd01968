#include "deploy/resource_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/assert.h"

namespace meridian::deploy {
namespace {

using Kind = PropertyRule::Kind;

class RuleParser {
  public:
    explicit RuleParser(std::string_view text) : rest_(text) {}

    PropertyRule rule() {
        auto const first = take();
        switch (first) {
            case 's':
                return {.kind = Kind::kText};
            case 'i':
                return {.kind = Kind::kInteger};
            case 'n':
                return {.kind = Kind::kNumber};
            case 'b':
                return {.kind = Kind::kBoolean};
            case '*':
                return {.kind = Kind::kAny};
            case '[':
                return of(Kind::kList, ']');
            case '<':
                return of(Kind::kMapOf, '>');
            default:
                MERIDIAN_ASSERT(first == '{');
                return object();
        }
    }

  private:
    char take() {
        MERIDIAN_ASSERT(!rest_.empty());
        auto const c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    PropertyRule of(Kind kind, char end) {
        PropertyRule out{.kind = kind};
        out.element.push_back(rule());
        MERIDIAN_ASSERT(take() == end);
        return out;
    }

    PropertyRule object() {
        PropertyRule out{.kind = Kind::kObject};
        while (true) {
            while (rest_.starts_with(' ')) rest_.remove_prefix(1);
            if (rest_.starts_with('}')) break;
            auto const colon = rest_.find(':');
            MERIDIAN_ASSERT(colon != std::string_view::npos);
            PropertyRule::Member member{.name = std::string(rest_.substr(0, colon))};
            rest_.remove_prefix(colon + 1);
            if (member.name.ends_with('!')) {
                member.required = true;
                member.name.pop_back();
            }
            member.rule = rule();
            out.members.push_back(std::move(member));
        }
        take();
        return out;
    }

    std::string_view rest_;
};

Result<nlohmann::json> apply_scalar(Node const& node, Kind kind, std::string const& where) {
    auto const wrong = [&](std::string_view wanted) {
        auto const is = node.is_scalar() ? node.text : std::string(describe_kind(node));
        return fail_at(node.mark, fmt::format("{} is {}, not {}", where, wanted, is));
    };
    if (!node.is_scalar()) {
        return wrong(kind == Kind::kText      ? "a text"
                     : kind == Kind::kBoolean ? "true or false"
                                              : "a number");
    }
    if (kind == Kind::kText) return node.text;
    if (kind == Kind::kBoolean) {
        auto const value = as_boolean(node);
        if (!value) return wrong("true or false");
        return *value;
    }
    auto number = nlohmann::json::parse(node.text, nullptr, false);
    if (kind == Kind::kNumber) {
        if (!number.is_number()) return wrong("a number");
        return number;
    }
    if (!number.is_number_integer()) return wrong("a whole number");
    return number;
}

Result<nlohmann::json> apply_object(Node const& node, PropertyRule const& rule,
                                    std::string const& where) {
    if (!node.is_map())
        return fail_at(node.mark, fmt::format("{} is a map, not {}", where, describe_kind(node)));
    auto out = nlohmann::json::object();
    for (auto const& entry : node.entries) {
        auto const member = std::ranges::find(rule.members, entry.key, &PropertyRule::Member::name);
        if (member == rule.members.end()) {
            std::vector<std::string_view> names;
            for (auto const& known : rule.members) names.push_back(known.name);
            return fail_at(entry.mark, fmt::format("{} has no property {} (it has {})", where,
                                                   entry.key, fmt::join(names, ", ")));
        }
        MERIDIAN_TRY(out[entry.key],
                     apply_rule(entry.value, member->rule, where + "." + entry.key));
    }
    for (auto const& member : rule.members) {
        if (member.required && !out.contains(member.name))
            return fail_at(node.mark, fmt::format("{} needs the property {}", where, member.name));
    }
    return out;
}

}  // namespace

Result<void> check_rule(Node const& node, PropertyRule const& rule, std::string const& where) {
    MERIDIAN_CHECK(apply_rule(node, rule, where));
    return {};
}

PropertyRule parse_rule(std::string_view text) { return RuleParser(text).rule(); }

Result<nlohmann::json> apply_rule(Node const& node, PropertyRule const& rule,
                                  std::string const& where) {
    if (node.is_null()) return fail_at(node.mark, fmt::format("{} has no value", where));
    if (node.intrinsic() != nullptr || rule.kind == Kind::kAny) return to_json(node);
    switch (rule.kind) {
        case Kind::kObject:
            return apply_object(node, rule, where);
        case Kind::kMapOf: {
            if (!node.is_map())
                return fail_at(node.mark,
                               fmt::format("{} is a map, not {}", where, describe_kind(node)));
            auto out = nlohmann::json::object();
            for (auto const& entry : node.entries) {
                MERIDIAN_TRY(out[entry.key], apply_rule(entry.value, rule.element.front(),
                                                        where + "." + entry.key));
            }
            return out;
        }
        case Kind::kList: {
            if (!node.is_list())
                return fail_at(node.mark,
                               fmt::format("{} is a list, not {}", where, describe_kind(node)));
            auto out = nlohmann::json::array();
            for (auto const& item : node.items) {
                MERIDIAN_TRY(auto value, apply_rule(item, rule.element.front(), where));
                out.push_back(std::move(value));
            }
            return out;
        }
        default:
            return apply_scalar(node, rule.kind, where);
    }
}

}  // namespace meridian::deploy
