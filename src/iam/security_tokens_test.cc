#include "iam/security_tokens.h"

#include "iam/known_credentials.h"
#include "iam/testing.h"

namespace meridian::iam {
namespace {

class OneRootKey final : public auth::CredentialSource {
  public:
    auth::Credential const* find(model::AccessKeyId const& id, std::string_view) const override {
        return id.value() == "AKIAROOT" ? &credential_ : nullptr;
    }

  private:
    auth::Credential credential_{.secret_access_key = "s",
                                 .account = model::AccountId("123456789012"),
                                 .arn = "arn:aws:iam::123456789012:root",
                                 .user_id = "123456789012"};
};

class TokensTest : public IdentitiesTest {
  protected:
    // As the front makes it of a verified request.
    static auth::Caller caller_of(auth::Credential const& credential) {
        return {.account = credential.account,
                .arn = credential.arn,
                .user_id = credential.user_id,
                .access_key_id = {},
                .region = {},
                .service = {},
                .principal = credential.principal};
    }
    auth::Caller user(std::string const& name) {
        auto const key = must(iam.create_access_key(who, name));
        return caller_of(*credentials.find(key.key.id, ""));
    }
    auth::Caller session(TemporaryCredentials const& made) {
        auto const* const found = credentials.find(made.access_key_id, made.session_token);
        if (found == nullptr) throw std::runtime_error("the session is unknown");
        EXPECT_EQ(found->secret_access_key, made.secret_access_key);
        EXPECT_EQ(found->expires, made.expires);
        return caller_of(*found);
    }
    Result<AssumedRole> assume(auth::Caller const& caller, AssumeRoleRequest const& request) {
        policy::RequestContext context_keys;
        identities.authority.describe(caller, context_keys);
        return identities.tokens.assume_role(caller, request, context_keys);
    }
    // "allowed", or what the caller reads.
    std::string check(
        auth::Caller const& caller, std::string_view action,
        std::string_view resource = "arn:aws:lambda:us-east-1:123456789012:function:f") {
        policy::RequestContext context_keys;
        identities.authority.describe(caller, context_keys);
        auto const checked = identities.authority.check(
            caller, {.action = action, .resource = resource, .resource_account = kAccount},
            context_keys);
        return checked ? "allowed" : checked.error().message;
    }
    static std::string trust(std::string_view principal, std::string_view more = "") {
        return fmt::format(
            R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:AssumeRole"{}}}]}})",
            principal, more);
    }

