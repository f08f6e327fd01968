#include "policy/condition.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/contains.h"
#include "base/encoding.h"

namespace meridian::policy {

namespace {

struct OperatorName {
    std::string_view name;
    Comparison comparison;
    bool negated = false;
};

constexpr auto kOperators = std::to_array<OperatorName>({
    {"StringEquals", Comparison::kStringEquals},
    {"StringNotEquals", Comparison::kStringEquals, true},
    {"StringEqualsIgnoreCase", Comparison::kStringEqualsIgnoreCase},
    {"StringNotEqualsIgnoreCase", Comparison::kStringEqualsIgnoreCase, true},
    {"StringLike", Comparison::kStringLike},
    {"StringNotLike", Comparison::kStringLike, true},
    {"NumericEquals", Comparison::kNumericEquals},
    {"NumericNotEquals", Comparison::kNumericEquals, true},
    {"NumericLessThan", Comparison::kNumericLessThan},
    {"NumericLessThanEquals", Comparison::kNumericLessThanEquals},
    {"NumericGreaterThan", Comparison::kNumericGreaterThan},
    {"NumericGreaterThanEquals", Comparison::kNumericGreaterThanEquals},
    {"DateEquals", Comparison::kDateEquals},
    {"DateNotEquals", Comparison::kDateEquals, true},
    {"DateLessThan", Comparison::kDateLessThan},
    {"DateLessThanEquals", Comparison::kDateLessThanEquals},
    {"DateGreaterThan", Comparison::kDateGreaterThan},
    {"DateGreaterThanEquals", Comparison::kDateGreaterThanEquals},
    {"Bool", Comparison::kBool},
    {"BinaryEquals", Comparison::kBinaryEquals},
    {"IpAddress", Comparison::kIpAddress},
    {"NotIpAddress", Comparison::kIpAddress, true},
    {"ArnEquals", Comparison::kArnLike},
    {"ArnNotEquals", Comparison::kArnLike, true},
    {"ArnLike", Comparison::kArnLike},
    {"ArnNotLike", Comparison::kArnLike, true},
    {"Null", Comparison::kNull},
});

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

// `actual` on the left: NumericLessThan holds where the request's value is the lesser.
template <typename T>
bool compares(Comparison comparison, T const& actual, T const& wanted) {
    switch (comparison) {
        case Comparison::kNumericLessThan:
        case Comparison::kDateLessThan:
            return actual < wanted;
        case Comparison::kNumericLessThanEquals:
        case Comparison::kDateLessThanEquals:
            return actual <= wanted;
        case Comparison::kNumericGreaterThan:
        case Comparison::kDateGreaterThan:
            return actual > wanted;
        case Comparison::kNumericGreaterThanEquals:
        case Comparison::kDateGreaterThanEquals:
            return actual >= wanted;
        default:
            return actual == wanted;
    }
}

// Whether `parsed` was read and `fits` one of `wanted`.
template <typename Parsed, typename List, typename Fits>
bool fits_any(std::optional<Parsed> const& parsed, List const& wanted, Fits fits) {
    return parsed &&
           std::ranges::any_of(wanted, [&](auto const& one) { return fits(*parsed, one); });
}

// All of the policy's values, read by `parse`; nothing if one cannot be.
template <typename List, typename Parse>
std::optional<List> read_all(std::vector<std::string> const& values, Parse parse) {
    List out;
    for (auto const& value : values) {
        auto parsed = parse(value);
        if (!parsed) return std::nullopt;
        out.push_back(std::move(*parsed));
    }
    return out;
}

}  // namespace

std::optional<ConditionOperator> parse_operator(std::string_view name) {
    using Quantifier = ConditionOperator::Quantifier;
    ConditionOperator out;
    if (take_prefix(name, "ForAnyValue:")) {
        out.quantifier = Quantifier::kForAnyValue;
    } else if (take_prefix(name, "ForAllValues:")) {
        out.quantifier = Quantifier::kForAllValues;
    }
    if (name.ends_with("IfExists")) {
        out.if_exists = true;
        name.remove_suffix(std::string_view("IfExists").size());
    }
    auto const* const found = std::ranges::find(kOperators, name, &OperatorName::name);
    if (found == kOperators.end()) return std::nullopt;
    if (found->comparison == Comparison::kNull && out.if_exists) return std::nullopt;
    out.comparison = found->comparison;
    out.negated = found->negated;
    return out;
}

Result<Condition> Condition::compile(ConditionOperator how, std::string_view key,
                                     std::vector<std::string> const& values, bool variables) {
    Condition out(how, lowered(key));
    auto const keep = [&out](auto list) {
        if (list) out.wanted_ = std::move(*list);
        return list.has_value();
    };
    bool good = true;
    switch (how.comparison) {
        case Comparison::kStringEquals:
        case Comparison::kStringEqualsIgnoreCase:
        case Comparison::kStringLike:
        case Comparison::kArnLike: {
            bool const wildcards =
                how.comparison == Comparison::kStringLike || how.comparison == Comparison::kArnLike;
            Texts texts;
            for (auto const& value : values) {
                texts.emplace_back(
                    value, TextPattern::Options{.wildcards = wildcards, .variables = variables});
            }
            out.wanted_ = std::move(texts);
            break;
        }
        case Comparison::kNumericEquals:
        case Comparison::kNumericLessThan:
        case Comparison::kNumericLessThanEquals:
        case Comparison::kNumericGreaterThan:
        case Comparison::kNumericGreaterThanEquals:
            good = keep(read_all<Numbers>(values, parse_number));
            break;
        case Comparison::kDateEquals:
        case Comparison::kDateLessThan:
        case Comparison::kDateLessThanEquals:
        case Comparison::kDateGreaterThan:
        case Comparison::kDateGreaterThanEquals:
            good = keep(read_all<Instants>(values, parse_instant));
            break;
        case Comparison::kBool:
        case Comparison::kNull:
            good = keep(read_all<Bools>(values, parse_bool));
            break;
        case Comparison::kBinaryEquals:
            good = keep(read_all<Bytes>(values, from_base64));
            break;
        case Comparison::kIpAddress:
            good = keep(read_all<Blocks>(values, parse_address_block));
            break;
    }
    // REC for dates; GUESS for the others, which could otherwise never hold and a Deny of which
    // would deny nothing.
    if (!good) return fail(Errc::kMalformedPolicyDocument, "The policy failed legacy parsing");
    return out;
}

bool Condition::matches_text(Texts const& wanted, std::string_view value,
                             RequestContext const& context) const {
    std::string buffer;
    return std::ranges::any_of(wanted, [&](TextPattern const& pattern) {
        auto const text = pattern.fill(context, buffer);
        if (!text) return false;
        switch (how_.comparison) {
            case Comparison::kStringEqualsIgnoreCase:
                return equals_ignoring_case(*text, value);
            case Comparison::kStringLike:
                return matches_wildcards(*text, value);
            case Comparison::kArnLike:
                return matches_arn(*text, value);
            default:
                return *text == value;
        }
    });
}

bool Condition::matches_one(std::string_view value, RequestContext const& context) const {
    auto const compare = [this](auto const& actual, auto const& one) {
        return compares(how_.comparison, actual, one);
    };
    if (auto const* texts = std::get_if<Texts>(&wanted_))
        return matches_text(*texts, value, context);
    if (auto const* numbers = std::get_if<Numbers>(&wanted_))
        return fits_any(parse_number(value), *numbers, compare);
    if (auto const* instants = std::get_if<Instants>(&wanted_))
        return fits_any(parse_instant(value), *instants, compare);
    if (auto const* bools = std::get_if<Bools>(&wanted_))
        return fits_any(parse_bool(value), *bools, std::equal_to<>{});
    if (auto const* bytes = std::get_if<Bytes>(&wanted_))
        return fits_any(from_base64(value), *bytes, std::equal_to<>{});
    return fits_any(parse_address_block(value), std::get<Blocks>(wanted_),
                    [](AddressBlock const& actual, AddressBlock const& block) {
                        return block.contains(actual);
                    });
}

bool Condition::holds(RequestContext const& context) const {
    using Quantifier = ConditionOperator::Quantifier;
    std::size_t values = 0;
    std::size_t passed = 0;
    bool const asks_presence = how_.comparison == Comparison::kNull;
    context.for_each(key_, [&](std::string_view value) {
        ++values;
        if (!asks_presence && matches_one(value, context) != how_.negated) ++passed;
    });
    if (asks_presence) {
        return contains(std::get<Bools>(wanted_), values == 0);
    }
    if (values == 0) {
        if (how_.if_exists || how_.quantifier == Quantifier::kForAllValues) return true;
        return how_.negated && how_.quantifier == Quantifier::kNone;
    }
    bool const all = how_.quantifier == Quantifier::kForAllValues ||
                     (how_.quantifier == Quantifier::kNone && how_.negated);
    return all ? passed == values : passed > 0;
}

}  // namespace meridian::policy
