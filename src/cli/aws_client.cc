#include "cli/aws_client.h"

#include <sstream>

#include <boost/property_tree/xml_parser.hpp>
#include <fmt/format.h>

#include "io/tls_roots.h"
#include "wire/sigv4.h"
#include "wire/uri.h"
#include "wire/utf8.h"

namespace meridian::cli {
namespace {

using deploy::AwsAnswer;
using nlohmann::json;

constexpr auto kAwsAnswerTimeout = std::chrono::seconds(120);
constexpr std::string_view kHttpScheme = "http://";
constexpr std::string_view kHttpsScheme = "https://";
// <CreateRoleResponse><CreateRoleResult>…
constexpr std::string_view kResultSuffix = "Result";
constexpr int kXmlDepthMax = 64;

void add_parameters(std::string& out, std::string const& name, json const& value) {
    if (value.is_object()) {
        for (auto const& [member, inner] : value.items())
            add_parameters(out, name.empty() ? member : fmt::format("{}.{}", name, member), inner);
        return;
    }
    if (value.is_array()) {
        for (std::size_t n = 0; n < value.size(); ++n)
            add_parameters(out, fmt::format("{}.member.{}", name, n + 1), value[n]);
        return;
    }
    out += fmt::format(
        "&{}={}", wire::percent_encoded(name),
        wire::percent_encoded(value.is_string() ? value.get<std::string>() : value.dump()));
}

using Xml = boost::property_tree::ptree;

json to_json(Xml const& node, int depth) {
    if (node.empty() || depth > kXmlDepthMax) return wire::to_valid_utf8(node.data());
    if (node.front().first == "member") {
        json list = json::array();
        for (auto const& [name, child] : node) list.push_back(to_json(child, depth + 1));
        return list;
    }
    json object = json::object();
    for (auto const& [name, child] : node) {
        if (name != "<xmlattr>") object[name] = to_json(child, depth + 1);
    }
    return object;
}

std::string error_type_of(HttpResponse const& response, json const& body) {
    auto type = std::string(response.headers.get("x-amzn-errortype"));
    if (type.empty() && body.is_object())
        type = body.value("__type", body.value("Code", std::string()));
    return type.substr(0, type.find(':'));
}

}  // namespace

std::string format_query(std::string_view action, json const& parameters) {
    auto out = fmt::format("Action={}", action);
    add_parameters(out, {}, parameters);
    return out;
}

Result<json> parse_query_answer(std::string_view xml) {
    Xml document;
    try {
        std::istringstream in{std::string(xml)};
        boost::property_tree::read_xml(in, document,
                                       boost::property_tree::xml_parser::trim_whitespace);
    } catch (boost::property_tree::xml_parser_error const& error) {
        return fail(Errc::kIo, fmt::format("The answer is not XML: {}", error.what()));
    }
    if (document.empty()) return fail(Errc::kIo, "The answer is not XML.");
    auto const whole = to_json(document.front().second, 0);
    if (!whole.is_object()) return json::object();
    for (auto const& [name, value] : whole.items()) {
        if (name == "Error" || name.ends_with(kResultSuffix))
            return value.is_object() ? value : json::object();
    }
    return json::object();
}

AwsClient::AwsClient(Connection connection, Clock const& clock)
    : connection_(std::move(connection)), clock_(clock) {}

io::Task<HttpResponse> AwsClient::send(std::string service, HttpRequest request) {
    request.headers.add("Host", connection_.authority());
    wire::sigv4::sign_request(
        request,
        {.access_key_id = connection_.access_key_id,
         .secret_access_key = connection_.secret_access_key,
         .session_token = connection_.session_token},
        {.region = connection_.region, .service = service, .time = clock_.wall_now()});
    if (idle_.empty()) {
        MERIDIAN_CO_TRY(auto endpoint, connection_.endpoint());
        idle_.emplace_back(co_await asio::this_coro::executor, std::move(endpoint));
    }
    auto client = std::move(idle_.back());
    idle_.pop_back();
    auto response = co_await client.send(std::move(request), kAwsAnswerTimeout);
    if (response) idle_.push_back(std::move(client));
    co_return response;
}

io::Task<AwsAnswer> AwsClient::rest(std::string service, std::string method, std::string target,
                                    json body) {
    HttpRequest request{.method = std::move(method), .target = std::move(target), .headers = {}};
    if (!body.is_null()) {
        request.headers.add("Content-Type", "application/json");
        request.body = body.dump();
    }
    MERIDIAN_CO_TRY(auto response, co_await send(std::move(service), std::move(request)));
    AwsAnswer answer{.status = response.status};
    if (!response.body.empty()) {
        answer.body = json::parse(response.body, nullptr, false);
        if (answer.body.is_discarded()) answer.body = std::move(response.body);
    }
    if (!answer.ok()) answer.error_type = error_type_of(response, answer.body);
    answer.function_error = std::string(response.headers.get("x-amz-function-error"));
    co_return answer;
}

io::Task<AwsAnswer> AwsClient::query(std::string service, std::string action, json parameters) {
    HttpRequest request{.method = "POST", .target = "/", .headers = {}};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    constexpr std::string_view kIamVersion = "2010-05-08";
    constexpr std::string_view kStsVersion = "2011-06-15";
    request.body = fmt::format("{}&Version={}", format_query(action, parameters),
                               service == "sts" ? kStsVersion : kIamVersion);
    MERIDIAN_CO_TRY(auto const response, co_await send(std::move(service), std::move(request)));
    AwsAnswer answer{.status = response.status};
    auto parsed = parse_query_answer(response.body);
    if (parsed) answer.body = std::move(*parsed);
    if (!answer.ok()) {
        if (!parsed) answer.body = response.body;
        answer.error_type = error_type_of(response, answer.body);
    } else if (!parsed) {
        co_return std::unexpected(parsed.error());
    }
    co_return answer;
}

io::Task<std::string> AwsClient::download(std::string url) {
    bool const tls = url.starts_with(kHttpsScheme);
    if (!tls && !url.starts_with(kHttpScheme))
        co_return fail(Errc::kInvalidParameterValue, fmt::format("{} is no link.", url));
    auto const rest = url.substr(tls ? kHttpsScheme.size() : kHttpScheme.size());
    auto const slash = rest.find('/');
    auto const authority = rest.substr(0, slash);
    auto const colon = authority.rfind(':');
    bool const has_port = colon != std::string::npos;
    io::HttpEndpoint endpoint{
        .host = authority.substr(0, colon),
        .port = has_port ? authority.substr(colon + 1) : std::string(tls ? "443" : "80")};
    if (tls) {
        MERIDIAN_CO_TRY(endpoint.tls, io::TlsRoots::load(connection_.ca_file));
    }
    HttpRequest request{
        .method = "GET",
        .target = slash == std::string::npos ? std::string("/") : rest.substr(slash),
        .headers = {}};
    request.headers.add("Host", authority);
    io::HttpClient client(co_await asio::this_coro::executor, std::move(endpoint));
    MERIDIAN_CO_TRY(auto response, co_await client.send(std::move(request), kAwsAnswerTimeout));
    if (response.status != 200) {
        co_return fail(Errc::kIo,
                       fmt::format("{}: {}", url.substr(0, url.find('?')), response.status));
    }
    co_return std::move(response.body);
}

}  // namespace meridian::cli
