#include "auth/git_verifier.h"

#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "wire/event_time.h"

namespace meridian::auth {
namespace {

using namespace std::chrono_literals;

constexpr char kGitSecret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr char kSignedTime[] = "20150830T123600";

class GitKeys final : public CredentialSource {
  public:
    Credential const* find(model::AccessKeyId const& id, std::string_view) const override {
        auto const found = keys.find(id.value());
        return found == keys.end() ? nullptr : &found->second;
    }
    std::map<std::string, Credential> keys;
};

struct GitVerifierTest : ::testing::Test {
    GitVerifierTest() {
        credentials.keys["AKIDEXAMPLE"] = {kGitSecret, model::AccountId{"123456789012"},
                                           "arn:aws:iam::123456789012:user/u", "AIDA"};
        credentials.keys["ASIAEXAMPLE"] = {kGitSecret,
                                           model::AccountId{"123456789012"},
                                           "arn",
                                           "AROA:s",
                                           {},
                                           "the-token",
                                           clock.wall_now() + 1h};
    }

    Result<Caller> verify(std::string const& user, std::string const& password,
                          GitTarget target = {"127.0.0.1:4600", "/git/us-east-1/demo",
                                              "us-east-1"}) {
        HttpRequest request;
        request.headers.add("Authorization", "Basic " + to_base64(user + ":" + password));
        return verifier.verify(request, target);
    }
    static std::string signed_password(GitTarget target = {"127.0.0.1:4600", "/git/us-east-1/demo",
                                                           "us-east-1"}) {
        return std::string(kSignedTime) + "Z" + sign_git_target(kGitSecret, target, kSignedTime);
    }

    ManualClock clock{wire::parse_amz_date("20150830T123600Z").value()};
    GitKeys credentials;
    GitVerifier verifier{clock, credentials};
};

// Computed by botocore, as the AWS CLI's credential helper does.
TEST(GitSignature, IsWhatTheCredentialHelperMakes) {
    EXPECT_EQ(sign_git_target(kGitSecret, {"127.0.0.1:4600", "/git/us-east-1/demo", "us-east-1"},
                              kSignedTime),
              "0296cd13b52e77912e4f4b2c9986558c46fa48886bf2376803758e9cc3ef6e50");
}

TEST(BasicAuthorization, IsTakenApartOrRefused) {
    struct Case {
        std::string header;
        std::optional<BasicCredentials> expected;
    };
    auto const basic = [](std::string const& text) { return "Basic " + to_base64(text); };
    for (auto const& [header, expected] : std::vector<Case>{
             {basic("AKID:secret"), BasicCredentials{"AKID", "", "secret"}},
             {basic("AKID%to%ken:a:b"), BasicCredentials{"AKID", "to%ken", "a:b"}},
             {basic("AKID%:p"), BasicCredentials{"AKID", "", "p"}},
             {basic("AKID:"), BasicCredentials{"AKID", "", ""}},
             {"bAsIc   " + to_base64("A:b") + " ", BasicCredentials{"A", "", "b"}},
             {basic(":secret"), std::nullopt},
             {basic("AKID"), std::nullopt},
             {"Basic ***", std::nullopt},
             {"Bearer abc", std::nullopt},
             {"Basic", std::nullopt},
             {"", std::nullopt},
         }) {
        EXPECT_EQ(parse_basic_authorization(header), expected) << header;
    }
}

TEST_F(GitVerifierTest, TakesASecretOrASignature) {
    auto const by_secret = verify("AKIDEXAMPLE", kGitSecret);
    ASSERT_TRUE(by_secret.has_value()) << by_secret.error().message;
    EXPECT_EQ(by_secret->arn, "arn:aws:iam::123456789012:user/u");
    EXPECT_EQ(by_secret->service, "codecommit");
    auto const by_signature = verify("AKIDEXAMPLE", signed_password());
    ASSERT_TRUE(by_signature.has_value()) << by_signature.error().message;
    EXPECT_EQ(*by_signature, *by_secret);
    EXPECT_TRUE(verify("ASIAEXAMPLE%the-token", signed_password()).has_value());
    EXPECT_TRUE(verify("ASIAEXAMPLE%the-token", kGitSecret).has_value());
}

TEST_F(GitVerifierTest, RefusesEverythingElse) {
    struct Case {
        std::string name, user, password;
        Errc code;
    };
    auto flipped = signed_password();
    flipped.back() = flipped.back() == '0' ? '1' : '0';
    for (auto const& [name, user, password, code] : std::vector<Case>{
             {"unknown key", "AKIDOTHER", kGitSecret, Errc::kUnrecognizedClient},
             {"wrong secret", "AKIDEXAMPLE", std::string(kGitSecret) + "x",
              Errc::kInvalidSignature},
             {"no secret", "AKIDEXAMPLE", "", Errc::kInvalidSignature},
             {"flipped signature", "AKIDEXAMPLE", flipped, Errc::kInvalidSignature},
             {"token of nobody", "AKIDEXAMPLE%token", kGitSecret, Errc::kUnrecognizedClient},
             {"wrong token", "ASIAEXAMPLE%other", kGitSecret, Errc::kUnrecognizedClient},
             {"no token", "ASIAEXAMPLE", kGitSecret, Errc::kUnrecognizedClient},
         }) {
        auto const result = verify(user, password);
        ASSERT_FALSE(result.has_value()) << name;
        EXPECT_EQ(result.error().code, code) << name;
    }
}

TEST_F(GitVerifierTest, SignaturesHoldForOneRepositoryOneRegionAndAWhile) {
    auto const password = signed_password();
    EXPECT_FALSE(
        verify("AKIDEXAMPLE", password, {"127.0.0.1", "/git/us-east-1/other", "us-east-1"}));
    EXPECT_FALSE(
        verify("AKIDEXAMPLE", password, {"127.0.0.1", "/git/us-east-1/demo", "sa-east-1"}));
    EXPECT_FALSE(
        verify("AKIDEXAMPLE", password, {"localhost", "/git/us-east-1/demo", "us-east-1"}));
    clock.advance(kGitSignatureLifetime);
    EXPECT_TRUE(verify("AKIDEXAMPLE", password));
    clock.advance(1s);
    EXPECT_FALSE(verify("AKIDEXAMPLE", password));
}

TEST_F(GitVerifierTest, RefusesSignaturesOfTheFutureAndExpiredTokens) {
    auto const password = signed_password();
    ManualClock early{clock.wall_now() - 301s};
    HttpRequest request;
    request.headers.add("Authorization", "Basic " + to_base64("AKIDEXAMPLE:" + password));
    auto const result = GitVerifier(early, credentials)
                            .verify(request, {"127.0.0.1", "/git/us-east-1/demo", "us-east-1"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::kInvalidSignature);
    clock.advance(1h);
    auto const late = verify("ASIAEXAMPLE%the-token", kGitSecret);
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, Errc::kExpiredToken);
}

}  // namespace
}  // namespace meridian::auth
