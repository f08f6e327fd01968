// Any bytes as a request to a function URL and as a function's answer: the event is JSON, and the
// response is one that can be sent.

#include <cstdlib>
#include <string_view>

#include "wire/function_url.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    using namespace meridian;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const cut = text.find('\n');
    auto const head = text.substr(0, cut);
    auto const rest = cut == std::string_view::npos ? std::string_view() : text.substr(cut + 1);

    HttpRequest request{.method = "POST", .target = std::string(head)};
    request.headers.add("Host", std::string(head));
    request.headers.add("Cookie", std::string(rest));
    request.headers.add("Content-Type", std::string(head));
    request.headers.add("Origin", std::string(rest));
    request.body = std::string(rest);
    (void)wire::parse_function_url_host(head);
    auto const event = nlohmann::json::parse(wire::url_event(request, {}), nullptr, false);
    if (!event.is_object()) std::abort();

    auto response = wire::url_response(text);
    auto const cors = nlohmann::json::parse(rest, nullptr, false);
    if (cors.is_object() && cors.value("AllowCredentials", nlohmann::json()).is_boolean())
        wire::add_cors_headers(cors, request, &response);
    if (response.status < 200 || response.status > 599) std::abort();
    for (auto const& field : response.headers.fields()) {
        if (field.name.empty() || field.value.find_first_of("\r\n") != std::string::npos)
            std::abort();
    }
    return 0;
}
