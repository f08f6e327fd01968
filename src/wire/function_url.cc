#include "wire/function_url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/encoding.h"
#include "wire/uri.h"
#include "wire/utf8.h"

namespace meridian::wire {

namespace {

using nlohmann::json;

constexpr std::string_view kUrlLabel = ".lambda-url.";
constexpr std::string_view kDefaultRoute = "$default";
constexpr int kLowestStatus = 200;  // an interim status would leave the client waiting
constexpr int kHighestStatus = 599;

// What a header says about this connection, or what the server says itself; given by a function it
// arrives under another name, as behind AWS's other fronts.
constexpr std::array<std::string_view, 8> kRemapped = {
    "connection", "content-length",    "date",   "keep-alive", "server",
    "te",         "transfer-encoding", "upgrade"};

// "name" and "80" of "name:80"; an IPv6 address keeps its brackets.
std::pair<std::string_view, std::string_view> split_port(std::string_view host) {
    auto const colon = host.rfind(':');
    if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos)
        return {host, {}};
    return {host.substr(0, colon), host.substr(colon + 1)};
}

std::string_view port_of(std::string_view host) {
    auto const port = split_port(host).second;
    bool const digits =
        !port.empty() && port.find_first_not_of("0123456789") == std::string_view::npos;
    return digits ? port : std::string_view("80");
}

// Repeats are joined by a comma.
void append(json* object, std::string const& key, std::string value) {
    auto& slot = (*object)[key];
    slot = slot.is_null() ? std::move(value) : slot.get<std::string>() + "," + value;
}

json event_cookies(HttpRequest const& request) {
    json cookies = json::array();
    for (auto const& field : request.headers.fields()) {
        if (!same_header_name(field.name, "cookie")) continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            auto const end = rest.find(';');
            auto cookie = rest.substr(0, end);
            while (cookie.starts_with(' ')) cookie.remove_prefix(1);
            if (!cookie.empty()) cookies.push_back(to_valid_utf8(cookie));
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 1);
        }
    }
    return cookies;
}

json event_headers(HttpRequest const& request, UrlRequestContext const& context) {
    json headers = json::object();
    for (auto const& field : request.headers.fields()) {
        auto name = lowered(to_valid_utf8(field.name));
        if (name == "cookie" || name == "x-amzn-trace-id") continue;
        // The signature has done its work, and is nobody else's.
        if (context.caller && name == "authorization") continue;
        append(&headers, name, to_valid_utf8(field.value));
    }
    if (!request.peer_address.empty()) append(&headers, "x-forwarded-for", request.peer_address);
    headers["x-forwarded-proto"] = "http";
    headers["x-forwarded-port"] = port_of(request.headers.get("host"));
    headers["x-amzn-trace-id"] = context.trace_id;
    return headers;
}

json event_query(std::string_view query) {
    json parameters = json::object();
    for (auto const& [name, value] : split_query(query)) {
        append(&parameters, percent_decoded_text(name, Plus::kIsSpace),
               percent_decoded_text(value, Plus::kIsSpace));
    }
    return parameters;
}

// Which types are text is AWS's secret (GUESS); a form with files is not (recorded).
bool is_text_type(std::string_view content_type) {
    auto type = lowered(content_type.substr(0, content_type.find(';')));
    while (type.ends_with(' ')) type.pop_back();
    return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
           type == "application/json" || type == "application/xml" ||
           type == "application/javascript" || type == "application/x-www-form-urlencoded";
}

json event_context(HttpRequest const& request, UrlRequestContext const& context) {
    auto const seconds = std::chrono::floor<std::chrono::seconds>(context.time);
    auto const milliseconds = std::chrono::floor<std::chrono::milliseconds>(context.time);
    json out = {
        {"accountId", context.caller ? context.owner_account : "anonymous"},
        {"apiId", context.url_id},
        {"domainName", lowered(to_valid_utf8(split_port(request.headers.get("host")).first))},
        {"domainPrefix", context.url_id},
        {"http",
         {{"method", request.method},
          {"path", to_valid_utf8(request.path())},
          {"protocol", "HTTP/1.1"},
          {"sourceIp", request.peer_address},
          {"userAgent", to_valid_utf8(request.headers.get("user-agent"))}}},
        {"requestId", context.request_id},
        {"routeKey", kDefaultRoute},
        {"stage", kDefaultRoute},
        {"time", fmt::format("{:%d/%b/%Y:%H:%M:%S +0000}", seconds)},
        {"timeEpoch", milliseconds.time_since_epoch().count()}};
    if (context.caller) {
        auto const& caller = *context.caller;
        out["authorizer"] = {{"iam",
                              {{"accessKey", caller.access_key},
                               {"accountId", caller.account},
                               {"callerId", caller.user_id},
                               {"cognitoIdentity", nullptr},
                               {"principalOrgId", nullptr},
                               {"userArn", caller.arn},
                               {"userId", caller.user_id}}}};
    }
    return out;
}

