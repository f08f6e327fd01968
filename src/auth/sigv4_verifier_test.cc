#include "auth/sigv4_verifier.h"

#include <map>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "wire/event_time.h"
#include "wire/query_xml.h"
#include "wire/rest_json.h"
#include "wire/sigv4.h"
#include "wire/sigv4_vectors.h"

namespace meridian::auth {
namespace {

using namespace std::chrono_literals;
namespace sigv4 = wire::sigv4;

class FakeCredentials final : public CredentialSource {
  public:
    Credential const* find(model::AccessKeyId const& id, std::string_view) const override {
        auto const found = keys.find(id.value());
        return found == keys.end() ? nullptr : &found->second;
    }
    std::map<std::string, Credential> keys;
};

struct VerifierTest : ::testing::Test {
    VerifierTest() {
        credentials.keys["AKIDEXAMPLE"] = {"secret", model::AccountId{"123456789012"},
                                           "arn:aws:iam::123456789012:root", "123456789012"};
        credentials.keys["ASIAEXAMPLE"] = {"secret",
                                           model::AccountId{"123456789012"},
                                           "arn:aws:sts::123456789012:assumed-role/r/s",
                                           "AROA:s",
                                           {},
                                           "the-token",
                                           clock.wall_now() + 1h};
        request.method = "POST";
        request.target = "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=1";
        request.headers.add("Host", "127.0.0.1:4566");
        request.headers.add("X-Amz-Invocation-Type", "RequestResponse");
        request.body = R"({"a":1})";
        options.region = "us-east-1";
        options.service = "lambda";
        options.time = clock.wall_now();
    }

    Result<Caller> verify() { return verifier.verify(request, {"us-east-1", "lambda"}); }
    void sign() { sigv4::sign_request(request, keys, options); }
    void presign(std::chrono::seconds lifetime) {
        request.headers = {};
        request.headers.add("Host", "127.0.0.1:4566");
        request.target = sigv4::presigned_target(request, keys, options, lifetime,
                                                 crypto::sha256_hex(request.body));
    }
    void expect_refusal(Errc code, std::string_view message) {
        auto const result = verify();
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code, code);
        EXPECT_EQ(result.error().message, message);
    }
    void replace_in_authorization(std::string_view from, std::string_view to) {
        std::string header(request.headers.get("Authorization"));
        auto const at = header.find(from);
        ASSERT_NE(at, std::string::npos);
        request.headers.set("Authorization", header.replace(at, from.size(), to));
    }

    ManualClock clock;
    FakeCredentials credentials;
    Verifier verifier{clock, credentials};
    HttpRequest request;
    sigv4::Credentials keys{"AKIDEXAMPLE", "secret"};
    sigv4::SigningOptions options;

