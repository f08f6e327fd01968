// Any bytes as an Authorization header of git: nothing crashes, and nobody gets in without the
// secret.

#include <cstdlib>
#include <string_view>

#include "auth/git_verifier.h"

namespace {

using namespace meridian;

// Knows one key, whose secret no input can have used.
class OneKey final : public auth::CredentialSource {
  public:
    auth::Credential const* find(model::AccessKeyId const& id, std::string_view) const override {
        return id.value() == "AKIDEXAMPLE" ? &credential_ : nullptr;
    }

  private:
    auth::Credential credential_{"a secret that is in no corpus", model::AccountId{"123456789012"},
                                 "arn", "id"};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    (void)auth::parse_git_signature(text);
    ManualClock const clock(WallTime{std::chrono::seconds{1'440'938'160}});  // 2015-08-30T12:36:00Z
    OneKey const keys;
    auth::GitVerifier const verifier(clock, keys);
    HttpRequest request;
    request.headers.add("Authorization", std::string(text));
    if (verifier.verify(request, {"h:1", "/git/us-east-1/demo", "us-east-1"}).has_value())
        std::abort();
    return 0;
}
