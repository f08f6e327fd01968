#pragma once
// What an HTTP request under /git/ asks for, in git's smart protocol (gitprotocol-http(5)):
//
//   GET  /git/REGION/NAME[.git]/info/refs?service=git-upload-pack | git-receive-pack
//   POST /git/REGION/NAME[.git]/git-upload-pack | git-receive-pack
//
// Pure; any thread.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/http_message.h"

namespace meridian::repositories {

inline constexpr std::string_view kGitPrefix = "/git/";

// The longest body of a push; ours. It is also git's receive.maxInputSize.
inline constexpr std::uint64_t kPushBytesMax = 2UL * 1024 * 1024 * 1024;
// And of a fetch: what a client wants and has; ours.
inline constexpr std::uint64_t kFetchRequestBytesMax = 8UL * 1024 * 1024;

struct GitRequest {
    enum class Service : std::uint8_t { kUploadPack, kReceivePack };

    std::string_view region;
    std::string_view name;    // without ".git"; not checked
    std::string_view remote;  // path of the remote's URL: "/git/us-east-1/demo.git"
    std::string_view action;  // what follows it: "/info/refs"
    Service service = Service::kUploadPack;

    [[nodiscard]] bool is_push() const noexcept { return service == Service::kReceivePack; }
};

[[nodiscard]] inline bool is_git_path(std::string_view path) noexcept {
    return path.starts_with(kGitPrefix);
}
// Views into the request. Nothing for what the smart protocol does not have.
[[nodiscard]] std::optional<GitRequest> parse_git_request(HttpRequest const& request);

}  // namespace meridian::repositories
