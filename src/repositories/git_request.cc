#include "repositories/git_request.h"

#include "wire/uri.h"

namespace meridian::repositories {
namespace {

constexpr std::string_view kRefs = "/info/refs";
constexpr std::string_view kUpload = "git-upload-pack";
constexpr std::string_view kReceive = "git-receive-pack";
constexpr std::string_view kGitSuffix = ".git";

std::optional<GitRequest::Service> service_of(std::string_view name) {
    if (name == kUpload) return GitRequest::Service::kUploadPack;
    if (name == kReceive) return GitRequest::Service::kReceivePack;
    return std::nullopt;
}

}  // namespace

std::optional<GitRequest> parse_git_request(HttpRequest const& request) {
    auto const path = request.path();
    if (!is_git_path(path)) return std::nullopt;
    GitRequest out;
    std::optional<GitRequest::Service> service;
    if (request.method == "GET" && path.ends_with(kRefs)) {
        out.action = path.substr(path.size() - kRefs.size());
        for (auto const& [name, value] : wire::split_query(request.query())) {
            if (name == "service") service = service_of(value);
        }
    } else if (request.method == "POST") {
        out.action = path.substr(path.rfind('/'));
        service = service_of(out.action.substr(1));
    }
    if (!service) return std::nullopt;
    out.service = *service;
    out.remote = path.substr(0, path.size() - out.action.size());
    if (out.remote.size() <= kGitPrefix.size()) return std::nullopt;
    auto const rest = out.remote.substr(kGitPrefix.size());
    auto const slash = rest.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    out.region = rest.substr(0, slash);
    out.name = rest.substr(slash + 1);
    if (out.name.contains('/')) return std::nullopt;
    if (out.name.ends_with(kGitSuffix)) out.name.remove_suffix(kGitSuffix.size());
    return out;
}

}  // namespace meridian::repositories