    OneRootKey root;
    KnownCredentials credentials{root, identities.directory, identities.secrets};
};

TEST_F(TokensTest, AnActiveKeyStandsForItsUser) {
    make_user();
    auto const key = must(iam.create_access_key(who, "ann"));
    auto const* const found = credentials.find(key.key.id, "");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->secret_access_key, key.secret_access_key);
    EXPECT_EQ(found->arn, "arn:aws:iam::123456789012:user/ann");
    EXPECT_EQ(found->principal.name, "ann");
    must(iam.update_access_key(who, "ann", key.key.id, false));
    EXPECT_EQ(credentials.find(key.key.id, ""), nullptr);
    must(iam.update_access_key(who, "ann", key.key.id, true));
    EXPECT_NE(credentials.find(key.key.id, ""), nullptr);
    must(iam.delete_access_key(who, "ann", key.key.id));
    EXPECT_EQ(credentials.find(key.key.id, ""), nullptr);
    EXPECT_NE(credentials.find(model::AccessKeyId("AKIAROOT"), ""), nullptr);
}

TEST_F(TokensTest, ABoundaryIsTheMostThatPoliciesGive) {
    std::string const refused =
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: {} on resource: "
        "arn:aws:lambda:us-east-1:123456789012:function:f because no permissions boundary allows "
        "the {} action";
    auto const by_boundary = [&](std::string_view action) {
        return fmt::format(fmt::runtime(refused), action, action);
    };
    make_user();
    auto const ann = user("ann");
    must(iam.put_inline_policy<model::User>(who, "ann", {"i", policy("Allow", "lambda:*")}));
    auto const most =
        must(iam.create_policy(who, {.name = "most", .document = policy("Allow", "lambda:Get*")}));
    must(iam.put_permissions_boundary<model::User>(who, "ann", most.arn));
    EXPECT_EQ(check(ann, "lambda:GetFunction"), "allowed");
    EXPECT_EQ(check(ann, "lambda:DeleteFunction"), by_boundary("lambda:DeleteFunction"));
    EXPECT_EQ(run(iam.delete_policy(who, most.arn)).error().code, Errc::kDeleteConflict);
    // As after a restore of the user alone.
    identities.directory.apply({{.key = key_for<model::ManagedPolicy>(account, "most")}}, 1'000);
    EXPECT_EQ(check(ann, "lambda:GetFunction"), by_boundary("lambda:GetFunction"));
    must(iam.put_permissions_boundary<model::User>(who, "ann", ""));
    EXPECT_EQ(check(ann, "lambda:DeleteFunction"), "allowed");
}

TEST_F(TokensTest, WhatAppliesToAUserComesFromEverywhere) {
    make_user();
    auto const ann = user("ann");
    EXPECT_EQ(check(ann, "lambda:GetFunction"),
              "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: "
              "lambda:GetFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f "
              "because no identity-based policy allows the lambda:GetFunction action");
    must(iam.create_group(who, "g", "/"));
    must(iam.add_user_to_group(who, "ann", "g"));
    must(iam.put_inline_policy<model::Group>(who, "g", {"i", policy("Allow", "lambda:Get*")}));
    EXPECT_EQ(check(ann, "lambda:GetFunction"), "allowed");
    must(iam.attach_policy<model::User>(who, "ann",
                                        "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"));
    EXPECT_EQ(check(ann, "lambda:ListFunctions", "*"), "allowed");
    auto const own = must(
        iam.create_policy(who, {.name = "p", .document = policy("Deny", "lambda:GetFunction")}));
    must(iam.attach_policy<model::Group>(who, "g", own.arn));
    EXPECT_EQ(check(ann, "lambda:GetFunction"),
              "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: "
              "lambda:GetFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f "
              "with an explicit deny in an identity-based policy");
    must(iam.create_policy_version(who, own.arn, policy("Deny", "lambda:DeleteFunction"), true));
    EXPECT_EQ(check(ann, "lambda:GetFunction"), "allowed") << "the default version counts";
    must(iam.remove_user_from_group(who, "ann", "g"));
    EXPECT_NE(check(ann, "lambda:InvokeFunction"), "allowed");
}

TEST_F(TokensTest, ARoleIsAssumedByWhomItTrusts) {
    make_user("ann");
    make_user("bob");
    make_role("byname", trust("arn:aws:iam::123456789012:user/ann"));
    make_role("byaccount", trust(kAccount));
    make_role("lambda");
    auto const ann = user("ann");
    auto const bob = user("bob");
    auto const arn = [](std::string_view name) {
        return fmt::format("arn:aws:iam::123456789012:role/{}", name);
    };
    auto const refused = [](std::string_view who_asks, std::string_view role) {
        return fmt::format(
            "User: arn:aws:iam::123456789012:user/{} is not authorized to perform: sts:AssumeRole "
            "on resource: arn:aws:iam::123456789012:role/{}",
            who_asks, role);
    };
    EXPECT_TRUE(assume(ann, {.role_arn = arn("byname"), .session_name = "s"}));
    EXPECT_EQ(assume(bob, {.role_arn = arn("byname"), .session_name = "s"}).error().message,
              refused("bob", "byname"));
    EXPECT_EQ(assume(ann, {.role_arn = arn("byaccount"), .session_name = "s"}).error().message,
              refused("ann", "byaccount"))
        << "an account hands its trust on by its own policies";
    must(iam.put_inline_policy<model::User>(
        who, "ann", {"i", policy("Allow", "sts:AssumeRole", arn("byaccount"))}));
    EXPECT_TRUE(assume(ann, {.role_arn = arn("byaccount"), .session_name = "s"}));
    EXPECT_EQ(assume(ann, {.role_arn = arn("lambda"), .session_name = "s"}).error().message,
              refused("ann", "lambda"));
    EXPECT_EQ(assume(ann, {.role_arn = arn("nope"), .session_name = "s"}).error().message,
              refused("ann", "nope"));
    EXPECT_EQ(
        assume(ann, {.role_arn = arn("byname"), .session_name = "s", .duration_seconds = 3'601})
            .error()
            .message,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    auto const root_caller = caller_of(*credentials.find(model::AccessKeyId("AKIAROOT"), ""));
    EXPECT_EQ(assume(root_caller, {.role_arn = arn("byname")}).error().message,
              "Roles may not be assumed by root accounts.");
    make_role("external", trust("arn:aws:iam::123456789012:user/ann",
                                R"(,"Condition":{"StringEquals":{"sts:ExternalId":"x"}})"));
    EXPECT_FALSE(assume(ann, {.role_arn = arn("external"), .session_name = "s"}));
    EXPECT_TRUE(
        assume(ann, {.role_arn = arn("external"), .session_name = "s", .external_id = "x"}));
}

TEST_F(TokensTest, ASessionActsAsItsRoleWithinItsPolicy) {
    make_user();
    make_role("r", trust("arn:aws:iam::123456789012:user/ann"));
    must(iam.put_inline_policy<model::Role>(who, "r", {"i", policy("Allow", "lambda:*")}));
    auto const ann = user("ann");
    auto const role_arn = std::string("arn:aws:iam::123456789012:role/r");
    auto const whole = assume(ann, {.role_arn = role_arn, .session_name = "s"});
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(whole->arn, "arn:aws:sts::123456789012:assumed-role/r/s");
    auto const caller = session(whole->credentials);
    EXPECT_EQ(caller.arn, whole->arn);
    EXPECT_EQ(caller.user_id, whole->id);
    EXPECT_EQ(check(caller, "lambda:GetFunction"), "allowed");
    EXPECT_NE(check(caller, "iam:GetUser"), "allowed");

    auto const narrow = assume(
        ann, {.role_arn = role_arn, .session_name = "s", .policy = policy("Allow", "lambda:Get*")});
    ASSERT_TRUE(narrow);
    EXPECT_TRUE(narrow->packed_policy_percent);
    auto const narrowed = session(narrow->credentials);
    EXPECT_EQ(check(narrowed, "lambda:GetFunction"), "allowed");
    EXPECT_EQ(check(narrowed, "lambda:DeleteFunction"),
              "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: "
              "lambda:DeleteFunction on resource: "
              "arn:aws:lambda:us-east-1:123456789012:function:f because no session policy allows "
              "the lambda:DeleteFunction action");

    // Everything that was issued before a moment is revoked by a Deny on aws:TokenIssueTime.
    must(iam.put_inline_policy<model::Role>(
        who, "r",
        {"revoked",
         R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*",)"
         R"("Condition":{"DateLessThan":{"aws:TokenIssueTime":"2100-01-01T00:00:00Z"}}}})"}));
    EXPECT_NE(check(session(whole->credentials), "lambda:GetFunction"), "allowed");

    must(iam.delete_inline_policy<model::Role>(who, "r", "i"));
    must(iam.delete_inline_policy<model::Role>(who, "r", "revoked"));
    must(iam.delete_role(who, "r"));
    make_role("r", trust("arn:aws:iam::123456789012:user/ann"));
    EXPECT_EQ(credentials.find(whole->credentials.access_key_id, whole->credentials.session_token),
              nullptr)
        << "a role of the same name is another role";
}

TEST_F(TokensTest, ATokenIsWhatWasMade) {
    make_user();
    auto const ann = user("ann");
    auto const made = identities.tokens.get_session_token(ann, 900);
    ASSERT_TRUE(made);
    auto const as_ann = session(*made);
    EXPECT_EQ(as_ann.arn, ann.arn);
    EXPECT_TRUE(as_ann.principal.issued);
    EXPECT_EQ(identities.tokens.get_session_token(as_ann, 900).error().message,
              "Cannot call GetSessionToken with session credentials");
    EXPECT_EQ(credentials.find(made->access_key_id, ""), nullptr);
    EXPECT_EQ(credentials.find(model::AccessKeyId("ASIAOTHER"), made->session_token), nullptr);
    SeededRandom dice(5);
    for (int i = 0; i < 200; ++i) {
        auto damaged = made->session_token;
        damaged[dice.next() % damaged.size()] ^= static_cast<char>(1U << dice.next() % 7U);
        if (damaged == made->session_token) continue;
        auto const* const found = credentials.find(made->access_key_id, damaged);
        // Base64 has bits at its end that mean nothing.
        if (found != nullptr) EXPECT_EQ(found->arn, ann.arn);
    }
    SecretKeys const others("another account's key");
    EXPECT_FALSE(open_session(made->session_token, others));
}

struct TrustCase {
    char const* name;
    std::string members;
    bool allowed;
};

TEST_F(TokensTest, LambdaAssumesWhatTrustsIt) {
    constexpr char const* kAllow =
        R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole")";
    TrustCase const cases[] = {
        {"lambda", kAllow, true},
        {"lists",
         R"("Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]},)"
         R"("Action":["sts:TagSession","sts:AssumeRole"])",
         true},
        {"everyone", R"("Effect":"Allow","Principal":"*","Action":"sts:AssumeRole")", true},
        {"another service",
         R"("Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole")",
         false},
        {"another action",
         R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:TagSession")",
         false},
        {"an account",
         R"("Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole")", false},
        {"deny wins",
         std::string(kAllow) + R"(},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole")",
         false},
        {"a condition that holds",
         std::string(kAllow) +
             R"(,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},)"
             R"("ArnLike":{"aws:SourceArn":"arn:aws:lambda:*:123456789012:function:*"}})",
         true},
        {"a condition that does not",
         std::string(kAllow) +
             R"(,"Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}})",
         false},
        {"a condition on what is not there",
         std::string(kAllow) + R"(,"Condition":{"StringEquals":{"aws:PrincipalTag/x":"y"}})",
         false},
        {"a condition if it exists",
         std::string(kAllow) +
             R"(,"Condition":{"StringEqualsIfExists":{"aws:PrincipalTag/x":"y"}})",
         true},
    };
    constexpr char const* kFunction = "arn:aws:lambda:us-east-1:123456789012:function:f";
    constexpr char const* kRole = "arn:aws:iam::123456789012:role/r";
    auto const& tokens = identities.tokens;
    for (auto const& test : cases) {
        make_role("r", R"({"Version":"2012-10-17","Statement":[{)" + test.members + "}]}");
        EXPECT_EQ(tokens.lambda_may_assume(account, kRole, kFunction), test.allowed) << test.name;
        auto const made = tokens.assume_for_function(account, kRole, kFunction, "fn");
        ASSERT_EQ(made.has_value(), test.allowed) << test.name;
        if (made) EXPECT_EQ(session(*made).arn, "arn:aws:sts::123456789012:assumed-role/r/fn");
        must(iam.delete_role(who, "r"));
    }
    EXPECT_FALSE(tokens.lambda_may_assume(account, kRole, kFunction));
    make_role("r");
    EXPECT_EQ(session(*tokens.assume_for_function(account, kRole, kFunction, "f")).arn,
              "arn:aws:sts::123456789012:assumed-role/r/f@lambda_function")
        << "a session's name has two characters at least";
    EXPECT_FALSE(tokens.lambda_may_assume(model::AccountId("999999999999"), kRole, kFunction));
    EXPECT_FALSE(
        tokens.lambda_may_assume(account, "arn:aws:iam::123456789012:role/path/r", kFunction));
}

}  // namespace
}  // namespace meridian::iam
