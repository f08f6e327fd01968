#include "policy/condition.h"

#include <gtest/gtest.h>

namespace meridian::policy {
namespace {

using Values = std::vector<std::string>;

RequestContext context_with(Values const& values) {
    RequestContext context;
    for (auto const& value : values) context.add_made("Test:Key", value);
    context.add_made("aws:username", "alice");
    context.add_made("aws:PrincipalTag/team", "red*");
    context.add_made("many", "1");
    context.add_made("many", "2");
    return context;
}

bool holds(std::string_view how, Values const& wanted, Values const& actual,
           bool variables = true) {
    auto const parsed = parse_operator(how);
    if (!parsed) {
        ADD_FAILURE() << how << " is no operator";
        return false;
    }
    auto const condition = Condition::compile(*parsed, "TEST:key", wanted, variables);
    if (!condition) {
        ADD_FAILURE() << how << ": " << condition.error().message;
        return false;
    }
    return condition->holds(context_with(actual));
}

struct ConditionCase {
    char const* how;
    Values wanted;
    Values actual;
    bool holds;
};

// Source: IAM User Guide, "Condition operators", "Set operators", "Variables and tags".
TEST(Condition, ComparesAsDocumented) {
    std::string const function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    ConditionCase const cases[] = {
        {"StringEquals", {"john"}, {"john"}, true},
        {"StringEquals", {"john"}, {"John"}, false},
        {"StringEquals", {"jane", "john"}, {"john"}, true},
        {"StringEquals", {"j*"}, {"john"}, false},
        {"StringEquals", {"j*"}, {"j*"}, true},
        {"StringEquals", {}, {"john"}, false},
        {"StringNotEquals", {"john"}, {"John"}, true},
        {"StringNotEquals", {"jane", "john"}, {"john"}, false},
        {"StringNotEquals", {"jane", "john"}, {"jim"}, true},
        {"StringEqualsIgnoreCase", {"JOHN"}, {"John"}, true},
        {"StringNotEqualsIgnoreCase", {"JOHN"}, {"John"}, false},
        {"StringLike", {"j*n"}, {"john"}, true},
        {"StringLike", {"J*n"}, {"john"}, false},
        {"StringLike", {"j?hn"}, {"john"}, true},
        {"StringLike", {"j?hn"}, {"j\xC3\xB6hn"}, true},
        {"StringLike", {"*:*"}, {"a:b:c"}, true},
        {"StringNotLike", {"j*n"}, {"john"}, false},

        {"StringEquals", {"${aws:username}"}, {"alice"}, true},
        {"StringEquals", {"x${AWS:UserName}y"}, {"xalicey"}, true},
        {"StringEquals", {"${aws:missing}"}, {"alice"}, false},
        {"StringEquals", {"${aws:missing}"}, {"${aws:missing}"}, false},
        {"StringNotEquals", {"${aws:missing}"}, {"alice"}, true},
        {"StringEquals", {"${aws:missing, 'nobody'}"}, {"nobody"}, true},
        {"StringEquals", {"${aws:username, 'nobody'}"}, {"alice"}, true},
        {"StringEquals", {"${many}"}, {"1"}, false},
        {"StringLike", {"${aws:PrincipalTag/team}"}, {"red*"}, true},
        {"StringLike", {"${aws:PrincipalTag/team}"}, {"redder"}, false},
        {"StringLike", {"a${*}b${?}${$}"}, {"a*b?$"}, true},
        {"StringLike", {"a${*}b"}, {"axb"}, false},
        {"StringLike", {"${unfinished"}, {"${unfinished"}, true},

        {"NumericEquals", {"10"}, {"10.0"}, true},
        {"NumericEquals", {"10"}, {"11"}, false},
        {"NumericEquals", {"10"}, {"ten"}, false},
        {"NumericNotEquals", {"10"}, {"11"}, true},
        {"NumericLessThan", {"10"}, {"9"}, true},
        {"NumericLessThan", {"10"}, {"10"}, false},
        {"NumericLessThanEquals", {"10"}, {"10"}, true},
        {"NumericGreaterThan", {"10"}, {"10.5"}, true},
        {"NumericGreaterThan", {"-10"}, {"-11"}, false},
        {"NumericGreaterThanEquals", {"10"}, {"10"}, true},

        {"DateEquals", {"2020-01-01T00:00:00Z"}, {"2020-01-01"}, true},
        {"DateEquals", {"2020-01-01T02:00:00+02:00"}, {"2020-01-01T00:00:00Z"}, true},
        {"DateEquals", {"2020-01-01T00:00:00-01:30"}, {"2020-01-01T01:30:00Z"}, true},
        {"DateEquals", {"1577836800"}, {"2020-01-01T00:00:00Z"}, true},
        {"DateNotEquals", {"1577836800"}, {"2020-01-01T00:00:00.5Z"}, true},
        {"DateLessThan", {"2020-01-01T00:00:00Z"}, {"2019-12-31T23:59:59.999Z"}, true},
        {"DateLessThan", {"2020-01-01T00:00:00Z"}, {"2020-01-01T00:00:00Z"}, false},
        {"DateLessThanEquals", {"2020-01-01T00:00:00Z"}, {"2020-01-01T00:00:00Z"}, true},
        {"DateGreaterThan", {"2020-02-28"}, {"2020-02-29"}, true},
        {"DateGreaterThan", {"-0001-12-31"}, {"0000-01-01"}, true},
        {"DateGreaterThanEquals", {"2020-01"}, {"2020-01-01T00:00:00Z"}, true},

        {"Bool", {"true"}, {"TRUE"}, true},
        {"Bool", {"true"}, {"false"}, false},
        {"Bool", {"false"}, {"false"}, true},
        {"BinaryEquals", {"QmluYXJ5"}, {"QmluYXJ5"}, true},
        {"BinaryEquals", {"QmluYXJ5"}, {"QmluYXJ6"}, false},

        {"IpAddress", {"203.0.113.0/24"}, {"203.0.113.7"}, true},
        {"IpAddress", {"203.0.113.0/24"}, {"203.0.114.7"}, false},
        {"IpAddress", {"203.0.113.7"}, {"203.0.113.7"}, true},
        {"IpAddress", {"203.0.113.0/25"}, {"203.0.113.128"}, false},
        {"IpAddress", {"0.0.0.0/0"}, {"203.0.113.128"}, true},
        {"IpAddress", {"0.0.0.0/0"}, {"2001:db8::1"}, false},
        {"IpAddress", {"2001:DB8:1234:5678::/64"}, {"2001:db8:1234:5678::7"}, true},
        {"IpAddress", {"2001:DB8:1234:5678::/64"}, {"2001:db8:1234:5679::7"}, false},
        {"IpAddress", {"203.0.113.0/24"}, {"not an address"}, false},
        {"NotIpAddress", {"203.0.113.0/24", "10.0.0.0/8"}, {"10.1.1.1"}, false},
        {"NotIpAddress", {"203.0.113.0/24", "10.0.0.0/8"}, {"11.1.1.1"}, true},

        {"ArnLike", {"arn:aws:lambda:*:123456789012:function:*"}, {function}, true},
        {"ArnEquals", {"arn:aws:lambda:*:*:function:?"}, {function}, true},
        {"ArnLike", {"arn:aws:lambda:*:function:f"}, {function}, false},
        {"ArnLike", {"arn:aws:lambda:*"}, {function}, true},
        {"ArnLike", {"arn:aws:lambda"}, {function}, false},
        {"ArnLike", {"*"}, {function}, true},
        {"ArnLike", {"arn:aws:lambda:*:*:function:f"}, {"not an ARN"}, false},
        {"ArnNotLike", {"arn:aws:lambda:*:*:function:g*"}, {function}, true},
        {"ArnNotEquals", {"arn:aws:lambda:*:*:function:f"}, {function}, false},

        // Without the key.
        {"StringEquals", {"x"}, {}, false},
        {"StringNotEquals", {"x"}, {}, true},
        {"NumericLessThan", {"1"}, {}, false},
        {"NotIpAddress", {"1.2.3.4"}, {}, true},
        {"ArnNotLike", {"arn:aws:s3:::x"}, {}, true},
        {"StringEqualsIfExists", {"x"}, {}, true},
        {"StringEqualsIfExists", {"x"}, {"y"}, false},
        {"BoolIfExists", {"false"}, {}, true},
        {"StringNotEqualsIfExists", {"x"}, {}, true},
        {"Null", {"true"}, {}, true},
        {"Null", {"false"}, {}, false},
        {"Null", {"true"}, {"x"}, false},
        {"Null", {"false"}, {"x"}, true},

        // Several values.
        {"ForAllValues:StringEquals", {"a", "b"}, {"a", "b"}, true},
        {"ForAllValues:StringEquals", {"a", "b", "c"}, {"a"}, true},
        {"ForAllValues:StringEquals", {"a", "b"}, {"a", "c"}, false},
        {"ForAllValues:StringEquals", {"a"}, {}, true},
        {"ForAllValues:StringNotEquals", {"a", "b"}, {"c", "d"}, true},
        {"ForAllValues:StringNotEquals", {"a", "b"}, {"a", "d"}, false},
        {"ForAnyValue:StringEquals", {"a", "b"}, {"b", "c"}, true},
        {"ForAnyValue:StringEquals", {"a", "b"}, {"c", "d"}, false},
        {"ForAnyValue:StringEquals", {"a"}, {}, false},
        {"ForAnyValue:StringNotEquals", {"a"}, {}, false},
        {"ForAnyValue:StringNotEquals", {"a"}, {"a", "b"}, true},
        {"ForAnyValue:StringLikeIfExists", {"a*"}, {}, true},
        {"ForAllValues:StringLike", {"a*"}, {"ab", "ac"}, true},
    };
    for (auto const& test : cases) {
        EXPECT_EQ(holds(test.how, test.wanted, test.actual), test.holds)
            << test.how << " " << ::testing::PrintToString(test.wanted) << " of "
            << ::testing::PrintToString(test.actual);
    }
}

TEST(Condition, TakesVariablesForTextInTheOldVersion) {
    EXPECT_FALSE(holds("StringEquals", {"${aws:username}"}, {"alice"}, false));
    EXPECT_TRUE(holds("StringEquals", {"${aws:username}"}, {"${aws:username}"}, false));
}

TEST(Condition, AValueOfTheRequestNeverBecomesAWildcard) {
    auto const how = parse_operator("StringLike");
    auto const condition = Condition::compile(*how, "k", {"${evil}"}, true);
    ASSERT_TRUE(condition);
    RequestContext context;
    context.add("k", "anything");
    context.add("evil", "\xFF");
    EXPECT_FALSE(condition->holds(context));
}

TEST(ConditionOperator, IsKnownByItsExactName) {
    for (auto const* name : {"stringEquals", "StringEqualsIfexists", "IfExists", "", "ForAnyValue:",
                             "ForAnyValue:ForAllValues:Bool", "BoolNot", "NullIfExists"}) {
        EXPECT_FALSE(parse_operator(name)) << name;
    }
}

TEST(Condition, RefusesValuesItCannotCompare) {
    for (auto const& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"NumericEquals", "x"},
                                                          {"NumericEquals", "nan"},
                                                          {"NumericEquals", ""},
                                                          {"Bool", "maybe"},
                                                          {"Null", "maybe"},
                                                          {"IpAddress", "1.2.3.4/33"},
                                                          {"IpAddress", "::/129"},
                                                          {"IpAddress", "1.2.3.4/"},
                                                          {"BinaryEquals", "%"},
                                                          {"DateEquals", "tomorrow"},
                                                          {"DateEquals", "2020-1-1-1"}}) {
        auto const condition = Condition::compile(*parse_operator(name), "k", {value}, true);
        ASSERT_FALSE(condition) << name << " " << value;
        EXPECT_EQ(condition.error().code, Errc::kMalformedPolicyDocument);
    }
}

}  // namespace
}  // namespace meridian::policy
