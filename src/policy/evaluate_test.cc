#include "policy/evaluate.h"

#include <algorithm>
#include <array>
#include <deque>

#include <gtest/gtest.h>

namespace meridian::policy {
namespace {

constexpr std::string_view kHome = "111111111111";
constexpr std::string_view kAway = "222222222222";
constexpr std::string_view kFunction = "arn:aws:lambda:us-east-1:111111111111:function:f";

Principal const kRoot{
    .kind = Principal::Kind::kRoot, .account = kHome, .arn = "arn:aws:iam::111111111111:root"};
Principal const kAlice{.kind = Principal::Kind::kUser,
                       .account = kHome,
                       .arn = "arn:aws:iam::111111111111:user/alice"};
Principal const kSession{.kind = Principal::Kind::kAssumedRole,
                         .account = kHome,
                         .arn = "arn:aws:sts::111111111111:assumed-role/r/s",
                         .role_arn = "arn:aws:iam::111111111111:role/path/r"};
Principal const kStranger{
    .kind = Principal::Kind::kUser, .account = kAway, .arn = "arn:aws:iam::222222222222:user/bob"};
Principal const kStrangersRoot{
    .kind = Principal::Kind::kRoot, .account = kAway, .arn = "arn:aws:iam::222222222222:root"};
Principal const kBucket{
    .kind = Principal::Kind::kService, .arn = "s3.amazonaws.com", .service = "s3.amazonaws.com"};
Principal const kNobody{};

// The documents of one case; they stay where they are.
class Written {
  public:
    Document const* add(DocumentKind kind, std::string_view statements) {
        auto parsed = Document::parse(
            kind, R"({"Version":"2012-10-17","Statement":[)" + std::string(statements) + "]}");
        if (!parsed) {
            ADD_FAILURE() << parsed.error().message << ": " << statements;
            return nullptr;
        }
        return &documents_.emplace_back(std::move(*parsed));
    }

  private:
    std::deque<Document> documents_;
};

constexpr char const* kAllow =
    R"({"Effect":"Allow","Action":"lambda:Invoke*","Resource":"arn:aws:lambda:*:*:function:f"})";
constexpr char const* kDeny = R"({"Effect":"Deny","Action":"*","Resource":"*"})";
constexpr char const* kOther = R"({"Effect":"Allow","Action":"s3:*","Resource":"*"})";

std::string naming(std::string_view principal, std::string_view effect = "Allow",
                   std::string_view member = "Principal") {
    return R"({"Effect":")" + std::string(effect) + R"(",")" + std::string(member) + R"(":)" +
           std::string(principal) + R"(,"Action":"lambda:InvokeFunction","Resource":")" +
           std::string(kFunction) + R"("})";
}

struct EvaluateCase {
    char const* name;
    Principal const& who;
    std::string identity = {};
    std::string resource = {};
    std::string session = {};
    std::string boundary = {};
    char const* outcome = "";  // "allowed", "deny TYPE" or "no TYPE"
};

std::string words_of(Decision const& decision) {
    static constexpr char const* kTypes[] = {"identity", "resource", "boundary", "session"};
    if (decision.allowed()) return "allowed";
    auto const* const type = kTypes[static_cast<std::size_t>(decision.because)];
    return (decision.outcome == Decision::Outcome::kExplicitDeny ? "deny " : "no ") +
           std::string(type);
}

Decision decide(EvaluateCase const& test, std::string_view resource = kFunction,
                bool trust = false) {
    Written written;
    std::vector<Document const*> identity;
    std::vector<Document const*> of_resource;
    if (!test.identity.empty())
        identity.push_back(written.add(DocumentKind::kIdentity, test.identity));
    if (!test.resource.empty())
        of_resource.push_back(written.add(DocumentKind::kResource, test.resource));
    Policies policies{.identity = identity, .resource = of_resource};
    if (!test.session.empty())
        policies.session = written.add(DocumentKind::kIdentity, test.session);
    if (!test.boundary.empty())
        policies.boundary = written.add(DocumentKind::kIdentity, test.boundary);
    RequestContext const context;
    return evaluate({.principal = test.who,
                     .action = "lambda:InvokeFunction",
                     .resource = resource,
                     .resource_account = kHome,
                     .context = context,
                     .resource_policy_required = trust},
                    policies);
}

