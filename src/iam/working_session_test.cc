#include "iam/working_session.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "base/random.h"
#include "iam/known_credentials.h"

namespace meridian::iam {
namespace {

class NoRootKey final : public auth::CredentialSource {
  public:
    auth::Credential const* find(model::AccessKeyId const&, std::string_view) const override {
        return nullptr;
    }
};

TEST(WorkingSession, IsNobodysButAPrincipalsOwn) {
    // Whom nobody knows: no user, no role; a root of another id; words that are no ARN.
    ManualClock const clock(WallTime{std::chrono::seconds(1'700'000'000)});
    NullLog log;
    Directory const directory(log);
    SecretKeys const secrets(std::string(32, 'k'));
    SeededRandom random{7};
    WorkingSessionParts const parts{directory, secrets, clock, random};
    for (auto const& [arn, id] : std::vector<std::pair<std::string, std::string>>{
             {"arn:aws:iam::123456789012:user/u", "AIDA"},
             {"arn:aws:sts::123456789012:assumed-role/r/s", "AROA:s"},
             {"arn:aws:sts::123456789012:assumed-role/r", "AROA:"},
             {"arn:aws:iam::123456789012:root", "210987654321"},
             {"arn:aws:iam::123456789012:root", "-"},
             {"arn:aws:iam::1234", "1234"},
             {"arn:aws:iam::", ""},
             {"", ""}}) {
        auto const made = make_working_session(parts, arn, id, std::chrono::hours(1));
        ASSERT_FALSE(made.has_value()) << arn;
        EXPECT_EQ(made.error().code, Errc::kAccessDenied) << arn;
    }
    auto const made = make_working_session(parts, "arn:aws:iam::123456789012:root", "123456789012",
                                           std::chrono::hours(1));
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(made->expires, clock.wall_now() + std::chrono::hours(1));
    NoRootKey const root;
    KnownCredentials const known(root, directory, secrets);
    auto const* const found = known.find(made->access_key_id, made->session_token);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->arn, "arn:aws:iam::123456789012:root");
    // What GetSessionToken gives is refused by IAM; this is not.
    EXPECT_TRUE(found->principal.forwarded);
}

}  // namespace
}  // namespace meridian::iam
