#pragma once
// AWS's own endpoints: each service has a host of its own, and IAM is one for all regions.
//
// Threads: those of AwsClient. `clock` outlives it.

#include "cli/aws_client.h"

namespace meridian::cli {

class AwsServices final : public deploy::AwsApi {
  public:
    // `lambda` is the connection to Lambda's endpoint (is_aws()).
    AwsServices(Connection const& lambda, Clock const& clock);

    [[nodiscard]] std::string const& region() const noexcept override { return lambda_.region(); }
    io::Task<deploy::AwsAnswer> rest(std::string service, std::string method, std::string target,
                                     nlohmann::json body = nullptr) override;
    io::Task<deploy::AwsAnswer> query(std::string service, std::string action,
                                      nlohmann::json parameters) override;
    io::Task<std::string> download(std::string url) override;

  private:
    AwsClient lambda_;
    AwsClient iam_;
    AwsClient sts_;
};

// Whether the host is Lambda's in AWS: "lambda.eu-west-1.amazonaws.com".
[[nodiscard]] bool is_aws(Connection const& connection);
// Lambda's URL in a region of AWS.
[[nodiscard]] std::string aws_endpoint(std::string const& region);
// The same caller's connection to another of AWS's services, "iam" or "sts".
[[nodiscard]] Connection aws_connection(Connection connection, std::string const& service);

}  // namespace meridian::cli
