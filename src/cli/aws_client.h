#pragma once
// deploy::AwsApi over the network: requests signed with the connection's keys, answers read into
// JSON. Connections are kept between requests, as many as there were requests side by side, and
// made anew when they were closed.
//
// Threads: the caller's executor. `clock` outlives it.

#include <vector>

#include "cli/connection.h"
#include "deploy/aws_api.h"
#include "io/http_client.h"

namespace meridian::cli {

class AwsClient final : public deploy::AwsApi {
  public:
    AwsClient(Connection connection, Clock const& clock);

    [[nodiscard]] std::string const& region() const noexcept override { return connection_.region; }
    io::Task<deploy::AwsAnswer> rest(std::string service, std::string method, std::string target,
                                     nlohmann::json body = nullptr) override;
    io::Task<deploy::AwsAnswer> query(std::string service, std::string action,
                                      nlohmann::json parameters) override;
    io::Task<std::string> download(std::string url) override;

  private:
    io::Task<HttpResponse> send(std::string service, HttpRequest request);

    Connection const connection_;
    Clock const& clock_;
    std::vector<io::HttpClient> idle_;
};

// "Tags.member.1.Key=a&…": an input's members as IAM's protocol has them.
[[nodiscard]] std::string format_query(std::string_view action, nlohmann::json const& parameters);
// The members of an answer's result (<CreateRoleResult>), or of its error; lists (<member>) as
// arrays, everything else as texts. kIo for what is no XML.
[[nodiscard]] Result<nlohmann::json> parse_query_answer(std::string_view xml);

}  // namespace meridian::cli
