#include "api/local_program.h"

namespace meridian::api {
namespace {

bool is_loopback_host(std::string_view host) {
    if (host.starts_with("[::1]")) return true;
    auto const name = host.substr(0, host.find(':'));
    return name == "localhost" || name == "127.0.0.1" || name.ends_with(".localhost");
}

}  // namespace

bool is_local_program(HttpRequest const& request) {
    if (!is_loopback_host(request.headers.get("host"))) return false;
    auto const origin = request.headers.get("origin");
    if (origin.empty()) return true;
    auto const scheme = origin.find("://");
    return scheme != std::string_view::npos && is_loopback_host(origin.substr(scheme + 3));
}

}  // namespace meridian::api
