// Any bytes as an HTTP request: the verifier answers and never crashes, and nothing passes that was
// not signed.

#include <cstdlib>
#include <string_view>

#include "auth/sigv4_verifier.h"

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

HttpRequest request_of(std::string_view text) {
    HttpRequest request;
    auto const take = [&](char until) {
        auto const end = text.find(until);
        auto const piece = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        return std::string(piece);
    };
    request.method = take(' ');
    request.target = take('\n');
    while (!text.empty() && text.front() != '\n') {
        auto name = take(':');
        request.headers.add(std::move(name), take('\n'));
    }
    if (!text.empty()) request.body = text.substr(1);
    return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    ManualClock clock(WallTime{std::chrono::seconds{1'440'938'160}});  // 2015-08-30T12:36:00Z
    OneKey keys;
    auth::Verifier verifier(clock, keys);
    auto const request = request_of({reinterpret_cast<char const*>(data), size});
    (void)auth::parse_scope(request);
    for (auto const* region : {"us-east-1", ""}) {
        if (verifier.verify(request, {region, "service"}).has_value()) std::abort();
    }
    return 0;
}
