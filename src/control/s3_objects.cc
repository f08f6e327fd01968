#include "control/s3_objects.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/uri.h"

namespace meridian::control {

namespace {

constexpr std::size_t kErrorTextBytesMax = 1'024;
constexpr std::size_t kErrorBytesMax = 65'536;  // of an answer that is no object

// The text of the first element of this name in an XML error of S3; empty if there is none.
std::string element(std::string_view xml, std::string_view name) {
    auto const open = fmt::format("<{}>", name);
    auto const begin = xml.find(open);
    if (begin == std::string_view::npos) return {};
    auto const text = xml.substr(begin + open.size());
    auto out = std::string(text.substr(0, std::min(text.find('<'), kErrorTextBytesMax)));
    constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
    for (auto const& [entity, character] : kEntities) {
        for (auto at = out.find(entity); at != std::string::npos;
             at = out.find(entity, at + character.size()))
            out.replace(at, entity.size(), character);
    }
    return out;
}

}  // namespace

Result<EndpointUrl> parse_endpoint_url(std::string_view url) {
    EndpointUrl out;
    auto rest = url;
    if (rest.starts_with("https://")) {
        out.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        rest = {};
    }
    while (rest.ends_with('/')) rest.remove_suffix(1);
    auto const bracket = rest.find(']');
    auto const colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
    out.host = rest.substr(0, colon);
    if (out.host.starts_with('[') && out.host.ends_with(']'))
        out.host = out.host.substr(1, out.host.size() - 2);
    out.port = colon == std::string_view::npos ? out.tls ? "443" : "80" : rest.substr(colon + 1);
    bool const port_is_number =
        !out.port.empty() && out.port.find_first_not_of("0123456789") == std::string::npos;
    if (out.host.empty() || !port_is_number ||
        out.host.find_first_of("/?#@ \t\r\n") != std::string::npos) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("\"{}\" is no endpoint: it must be http://HOST[:PORT] or "
                                "https://HOST[:PORT]",
                                url));
    }
    return out;
}

std::string s3_error_text(HttpResponse const& response) {
    auto code = element(response.body, "Code");
    auto message = element(response.body, "Message");
    if (code.empty()) code = fmt::format("{}", response.status);
    if (message.empty()) message = "The answer is no error of S3's.";
    return fmt::format("Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                       code, message);
}

HttpRequest S3Objects::request_for(S3Object const& object) const {
    HttpRequest request;
    request.method = "GET";
    request.target = fmt::format("/{}/{}", wire::percent_encoded(object.bucket),
                                 wire::percent_encoded(object.key, wire::Slash::kKeep));
    if (!object.version.empty())
        request.target += "?versionId=" + wire::percent_encoded(object.version);
    auto const& endpoint = options_.endpoint;
    bool const usual = endpoint.port == (endpoint.tls ? "443" : "80");
    request.headers.add("Host",
                        usual ? endpoint.host : fmt::format("{}:{}", endpoint.host, endpoint.port));
    if (options_.credentials) {
        wire::sigv4::sign_request(request, *options_.credentials,
                                  {.region = options_.region,
                                   .service = "s3",
                                   .time = clock_.wall_now(),
                                   .path_rules = {.double_encode = false, .normalize = false},
                                   .sign_body_header = true});
    }
    return request;
}

io::Task<std::string> S3Objects::get(S3Object object, std::size_t bytes_max) {
    // Both would name something else to a server that resolves paths.
    if (object.bucket == "." || object.bucket == "..")
        co_return fail(Errc::kInvalidParameterValue, "The specified bucket is not valid.");
    if (running_ == kS3DownloadsMax) co_return fail(Errc::kTooManyRequests, "Rate Exceeded.");
    struct Running {
        explicit Running(int& counter) : count(counter) { ++count; }
        ~Running() { --count; }
        Running(Running const&) = delete;
        Running& operator=(Running const&) = delete;
        int& count;
    } const running(running_);

    io::HttpClient client(executor_, options_.endpoint);
    auto response = co_await client.send(request_for(object), kS3RequestTimeout,
                                         std::max(bytes_max, kErrorBytesMax));
    if (response ? response->status == 200 && response->body.size() > bytes_max
                 : response.error().code == Errc::kRequestTooLarge) {
        co_return fail(Errc::kRequestTooLarge,
                       fmt::format("Zipped size must be smaller than {} bytes", bytes_max));
    }
    if (!response) {
        log_.write(LogLevel::kWarn, "an S3 object could not be read",
                   {{"bucket", object.bucket}, {"error", response.error().message}});
        co_return fail(Errc::kUnavailable,
                       "Error occurred while GetObject. The S3 endpoint could not be reached.");
    }
    if (response->status == 200) co_return std::move(response->body);
    co_return fail(Errc::kInvalidParameterValue, s3_error_text(*response));
}

}  // namespace meridian::control
