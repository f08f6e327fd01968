#pragma once
// One condition of a statement: an operator, a key and the values it is compared with. Immutable;
// any thread. Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set
// operators for multivalued context keys".

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "policy/condition_values.h"
#include "policy/request_context.h"
#include "policy/text_pattern.h"

namespace meridian::policy {

enum class Comparison {
    kStringEquals,
    kStringEqualsIgnoreCase,
    kStringLike,
    kNumericEquals,
    kNumericLessThan,
    kNumericLessThanEquals,
    kNumericGreaterThan,
    kNumericGreaterThanEquals,
    kDateEquals,
    kDateLessThan,
    kDateLessThanEquals,
    kDateGreaterThan,
    kDateGreaterThanEquals,
    kBool,
    kBinaryEquals,
    kIpAddress,
    kArnLike,  // ArnEquals is the same
    kNull,
};

// "ForAnyValue:StringNotLikeIfExists", taken apart.
struct ConditionOperator {
    // How a request's several values count: each must pass, or one.
    enum class Quantifier { kNone, kForAnyValue, kForAllValues };

    Comparison comparison = Comparison::kStringEquals;
    bool negated = false;  // "StringNotEquals": no value of the policy may match
    Quantifier quantifier = Quantifier::kNone;
    bool if_exists = false;  // a request without the key passes

    bool operator==(ConditionOperator const&) const = default;
};
// Nothing for a name that is no operator.
[[nodiscard]] std::optional<ConditionOperator> parse_operator(std::string_view name);

class Condition {
  public:
    // kMalformedPolicyDocument for a value that the operator cannot compare. `variables`: the
    // document's version has them.
    [[nodiscard]] static Result<Condition> compile(ConditionOperator how, std::string_view key,
                                                   std::vector<std::string> const& values,
                                                   bool variables);

    [[nodiscard]] bool holds(RequestContext const& context) const;

  private:
    // What the values of the policy became, by operator.
    using Texts = std::vector<TextPattern>;
    using Numbers = std::vector<double>;
    using Instants = std::vector<Instant>;
    using Bools = std::vector<bool>;
    using Bytes = std::vector<std::string>;
    using Blocks = std::vector<AddressBlock>;

    Condition(ConditionOperator how, std::string key) : how_(how), key_(std::move(key)) {}

    // Whether one of the policy's values matches this one of the request.
    [[nodiscard]] bool matches_one(std::string_view value, RequestContext const& context) const;
    [[nodiscard]] bool matches_text(Texts const& wanted, std::string_view value,
                                    RequestContext const& context) const;

    ConditionOperator how_;
    std::string key_;  // lower case
    std::variant<Texts, Numbers, Instants, Bools, Bytes, Blocks> wanted_;
};

}  // namespace meridian::policy