// Source: IAM User Guide, "Policy evaluation for requests within a single account",
// "Cross-account policy evaluation logic", "Session policies", "Permissions boundaries".
TEST(Evaluate, DecidesAsDocumented) {
    auto const account = naming(R"({"AWS":"111111111111"})");
    auto const user = naming(R"({"AWS":"arn:aws:iam::111111111111:user/alice"})");
    auto const role = naming(R"({"AWS":"arn:aws:iam::111111111111:role/path/r"})");
    auto const session = naming(R"({"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"})");
    auto const everyone = naming(R"("*")");
    auto const away = naming(R"({"AWS":"arn:aws:iam::222222222222:root"})");
    auto const bob = naming(R"({"AWS":"arn:aws:iam::222222222222:user/bob"})");
    auto const bucket = naming(R"({"Service":["sns.amazonaws.com","s3.amazonaws.com"]})");
    EvaluateCase const cases[] = {
        {"nothing", kAlice, "", "", "", "", "no identity"},
        {"identity allows", kAlice, kAllow, "", "", "", "allowed"},
        {"identity allows another thing", kAlice, kOther, "", "", "", "no identity"},
        {"identity allows and denies", kAlice, std::string(kAllow) + "," + kDeny, "", "", "",
         "deny identity"},
        {"resource names the user", kAlice, "", user, "", "", "allowed"},
        {"resource names everyone", kAlice, "", everyone, "", "", "allowed"},
        {"resource names another", kAlice, "", bob, "", "", "no identity"},
        {"resource names the account, which must hand it on", kAlice, "", account, "", "",
         "no identity"},
        {"resource names the account, which does", kAlice, kAllow, account, "", "", "allowed"},
        {"resource names the user, identity denies", kAlice, kDeny, user, "", "", "deny identity"},
        {"resource denies", kAlice, kAllow, naming(R"("*")", "Deny"), "", "", "deny resource"},
        {"resource denies the account", kAlice, kAllow, naming(R"({"AWS":"111111111111"})", "Deny"),
         "", "", "deny resource"},
        {"boundary allows", kAlice, kAllow, "", "", kAllow, "allowed"},
        {"boundary does not", kAlice, kAllow, "", "", kOther, "no boundary"},
        {"boundary alone gives nothing", kAlice, "", "", "", kAllow, "no identity"},
        {"boundary denies", kAlice, kAllow, "", "", kDeny, "deny boundary"},
        {"boundary does not hold back what names the user", kAlice, "", user, "", kOther,
         "allowed"},

        {"session, identity allows", kSession, kAllow, "", "", "", "allowed"},
        {"session, both allow", kSession, kAllow, "", kAllow, "", "allowed"},
        {"session policy does not", kSession, kAllow, "", kOther, "", "no session"},
        {"session policy alone gives nothing", kSession, "", "", kAllow, "", "no identity"},
        {"session policy denies", kSession, kAllow, "", kDeny, "", "deny session"},
        {"resource names the role", kSession, "", role, "", "", "allowed"},
        {"resource names the role, held back by its session", kSession, "", role, kOther, "",
         "no session"},
        {"resource names the role, held back by its boundary", kSession, "", role, "", kOther,
         "no boundary"},
        {"resource names the session, not held back", kSession, "", session, kOther, kOther,
         "allowed"},
        {"resource names the session, its policy denies", kSession, "", session, kDeny, "",
         "deny session"},
        {"resource names everyone, held back", kSession, "", everyone, kOther, "", "no session"},

        {"root", kRoot, "", "", "", "", "allowed"},
        {"root, denied by the resource", kRoot, "", naming(R"("*")", "Deny"), "", "",
         "deny resource"},
        {"another's root", kStrangersRoot, "", "", "", "", "no resource"},
        {"another's root, let in", kStrangersRoot, "", away, "", "", "allowed"},

        {"across accounts, identity only", kStranger, kAllow, "", "", "", "no resource"},
        {"across accounts, neither", kStranger, "", "", "", "", "no resource"},
        {"across accounts, resource only", kStranger, "", bob, "", "", "no identity"},
        {"across accounts, both", kStranger, kAllow, bob, "", "", "allowed"},
        {"across accounts, the account and identity", kStranger, kAllow, away, "", "", "allowed"},
        {"across accounts, everyone needs identity too", kStranger, "", everyone, "", "",
         "no identity"},
        {"across accounts, identity denies", kStranger, kDeny, bob, "", "", "deny identity"},
        {"across accounts, a boundary holds back", kStranger, kAllow, bob, "", kOther,
         "no boundary"},

        {"a service", kBucket, "", bucket, "", "", "allowed"},
        {"a service that is not named", kBucket, "", user, "", "", "no resource"},
        {"nobody", kNobody, "", bucket, "", "", "no resource"},
        {"nobody, where everyone may", kNobody, "", everyone, "", "", "allowed"},

        {"all but alice are denied: alice", kAlice, kAllow,
         naming(R"({"AWS":["111111111111","arn:aws:iam::111111111111:user/alice"]})", "Deny",
                "NotPrincipal"),
         "", "", "allowed"},
        {"all but bob are denied: alice", kAlice, kAllow,
         naming(R"({"AWS":["222222222222","arn:aws:iam::222222222222:user/bob"]})", "Deny",
                "NotPrincipal"),
         "", "", "deny resource"},
        {"all but the role are denied: the session is not named", kSession, kAllow,
         naming(R"({"AWS":["111111111111","arn:aws:iam::111111111111:role/path/r"]})", "Deny",
                "NotPrincipal"),
         "", "", "deny resource"},
        {"all but bob are allowed: alice", kAlice, "",
         naming(R"({"AWS":"arn:aws:iam::222222222222:user/bob"})", "Allow", "NotPrincipal"), "", "",
         "allowed"},
        {"all but bob are allowed: bob", kStranger, kAllow,
         naming(R"({"AWS":"arn:aws:iam::222222222222:user/bob"})", "Allow", "NotPrincipal"), "", "",
         "no resource"},
    };
    for (auto const& test : cases) EXPECT_EQ(words_of(decide(test)), test.outcome) << test.name;
}

