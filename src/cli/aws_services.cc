#include "cli/aws_services.h"

#include <fmt/format.h>

namespace meridian::cli {
namespace {

constexpr std::string_view kAwsHosts = ".amazonaws.com";
// Where IAM's requests are signed for: it is one for all regions (DOC: AWS service endpoints).
constexpr char const* kIamRegion = "us-east-1";

}  // namespace

bool is_aws(Connection const& connection) {
    return connection.host.starts_with("lambda.") && connection.host.ends_with(kAwsHosts);
}

std::string aws_endpoint(std::string const& region) {
    return fmt::format("https://lambda.{}{}", region, kAwsHosts);
}

Connection aws_connection(Connection connection, std::string const& service) {
    if (service == "iam") {
        connection.host = fmt::format("iam{}", kAwsHosts);
        connection.region = kIamRegion;
    } else {
        connection.host = fmt::format("{}.{}{}", service, connection.region, kAwsHosts);
    }
    return connection;
}

AwsServices::AwsServices(Connection const& lambda, Clock const& clock)
    : lambda_(lambda, clock),
      iam_(aws_connection(lambda, "iam"), clock),
      sts_(aws_connection(lambda, "sts"), clock) {}

io::Task<deploy::AwsAnswer> AwsServices::rest(std::string service, std::string method,
                                              std::string target, nlohmann::json body) {
    return lambda_.rest(std::move(service), std::move(method), std::move(target), std::move(body));
}

io::Task<deploy::AwsAnswer> AwsServices::query(std::string service, std::string action,
                                               nlohmann::json parameters) {
    auto& client = service == "sts" ? sts_ : iam_;
    return client.query(std::move(service), std::move(action), std::move(parameters));
}

io::Task<std::string> AwsServices::download(std::string url) {
    return lambda_.download(std::move(url));
}

}  // namespace meridian::cli