    static constexpr std::string_view kWrong =
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.";
    static constexpr std::string_view kBadToken =
        "The security token included in the request is invalid.";
};

TEST_F(VerifierTest, NamesTheCallerOfASignedRequest) {
    sign();
    for (int round = 0; round < 2; ++round) {  // the second with a cached key
        auto const caller = verify();
        ASSERT_TRUE(caller.has_value()) << caller.error().message;
        EXPECT_EQ(*caller,
                  (Caller{model::AccountId{"123456789012"}, "arn:aws:iam::123456789012:root",
                          "123456789012", model::AccessKeyId{"AKIDEXAMPLE"},
                          model::RegionName{"us-east-1"}, "lambda"}));
    }
}

TEST_F(VerifierTest, AcceptsTheTestSuitesSignedRequests) {
    int header_forms = 0;
    int query_forms = 0;
    for (auto const& vector : sigv4::testing::load_signing_vectors(MERIDIAN_SOURCE_DIR)) {
        SCOPED_TRACE(vector.name);
        // These two kinds are for other services: paths that are not normalised, tokens that are
        // not signed.
        if (!vector.options.path_rules.normalize || vector.options.omit_session_token) continue;
        Credential credential{vector.credentials.secret_access_key, model::AccountId{"1"}, "arn",
                              "id"};
        if (!vector.credentials.session_token.empty())
            credential.session_token = vector.credentials.session_token;
        credentials.keys["AKIDEXAMPLE"] = credential;
        ManualClock then(vector.options.time);
        Verifier verifier_then(then, credentials);
        auto const header_form =
            sigv4::testing::parse_request(vector.file("header-signed-request.txt"));
        auto const query_form =
            sigv4::testing::parse_request(vector.file("query-signed-request.txt"));
        auto const by_header = verifier_then.verify(header_form, {"us-east-1", "service"});
        EXPECT_TRUE(by_header.has_value()) << by_header.error().message;
        auto const by_query = verifier_then.verify(query_form, {"us-east-1", "service"});
        EXPECT_TRUE(by_query.has_value()) << by_query.error().message;
        header_forms += by_header.has_value();
        query_forms += by_query.has_value();
    }
    EXPECT_EQ(header_forms, 30);
    EXPECT_EQ(query_forms, 30);
}

// What AWS's own Python client sends (tests/vectors/sigv4_botocore): it verifies, and it decodes.
TEST_F(VerifierTest, AcceptsWhatBotocoreSends) {
    constexpr auto kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    ManualClock then(WallTime{1'704'067'200s});  // 2024-01-01T00:00:00Z
    credentials.keys["AKIDEXAMPLE"].secret_access_key = kSecret;
    credentials.keys["ASIAEXAMPLE"] = {kSecret,        model::AccountId{"1"}, "arn", "id", {},
                                       "the/token+==", then.wall_now() + 1h};
    Verifier verifier_then(then, credentials);
    auto const verified = [&](std::string const& name) {
        auto sent = sigv4::testing::parse_request(sigv4::testing::read_file(
            MERIDIAN_SOURCE_DIR "/tests/vectors/sigv4_botocore/" + name + ".txt"));
        auto const service = name.substr(0, name.find('-'));
        auto const caller = verifier_then.verify(sent, {"us-east-1", service});
        EXPECT_TRUE(caller.has_value()) << name << ": " << caller.error().message;
        return sent;
    };
    auto const decoded = [&](std::string const& name) {
        auto const sent = verified(name);
        auto const route = wire::find_route(sent.method, sent.path(), sent.query());
        EXPECT_TRUE(route.has_value()) << name;
        return wire::decode_input(*route, sent).value();
    };
    constexpr auto kArn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    using nlohmann::json;
    EXPECT_EQ(decoded("lambda-invoke-arn"),
              (json{{"FunctionName", kArn}, {"Qualifier", "$LATEST"}}));
    EXPECT_EQ(decoded("lambda-list-session"), (json{{"Marker", "a b+c/="}, {"MaxItems", 10}}));
    EXPECT_EQ(
        decoded("lambda-untag"),
        (json{{"Resource", kArn}, {"TagKeys", {"key with space/+=@", "a", "gr\u00fc\u00df"}}}));
    EXPECT_EQ(wire::decode_query(wire::Service::kIam, verified("iam-create-role"))->input,
              (json{{"RoleName", "r"}, {"AssumeRolePolicyDocument", "{}"}}));
    EXPECT_EQ(wire::decode_query(wire::Service::kSts, verified("sts-identity"))->operation->id,
              wire::OperationId::kStsGetCallerIdentity);
    verified("lambda-presigned");
    verified("lambda-presigned-session");
}

TEST_F(VerifierTest, RefusesAnyChangeAfterSigning) {
    struct {
        char const* name;
        void (*change)(HttpRequest&);
    } const cases[] = {
        {"method", [](HttpRequest& r) { r.method = "PUT"; }},
        {"path", [](HttpRequest& r) { r.target[5] = '6'; }},
        {"query value", [](HttpRequest& r) { r.target.back() = '2'; }},
        {"query parameter", [](HttpRequest& r) { r.target += "&x=1"; }},
        {"signed header", [](HttpRequest& r) { r.headers.set("X-Amz-Invocation-Type", "Event"); }},
        {"host", [](HttpRequest& r) { r.headers.set("Host", "elsewhere"); }},
        {"a second value", [](HttpRequest& r) { r.headers.add("Host", "elsewhere"); }},
        {"body", [](HttpRequest& r) { r.body += " "; }},
        {"signature",
         [](HttpRequest& r) {
             std::string header(r.headers.get("Authorization"));
             header.back() = header.back() == '0' ? '1' : '0';
             r.headers.set("Authorization", header);
         }},
    };
    sign();
    auto const original = request;
    for (auto const& c : cases) {
        SCOPED_TRACE(c.name);
        request = original;
        c.change(request);
        expect_refusal(Errc::kInvalidSignature, kWrong);
        request = original;
        EXPECT_TRUE(verify().has_value());
    }
}

TEST_F(VerifierTest, SaysWhatIsMissing) {
    expect_refusal(Errc::kMissingAuthentication, "Missing Authentication Token");
    request.headers.add("Authorization", "Basic dTpw");
    expect_refusal(Errc::kMissingAuthentication, "Missing Authentication Token");
    request.headers.set("Authorization", "AWS4-HMAC-SHA256 ");
    expect_refusal(
        Errc::kIncompleteSignature,
        "Authorization header requires 'Credential' parameter. Authorization header requires "
        "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        "(Hashed with SHA-256 and encoded with Base64) Authorization=" +
            crypto::sha256_base64("AWS4-HMAC-SHA256 "));
    request.target += "&X-Amz-Signature=00";
    request.headers = {};
    expect_refusal(
        Errc::kIncompleteSignature,
        "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters "
        "must "
        "include 'X-Amz-Credential'. AWS query-string parameters must include "
        "'X-Amz-SignedHeaders'. "
        "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string "
        "parameters.");
}

TEST_F(VerifierTest, RefusesMalformedCredentials) {
    sign();
    replace_in_authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    expect_refusal(Errc::kIncompleteSignature,
                   "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.");
    sign();
    replace_in_authorization("/aws4_request", "");
    expect_refusal(Errc::kIncompleteSignature,
                   "Credential must have exactly 5 slash-delimited elements, e.g. "
                   "keyid/date/region/service/term, "
                   "got 'AKIDEXAMPLE/20231114/us-east-1/lambda'");
    sign();
    replace_in_authorization("/aws4_request", "/aws4_request/more");
    EXPECT_EQ(verify().error().code, Errc::kIncompleteSignature);
    sign();
    request.headers.set("X-Amz-Date", "yesterday");
    EXPECT_EQ(verify().error().code, Errc::kIncompleteSignature);
}

TEST_F(VerifierTest, HoldsTheScopeToWhatItServes) {
    struct {
        char const *from, *to, *message;
    } const cases[] = {
        {"us-east-1", "us-east-2",
         "Credential should be scoped to a valid region, not 'us-east-2'."},
        {"/lambda/", "/s3/", "Credential should be scoped to correct service: 'lambda'."},
        {"aws4_request", "aws3",
         "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3'."},
        {"20231114", "20110909",
         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
         "HTTP: '20110909' "
         "!= '20231114', from '20231114T221320Z'."},
    };
    for (auto const& c : cases) {
        sign();
        replace_in_authorization(c.from, c.to);
        expect_refusal(Errc::kInvalidSignature, c.message);
    }
    // IAM is global: any region will do there.
    options.region = "eu-west-3";
    options.service = "iam";
    sign();
    EXPECT_TRUE(verifier.verify(request, {"", "iam"}).has_value());
}

TEST_F(VerifierTest, AllowsFiveMinutesOfSkewAndNoMore) {
    sign();
    clock.advance(5min);
    EXPECT_TRUE(verify().has_value());
    clock.advance(1s);
    expect_refusal(Errc::kInvalidSignature,
                   "Signature expired: 20231114T221320Z is now earlier than 20231114T221321Z "
                   "(20231114T221821Z - 5 "
                   "min.)");
    clock.advance(-10min - 1s);
    EXPECT_TRUE(verify().has_value());
    clock.advance(-1s);
    expect_refusal(
        Errc::kInvalidSignature,
        "Signature not yet current: 20231114T221320Z is still later than 20231114T221319Z "
        "(20231114T220819Z + 5 min.)");
}

TEST_F(VerifierTest, TakesTheDateHeaderInEitherForm) {
    for (auto const& date :
         {wire::format_http_date(clock.wall_now()), wire::format_amz_date(clock.wall_now())}) {
        sign();
        // Signed again by hand with Date instead of X-Amz-Date.
        HttpRequest dated{request.method, request.target, {}, request.body, {}};
        dated.headers.add("Host", "h");
        dated.headers.add("Date", date);
        auto const amz_date = wire::format_amz_date(clock.wall_now());
        sigv4::Scope const scope{std::string_view(amz_date).substr(0, 8), "us-east-1", "lambda"};
        auto const canonical =
            sigv4::canonical_request(dated, "date;host", crypto::sha256_hex(dated.body));
        auto const key = sigv4::signing_key("secret", scope);
        auto const signature = to_hex(crypto::as_bytes(crypto::hmac_sha256(
            crypto::as_bytes(key), sigv4::string_to_sign(amz_date, scope, canonical))));
        dated.headers.add(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + std::string(scope.date) +
                "/us-east-1/lambda/aws4_request,SignedHeaders=date;host,Signature=" + signature);
        EXPECT_TRUE(verifier.verify(dated, {"us-east-1", "lambda"}).has_value()) << date;
    }
}

TEST_F(VerifierTest, WantsHostAndAmzHeadersSigned) {
    sign();
    request.headers.add("X-Amz-Log-Type", "Tail");
    expect_refusal(
        Errc::kInvalidSignature,
        "There were headers present in the request which were not signed: X-Amz-Log-Type");
    sign();
    replace_in_authorization("host;", "");
    expect_refusal(Errc::kInvalidSignature,
                   "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    sign();
    std::string many;
    for (std::size_t i = 0; i <= kSignedHeadersMax; ++i) many += "h;";
    replace_in_authorization("host;", many);
    expect_refusal(Errc::kIncompleteSignature, "The request has too many signed headers.");
}

TEST_F(VerifierTest, RefusesUnknownKeysAndWrongTokens) {
    keys.access_key_id = "AKIDUNKNOWN";
    sign();
    expect_refusal(Errc::kUnrecognizedClient, kBadToken);

    keys = {"ASIAEXAMPLE", "secret", "the-token"};
    sign();
    EXPECT_TRUE(verify().has_value());
    keys.session_token = "another-token";
    sign();
    expect_refusal(Errc::kUnrecognizedClient, kBadToken);
    keys.session_token = "";
    request.headers = {};
    request.headers.add("Host", "h");
    sign();
    expect_refusal(Errc::kUnrecognizedClient, kBadToken);
    keys = {"AKIDEXAMPLE", "secret", "a token that no long-lived key has"};
    sign();
    expect_refusal(Errc::kUnrecognizedClient, kBadToken);
}

TEST_F(VerifierTest, RefusesCredentialsThatEnded) {
    keys = {"ASIAEXAMPLE", "secret", "the-token"};
    clock.advance(1h);
    options.time = clock.wall_now();
    sign();
    expect_refusal(Errc::kExpiredToken, "The security token included in the request is expired");
}

TEST_F(VerifierTest, ForgetsASecretThatWasReplaced) {
    sign();
    EXPECT_TRUE(verify().has_value());
    credentials.keys["AKIDEXAMPLE"].secret_access_key = "rotated";
    expect_refusal(Errc::kInvalidSignature, kWrong);
    keys.secret_access_key = "rotated";
    sign();
    EXPECT_TRUE(verify().has_value());
    EXPECT_TRUE(verify().has_value());
}

TEST_F(VerifierTest, ChecksTheBodyAgainstTheHashThatTheClientNames) {
    options.sign_body_header = true;
    sign();
    EXPECT_TRUE(verify().has_value());
    request.body = "{}";
    expect_refusal(Errc::kInvalidSignature,
                   "The provided 'x-amz-content-sha256' header does not match what was computed.");
    request.headers.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    EXPECT_EQ(verify().error().code, Errc::kInvalidSignature);
}

TEST_F(VerifierTest, HoldsAPresignedRequestToItsLifetime) {
    presign(600s);
    auto const caller = verify();
    ASSERT_TRUE(caller.has_value()) << caller.error().message;
    EXPECT_EQ(caller->access_key_id.value(), "AKIDEXAMPLE");
    clock.advance(600s);
    EXPECT_TRUE(verify().has_value());
    clock.advance(1s);
    expect_refusal(Errc::kInvalidSignature,
                   "Signature expired: 20231114T221320Z is now earlier than 20231114T221321Z "
                   "(20231114T222321Z - "
                   "600 sec.)");
}

TEST_F(VerifierTest, RefusesLifetimesOutsideAWeek) {
    auto const target = request.target;
    for (auto const lifetime : {0s, -1s, 604'801s}) {
        request.target = target;
        presign(lifetime);
        EXPECT_EQ(verify().error().code, Errc::kIncompleteSignature) << lifetime.count();
    }
    request.target = target;
    presign(604'800s);
    EXPECT_TRUE(verify().has_value());
    auto const at = request.target.find("Expires=604800");
    request.target.replace(at, 14, "Expires=5x");
    EXPECT_EQ(verify().error().code, Errc::kIncompleteSignature);
}

TEST_F(VerifierTest, RefusesHeadersAndParametersAddedToAPresignedRequest) {
    presign(60s);
    request.target += "&Qualifier=2";
    expect_refusal(Errc::kInvalidSignature, kWrong);
    request.target.resize(request.target.size() - 12);
    EXPECT_TRUE(verify().has_value());
    request.headers.add("X-Amz-Invocation-Type", "Event");
    EXPECT_EQ(verify().error().code, Errc::kInvalidSignature);
}

TEST_F(VerifierTest, VerifiesPresignedSessionCredentials) {
    keys = {"ASIAEXAMPLE", "secret", "the-token"};
    presign(60s);
    EXPECT_TRUE(verify().has_value());
}

TEST_F(VerifierTest, KeepsABoundedNumberOfSigningKeys) {
    options.service = "iam";
    for (std::size_t i = 0; i < kSigningKeysCachedMax + 10; ++i) {
        options.region = "region-" + std::to_string(i);
        sign();
        ASSERT_TRUE(verifier.verify(request, {"", "iam"}).has_value());
    }
    options.region = "region-0";  // pushed out, and made again
    sign();
    EXPECT_TRUE(verifier.verify(request, {"", "iam"}).has_value());
}

TEST_F(VerifierTest, ReadsTheScopeWithoutVerifying) {
    EXPECT_FALSE(parse_scope(request).has_value());
    sign();
    auto const scope = parse_scope(request);
    ASSERT_TRUE(scope.has_value());
    EXPECT_EQ(scope->access_key_id, "AKIDEXAMPLE");
    EXPECT_EQ(scope->date, "20231114");
    EXPECT_EQ(scope->region, "us-east-1");
    EXPECT_EQ(scope->service, "lambda");
    presign(60s);
    auto const presigned = parse_scope(request);
    ASSERT_TRUE(presigned.has_value());
    EXPECT_EQ(presigned->region, "us-east-1");
    EXPECT_EQ(presigned->service, "lambda");
    request.headers.set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c");
    EXPECT_FALSE(parse_scope(request).has_value());
}

}  // namespace
}  // namespace meridian::auth