// A role's trust policy must allow by itself, also within its account.
TEST(Evaluate, ARequiredResourcePolicyIsNotReplacedByIdentity) {
    EXPECT_EQ(words_of(decide({"", kAlice, kAllow, ""}, kFunction, true)), "no resource");
    EXPECT_EQ(words_of(decide({"", kAlice, kAllow, naming(R"({"AWS":"111111111111"})")}, kFunction,
                              true)),
              "allowed");
    EXPECT_EQ(
        words_of(decide({"", kAlice, "", naming(R"({"AWS":"111111111111"})")}, kFunction, true)),
        "no identity");
    EXPECT_EQ(words_of(decide(
                  {"", kAlice, "", naming(R"({"AWS":"arn:aws:iam::111111111111:user/alice"})")},
                  kFunction, true)),
              "allowed");
}

struct MatchCase {
    char const* action;
    char const* resource;
    char const* asked;
    bool allowed;
};

TEST(Evaluate, MatchesActionsAndResources) {
    constexpr char const* kF = "arn:aws:lambda:us-east-1:111111111111:function:f";
    constexpr char const* kAlias = "arn:aws:lambda:us-east-1:111111111111:function:f:PROD";
    MatchCase const cases[] = {
        {R"("Action":"LAMBDA:invokefunction")", R"("Resource":"*")", kF, true},
        {R"("Action":"lambda:Invoke?unction")", R"("Resource":"*")", kF, true},
        {R"("Action":"lambda:*")", R"("Resource":"*")", "*", true},
        {R"("Action":"*:InvokeFunction")", R"("Resource":"*")", kF, true},
        {R"("NotAction":"lambda:Invoke*")", R"("Resource":"*")", kF, false},
        {R"("NotAction":["iam:*","sts:*"])", R"("Resource":"*")", kF, true},
        {R"("Action":"lambda:GetFunction")", R"("Resource":"*")", kF, false},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:function:f")", kF, true},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:function:f")", kAlias, false},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:function:f:*")", kAlias, true},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:function:*:PROD")", kAlias, true},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:function:f*")", kAlias, true},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:Function:f")", kF, false},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:function:f")", kF, false},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*")", kF, true},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:eu-*:*:*")", kF, false},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*")", "*", false},
        {R"("Action":"*")", R"("NotResource":"arn:aws:lambda:*:*:function:g")", kF, true},
        {R"("Action":"*")", R"("NotResource":"arn:aws:lambda:*:*:function:f*")", kF, false},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:function:${aws:username}")", kF,
         false},
        {R"("Action":"*")", R"("Resource":"arn:aws:lambda:*:*:function:${aws:username, 'f'}")", kF,
         true},
    };
    for (auto const& test : cases) {
        auto const statement = R"({"Effect":"Allow",)" + std::string(test.action) + "," +
                               std::string(test.resource) + "}";
        EXPECT_EQ(decide({"", kAlice, statement}, test.asked).allowed(), test.allowed)
            << test.action << " " << test.resource << " asked " << test.asked;
    }
}

