#pragma once
// CGI (RFC 3875) as git's http-backend(1) speaks it. Pure; any thread.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_message.h"
#include "base/result.h"
#include "repositories/git_request.h"

namespace meridian::repositories {

// The head of an answer; git's has some hundred bytes.
inline constexpr std::size_t kCgiHeadBytesMax = 16UL * 1024;

// Who asks, as git writes it into its log of references.
struct GitUser {
    std::string arn;
    std::string user_id;
};

// What http-backend is told of a request, beside GitProgram::environment(). `repository` is the
// folder itself.
[[nodiscard]] std::vector<std::string> cgi_variables(HttpRequest const& request,
                                                     std::uint64_t body_bytes,
                                                     GitRequest const& asked,
                                                     std::filesystem::path const& repository,
                                                     GitUser const& user);

struct CgiHead {
    HttpResponse response;  // without a body
    std::size_t bytes = 0;  // the body begins here
};
// Nothing while it is not complete. kIo for what is no head.
[[nodiscard]] Result<std::optional<CgiHead>> parse_cgi_head(std::string_view output);

}  // namespace meridian::repositories
