#include "repositories/http_backend.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace meridian::repositories {
namespace {

constexpr std::size_t kGitProtocolCharsMax = 200;
constexpr int kStatusMin = 200;
constexpr int kStatusMax = 599;

// What may stand in a header that is handed on.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::optional<int> parse_status(std::string_view text) {
    int status = 0;
    auto const* const end = text.begin() + std::min<std::size_t>(text.size(), 3);
    auto const [stop, error] = std::from_chars(text.begin(), end, status);
    if (error != std::errc{} || stop != end || status < kStatusMin || status > kStatusMax)
        return std::nullopt;
    return status;
}

}  // namespace

std::vector<std::string> cgi_variables(HttpRequest const& request, std::uint64_t body_bytes,
                                       GitRequest const& asked,
                                       std::filesystem::path const& repository,
                                       GitUser const& user) {
    std::vector<std::string> out = {
        "GATEWAY_INTERFACE=CGI/1.1",
        "GIT_HTTP_EXPORT_ALL=1",
        fmt::format("GIT_PROJECT_ROOT={}", repository.parent_path().string()),
        fmt::format("PATH_INFO=/{}{}", repository.filename().string(), asked.action),
        fmt::format("REQUEST_METHOD={}", request.method),
        fmt::format("QUERY_STRING={}",
                    asked.action == "/info/refs"
                        ? (asked.is_push() ? "service=git-receive-pack" : "service=git-upload-pack")
                        : ""),
        "SERVER_PROTOCOL=HTTP/1.1",
        fmt::format("REMOTE_USER={}", user.arn),
        fmt::format("REMOTE_ADDR={}", request.peer_address),
        fmt::format("GIT_COMMITTER_NAME={}", user.arn),
        fmt::format("GIT_COMMITTER_EMAIL={}", user.user_id),
    };
    auto const hand_on = [&](char const* header, char const* variable) {
        auto const value = request.headers.get(header);
        if (!value.empty() && value.size() <= kGitProtocolCharsMax && is_plain(value))
            out.push_back(fmt::format("{}={}", variable, value));
    };
    hand_on("Content-Type", "CONTENT_TYPE");
    hand_on("Content-Encoding", "HTTP_CONTENT_ENCODING");
    hand_on("Git-Protocol", "GIT_PROTOCOL");
    if (request.method == "POST") out.push_back(fmt::format("CONTENT_LENGTH={}", body_bytes));
    return out;
}

Result<std::optional<CgiHead>> parse_cgi_head(std::string_view output) {
    CgiHead head;
    std::size_t at = 0;
    for (;;) {
        auto const end = output.find('\n', at);
        if (end == std::string_view::npos) {
            if (output.size() > kCgiHeadBytesMax)
                return fail(Errc::kIo, "git's http-backend gave no head");
            return std::nullopt;
        }
        auto line = output.substr(at, end - at);
        at = end + 1;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) break;
        auto const colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0 || !is_plain(line))
            return fail(Errc::kIo, "git's http-backend gave no head");
        auto const name = line.substr(0, colon);
        auto value = line.substr(colon + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        if (same_header_name(name, "Status")) {
            auto const status = parse_status(value);
            if (!status) return fail(Errc::kIo, "git's http-backend gave no status");
            head.response.status = *status;
        } else if (!same_header_name(name, "Content-Length")) {
            head.response.headers.add(std::string(name), std::string(value));
        }
    }
    head.bytes = at;
    return head;
}

}  // namespace meridian::repositories
