#pragma once
// One region's Lambda, IAM, STS and Meridian's own API, as AWS's clients call them. cli/ signs and
// sends over the network; fake_aws_api.h answers in tests.
//
// Threads: call on the owner's executor.

#include <string>

#include <nlohmann/json.hpp>

#include "io/task.h"

namespace meridian::deploy {

struct AwsAnswer {
    int status = 200;
    // The answer's body: JSON as it is; IAM's and STS's XML as the members of its result, lists as
    // arrays. Null where there is none, or a text where it is neither.
    nlohmann::json body;
    // Of an error: "ResourceNotFoundException", "NoSuchEntity".
    std::string error_type = {};
    // Of an Invoke whose function failed: "Unhandled" (X-Amz-Function-Error).
    std::string function_error = {};

    [[nodiscard]] bool ok() const noexcept { return status / 100 == 2; }
    // Of an error.
    [[nodiscard]] std::string message() const;
};

class AwsApi {
  public:
    virtual ~AwsApi() = default;

    [[nodiscard]] virtual std::string const& region() const noexcept = 0;
    // A request of a REST-JSON service: "lambda" or "meridian". `target` is path and query,
    // encoded. Any answer that came is a value, errors too. Errors: kUnavailable (nobody there),
    // kDeadlineExceeded, kIo.
    virtual io::Task<AwsAnswer> rest(std::string service, std::string method, std::string target,
                                     nlohmann::json body = nullptr) = 0;
    // An action of IAM or STS: `parameters` are its input's members, in the API model's JSON form.
    virtual io::Task<AwsAnswer> query(std::string service, std::string action,
                                      nlohmann::json parameters) = 0;
    // The bytes behind a link such as GetFunction's Code.Location.
    virtual io::Task<std::string> download(std::string url) = 0;
};

}  // namespace meridian::deploy