// --- Responses ---

bool is_token(std::string_view name) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::ranges::all_of(name, [&](char c) {
        return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
               kMarks.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view value) {
    return std::ranges::none_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::optional<int> status_of(json const& value) {
    int status = 0;
    if (value.is_number_integer()) {
        auto const number = value.get<std::int64_t>();
        status = number > kHighestStatus || number < 0 ? 0 : static_cast<int>(number);
    } else if (value.is_string()) {
        auto const& text = value.get_ref<std::string const&>();
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    }
    if (status < kLowestStatus || status > kHighestStatus) return std::nullopt;
    return status;
}

// As JSON shows it; of text the text itself.
std::string plain(json const& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

// False: no response can have it.
bool add_field(HttpResponse* response, std::string const& name, std::string value) {
    if (!is_token(name) || !is_field_value(value)) return false;
    bool const remapped = std::ranges::find(kRemapped, lowered(name)) != kRemapped.end();
    response->headers.add(remapped ? "x-amzn-Remapped-" + name : name, std::move(value));
    return true;
}

bool add_answer_headers(json const& answer, HttpResponse* response) {
    auto const headers = answer.find("headers");
    if (headers != answer.end() && !headers->is_null()) {
        if (!headers->is_object()) return false;
        for (auto const& [name, value] : headers->items()) {
            if (value.is_null()) continue;
            if (value.is_structured() || !add_field(response, name, plain(value))) return false;
        }
    }
    auto const cookies = answer.find("cookies");
    if (cookies == answer.end() || cookies->is_null()) return true;
    if (!cookies->is_array()) return false;
    return std::ranges::all_of(*cookies, [&](json const& cookie) {
        return cookie.is_string() && add_field(response, "set-cookie", cookie.get<std::string>());
    });
}

bool set_answer_body(json const& answer, HttpResponse* response) {
    auto const body = answer.find("body");
    if (body == answer.end() || body->is_null()) return true;
    response->body = plain(*body);
    auto const encoded = answer.find("isBase64Encoded");
    if (encoded == answer.end() || !encoded->is_boolean() || !encoded->get<bool>()) return true;
    auto decoded = from_base64(response->body);
    if (!decoded) return false;
    response->body = std::move(*decoded);
    return true;
}

HttpResponse json_response(std::string body) {
    HttpResponse response;
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

// --- CORS ---

std::string joined(json const& cors, char const* member) {
    std::string out;
    auto const list = cors.find(member);
    if (list == cors.end() || !list->is_array()) return out;
    for (auto const& item : *list) {
        if (!out.empty()) out += ',';
        out += plain(item);
    }
    return out;
}

bool allows_origin(json const& cors, std::string_view origin) {
    auto const list = cors.find("AllowOrigins");
    return !origin.empty() && list != cors.end() && list->is_array() &&
           std::ranges::any_of(*list, [&](json const& allowed) {
               return allowed.is_string() && (allowed.get_ref<std::string const&>() == "*" ||
                                              allowed.get_ref<std::string const&>() == origin);
           });
}

void add_if_any(HttpResponse* response, char const* name, std::string value) {
    if (!value.empty() && is_field_value(value)) response->headers.add(name, std::move(value));
}

void add_origin(json const& cors, std::string_view origin, HttpResponse* response) {
    bool const credentials = cors.value("AllowCredentials", false);
    // A browser takes no "*" where credentials go along.
    bool const everyone = joined(cors, "AllowOrigins") == "*" && !credentials;
    add_if_any(response, "Access-Control-Allow-Origin", everyone ? "*" : std::string(origin));
    if (!everyone) response->headers.add("Vary", "Origin");
    if (credentials) response->headers.add("Access-Control-Allow-Credentials", "true");
}

// JSON without what stands between its tokens (recorded). Names and numbers stay as they are.
std::string without_spaces(std::string_view json_text) {
    std::string out;
    bool in_string = false;
    bool escaped = false;
    for (char const c : json_text) {
        bool const is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (in_string || !is_space) out += c;
        if (c == '"' && !escaped) in_string = !in_string;
        escaped = in_string && c == '\\' && !escaped;
    }
    return out;
}

}  // namespace

std::string format_function_url(std::string_view endpoint, std::string_view url_id,
                                model::RegionName const& region) {
    auto const scheme = endpoint.substr(0, endpoint.find("://") + 3);
    auto [host, port] = split_port(endpoint.substr(scheme.size()));
    if (host == "127.0.0.1" || host == "[::1]") host = "localhost";
    return fmt::format("{}{}{}{}.{}{}{}/", scheme, url_id, kUrlLabel, region, host,
                       port.empty() ? "" : ":", port);
}

// Every request asks this: what is no URL's host costs a look.
std::optional<FunctionUrlHost> parse_function_url_host(std::string_view host) {
    auto const label = std::ranges::search(host, kUrlLabel, {}, lower);
    if (label.empty() || label.begin() == host.begin()) return std::nullopt;
    auto const rest = split_port(std::string_view(label.end(), host.end())).first;
    auto const end = rest.find('.');
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    return FunctionUrlHost{lowered(std::string_view(host.begin(), label.begin())),
                           lowered(rest.substr(0, end))};
}

std::string url_event(HttpRequest const& request, UrlRequestContext const& context) {
    json event = {{"version", "2.0"},
                  {"routeKey", kDefaultRoute},
                  {"rawPath", to_valid_utf8(request.path())},
                  {"rawQueryString", to_valid_utf8(request.query())},
                  {"headers", event_headers(request, context)},
                  {"requestContext", event_context(request, context)}};
    if (auto cookies = event_cookies(request); !cookies.empty())
        event["cookies"] = std::move(cookies);
    if (auto parameters = event_query(request.query()); !parameters.empty())
        event["queryStringParameters"] = std::move(parameters);
    bool const text = is_text_type(request.headers.get("content-type")) && is_utf8(request.body);
    if (!request.body.empty()) event["body"] = text ? request.body : to_base64(request.body);
    event["isBase64Encoded"] = !request.body.empty() && !text;
    return event.dump();
}

HttpResponse bad_gateway() {
    HttpResponse response;
    response.status = 502;
    response.headers.add("Content-Type", "text/plain");
    response.body = "Internal Server Error";
    return response;
}

HttpResponse url_response(std::string_view payload) {
    auto const answer = json::parse(payload, nullptr, false);
    if (answer.is_discarded()) return bad_gateway();
    if (answer.is_string()) return json_response(answer.get<std::string>());
    auto const given = answer.is_object() ? answer.find("statusCode") : answer.end();
    if (!answer.is_object() || given == answer.end()) return json_response(without_spaces(payload));
    auto const status = status_of(*given);
    HttpResponse response;
    if (!status || !add_answer_headers(answer, &response) || !set_answer_body(answer, &response))
        return bad_gateway();
    response.status = *status;
    if (!response.headers.contains("Content-Type"))
        response.headers.add("Content-Type", "application/json");
    return response;
}

bool is_preflight(HttpRequest const& request) {
    return request.method == "OPTIONS" && request.headers.contains("origin") &&
           request.headers.contains("access-control-request-method");
}

HttpResponse preflight_response(json const& cors, HttpRequest const& request) {
    HttpResponse response;
    auto const origin = request.headers.get("origin");
    if (!allows_origin(cors, origin)) return response;
    add_origin(cors, origin, &response);
    add_if_any(&response, "Access-Control-Allow-Methods", joined(cors, "AllowMethods"));
    add_if_any(&response, "Access-Control-Allow-Headers", joined(cors, "AllowHeaders"));
    if (cors.contains("MaxAge"))
        add_if_any(&response, "Access-Control-Max-Age", plain(cors["MaxAge"]));
    return response;
}

void add_cors_headers(json const& cors, HttpRequest const& request, HttpResponse* response) {
    auto const origin = request.headers.get("origin");
    if (!allows_origin(cors, origin)) return;
    add_origin(cors, origin, response);
    add_if_any(response, "Access-Control-Expose-Headers", joined(cors, "ExposeHeaders"));
}

}  // namespace meridian::wire
