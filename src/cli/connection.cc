#include "cli/connection.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/aws_profile.h"
#include "io/tls_roots.h"
#include "wire/sigv4.h"

namespace meridian::cli {
namespace fs = std::filesystem;
namespace {

constexpr int kNotFound = 404;
constexpr auto kAnswerTimeout = std::chrono::seconds(30);

std::string read_file(fs::path const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// The first that is not empty.
template <typename... Rest>
std::string first_of(std::string const& first, Rest const&... rest) {
    if constexpr (sizeof...(rest) == 0) {
        return first;
    } else {
        return first.empty() ? first_of(rest...) : first;
    }
}

std::string setting(ProfileSection const& section, char const* name) {
    auto const found = section.find(name);
    return found == section.end() ? std::string{} : found->second;
}

}  // namespace

fs::path default_data_directory(Environment const& environment, bool root) {
    if (auto const given = environment("MERIDIAN_DATA")) return *given;
    if (root) return "/var/lib/meridian";
    if (auto const data = environment("XDG_DATA_HOME")) return fs::path(*data) / "meridian";
    return fs::path(environment("HOME").value_or("/tmp")) / ".local/share/meridian";
}

Result<Connection> find_connection(ConnectionFlags const& flags, Environment const& environment) {
    auto const variable = [&](char const* name) { return environment(name).value_or(""); };
    auto const profile = first_of(flags.profile, variable("AWS_PROFILE"), std::string("default"));
    auto const aws = fs::path(variable("HOME")) / ".aws";
    auto const credentials_file =
        first_of(variable("AWS_SHARED_CREDENTIALS_FILE"), (aws / "credentials").string());
    auto const config_file = first_of(variable("AWS_CONFIG_FILE"), (aws / "config").string());
    auto const config = read_profile(read_file(config_file), profile);
    auto const keys = read_profile(read_file(credentials_file), profile);
    auto const own_config = read_profile(read_file(flags.data / "config"), "default");
    auto const own_keys = read_profile(read_file(flags.data / "credentials"), "default");

    Connection connection;
    auto const url = first_of(flags.endpoint_url, variable("AWS_ENDPOINT_URL"),
                              setting(config, "endpoint_url"), setting(own_config, "endpoint_url"));
    constexpr std::string_view kHttp = "http://";
    constexpr std::string_view kHttps = "https://";
    if (url.empty()) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("No server is known: give --endpoint-url, set AWS_ENDPOINT_URL, or "
                                "name the data directory "
                                "of a running `meridian up` with --data (looked in {}).",
                                flags.data.string()));
    }
    connection.tls = url.starts_with(kHttps);
    if (!connection.tls && !url.starts_with(kHttp)) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{}: an endpoint begins with http:// or https://.", url));
    }
    connection.ca_file = first_of(variable("AWS_CA_BUNDLE"), setting(config, "ca_bundle"));
    auto authority = url.substr(connection.tls ? kHttps.size() : kHttp.size());
    authority = authority.substr(0, authority.find('/'));
    auto const colon = authority.rfind(':');
    connection.host = authority.substr(0, colon);
    connection.port = colon != std::string::npos ? authority.substr(colon + 1)
                      : connection.tls           ? "443"
                                                 : "80";
    connection.region =
        first_of(flags.region, variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"),
                 setting(config, "region"), setting(own_config, "region"));
    if (connection.region.empty()) {
        return fail(Errc::kInvalidParameterValue,
                    "No region is known: give --region or set AWS_REGION.");
    }
    // A pair of keys comes from one place.
    for (auto const& [id, secret, token] :
         {std::tuple(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
                     variable("AWS_SESSION_TOKEN")),
          std::tuple(setting(keys, "aws_access_key_id"), setting(keys, "aws_secret_access_key"),
                     setting(keys, "aws_session_token")),
          std::tuple(setting(own_keys, "aws_access_key_id"),
                     setting(own_keys, "aws_secret_access_key"), std::string{})}) {
        if (id.empty() || secret.empty()) continue;
        connection.access_key_id = id;
        connection.secret_access_key = secret;
        connection.session_token = token;
        return connection;
    }
    return fail(
        Errc::kInvalidParameterValue,
        fmt::format("No keys are known: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                    "AWS_SHARED_CREDENTIALS_FILE={}.",
                    (flags.data / "credentials").string()));
}

Result<io::HttpEndpoint> Connection::endpoint() const {
    io::HttpEndpoint out{.host = host, .port = port};
    if (tls) {
        MERIDIAN_TRY(out.tls, io::TlsRoots::load(ca_file));
    }
    return out;
}

io::Task<HttpResponse> call(Connection connection, Clock const& clock, std::string method,
                            std::string target, std::string body) {
    HttpRequest request;
    request.body = std::move(body);
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers.add("Host", connection.authority());
    wire::sigv4::sign_request(
        request,
        {.access_key_id = connection.access_key_id,
         .secret_access_key = connection.secret_access_key,
         .session_token = connection.session_token},
        {.region = connection.region, .service = "meridian", .time = clock.wall_now()});
    MERIDIAN_CO_TRY(auto endpoint, connection.endpoint());
    io::HttpClient client(co_await asio::this_coro::executor, std::move(endpoint));
    MERIDIAN_CO_TRY(auto response, co_await client.send(std::move(request), kAnswerTimeout));
    if (response.status / 100 != 2) {
        auto const answer = nlohmann::json::parse(response.body, nullptr, false);
        std::string message = response.body;
        if (answer.is_object())
            message = answer.value("Message", answer.value("message", response.body));
        co_return fail(response.status == kNotFound ? Errc::kResourceNotFound : Errc::kIo,
                       fmt::format("{} ({})", message, response.status));
    }
    co_return response;
}

}  // namespace meridian::cli