TEST(Evaluate, FillsVariablesFromTheRequest) {
    Written written;
    auto const* const own = written.add(
        DocumentKind::kIdentity,
        R"({"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"})");
    RequestContext context;
    context.add("aws:username", "alice");
    auto const ask = [&](std::string_view user) {
        return evaluate({.principal = kAlice,
                         .action = "iam:GetUser",
                         .resource = user,
                         .resource_account = kHome,
                         .context = context},
                        {.identity = {&own, 1}})
            .allowed();
    };
    EXPECT_TRUE(ask("arn:aws:iam::111111111111:user/alice"));
    EXPECT_FALSE(ask("arn:aws:iam::111111111111:user/bob"));
}

// Three statements, each in every order, each with every effect: order never matters, a deny that
// applies always wins, and one more allow never takes anything away.
TEST(Evaluate, OrderDoesNotMatterDenyWinsAndAllowsOnlyAdd) {
    static constexpr std::array<std::string_view, 6> kParts = {
        R"("Action":"lambda:InvokeFunction","Resource":"*")",
        R"("NotAction":"lambda:*","Resource":"*")",
        R"("Action":"*","NotResource":"arn:aws:lambda:*:*:function:g")",
        R"("Action":"lambda:Get*","Resource":"*")",
        R"("Action":"lambda:*","Resource":"*","Condition":{"StringEquals":{"aws:username":"x"}})",
        R"("Action":"lambda:*","Resource":"*","Condition":{"StringNotEquals":{"aws:username":"x"}})"};
    auto const statement = [](std::size_t part, bool allow) {
        return R"({"Effect":")" + std::string(allow ? "Allow" : "Deny") + "\"," +
               std::string(kParts[part]) + "}";
    };
    auto const applies = [&](std::size_t part) {
        return decide({"", kAlice, statement(part, true)}).allowed();
    };
    for (std::size_t set = 0; set < 6 * 6 * 6 * 8; ++set) {
        std::array<std::size_t, 3> order = {0, 1, 2};
        std::array<std::size_t, 3> const parts = {set % 6, set / 6 % 6, set / 36 % 6};
        if (!std::ranges::is_sorted(parts)) continue;  // the same three in another order
        auto const allow = [&](std::size_t i) { return ((set / 216) >> i & 1U) != 0; };
        bool denied = false;
        bool granted = false;
        for (auto const i : order) {
            if (!applies(parts[i])) continue;
            (allow(i) ? granted : denied) = true;
        }
        do {
            std::string text;
            for (auto const i : order) {
                if (!text.empty()) text += ",";
                text += statement(parts[i], allow(i));
            }
            ASSERT_EQ(decide({"", kAlice, text}).allowed(), granted && !denied) << text;
            if (granted && !denied)
                ASSERT_TRUE(decide({"", kAlice, text + "," + statement(3, true)}).allowed());
        } while (std::ranges::next_permutation(order).found);
    }
}

TEST(DenialText, SaysWhichPolicyAsAwsDoes) {
    RequestContext const context;
    Request const request{.principal = kAlice,
                          .action = "lambda:InvokeFunction",
                          .resource = kFunction,
                          .resource_account = kHome,
                          .context = context};
    std::string const head =
        "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: "
        "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:111111111111:function:f ";
    using Outcome = Decision::Outcome;
    EXPECT_EQ(denial_text(request, {Outcome::kNotAllowed, PolicyType::kIdentity}),
              head + "because no identity-based policy allows the lambda:InvokeFunction action");
    EXPECT_EQ(denial_text(request, {Outcome::kNotAllowed, PolicyType::kResource}),
              head + "because no resource-based policy allows the lambda:InvokeFunction action");
    EXPECT_EQ(denial_text(request, {Outcome::kNotAllowed, PolicyType::kSession}),
              head + "because no session policy allows the lambda:InvokeFunction action");
    EXPECT_EQ(denial_text(request, {Outcome::kNotAllowed, PolicyType::kBoundary}),
              head + "because no permissions boundary allows the lambda:InvokeFunction action");
    EXPECT_EQ(denial_text(request, {Outcome::kExplicitDeny, PolicyType::kIdentity}),
              head + "with an explicit deny in an identity-based policy");
    EXPECT_EQ(denial_text(request, {Outcome::kExplicitDeny, PolicyType::kResource}),
              head + "with an explicit deny in a resource-based policy");
}

}  // namespace
}  // namespace meridian::policy
