#pragma once
// An AwsApi of a test: answers from a table, and remembers what it was asked.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "deploy/aws_api.h"

namespace meridian::transfer {

class FakeAwsApi final : public deploy::AwsApi {
  public:
    using Answers = std::deque<Result<deploy::AwsAnswer>>;

    explicit FakeAwsApi(std::string region = "us-east-1") : region_(std::move(region)) {}

    // Answers to "GET /path?query" or "iam GetRole", one after the other; the last one stays.
    FakeAwsApi& on(std::string const& request, nlohmann::json body, int status = 200,
                   std::string error_type = {}) {
        answers_[request].push_back(deploy::AwsAnswer{
            .status = status, .body = std::move(body), .error_type = std::move(error_type)});
        return *this;
    }
    FakeAwsApi& on_error(std::string const& request, Errc code) {
        answers_[request].push_back(fail(code, "nobody there"));
        return *this;
    }
    // What is not in the table.
    void otherwise(int status, nlohmann::json body, std::string error_type) {
        otherwise_ = {
            .status = status, .body = std::move(body), .error_type = std::move(error_type)};
    }
    FakeAwsApi& on_download(std::string const& url, std::string bytes) {
        downloads_[url] = std::move(bytes);
        return *this;
    }

    // "POST /path {body}", in order.
    std::vector<std::string> asked;

    [[nodiscard]] std::string const& region() const noexcept override { return region_; }
    io::Task<deploy::AwsAnswer> rest(std::string service, std::string method, std::string target,
                                     nlohmann::json body = nullptr) override {
        co_return answer(method + " " + target, body);
    }
    io::Task<deploy::AwsAnswer> query(std::string service, std::string action,
                                      nlohmann::json parameters) override {
        co_return answer(service + " " + action, parameters);
    }
    io::Task<std::string> download(std::string url) override {
        if (!downloads_.contains(url)) co_return fail(Errc::kIo, url + ": 404");
        co_return downloads_[url];
    }

  private:
    Result<deploy::AwsAnswer> answer(std::string const& request, nlohmann::json const& body) {
        asked.push_back(body.is_null() ? request : request + " " + body.dump());
        auto const found = answers_.find(request);
        if (found == answers_.end()) return otherwise_;
        auto out = found->second.front();
        if (found->second.size() > 1) found->second.pop_front();
        return out;
    }

    std::string region_;
    std::map<std::string, Answers> answers_;
    std::map<std::string, std::string> downloads_;
    deploy::AwsAnswer otherwise_{
        .status = 404, .body = {{"Message", "none"}}, .error_type = "ResourceNotFoundException"};
};

// Runs a task to its end on an executor of its own.
template <typename T>
Result<T> run(io::Task<T> task) {
    asio::io_context context(1);
    Result<T> out = fail(Errc::kInternal, "the task never ended");
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr exception, Result<T> result) {
        if (exception) std::rethrow_exception(exception);
        out = std::move(result);
    });
    context.run();
    return out;
}

}  // namespace meridian::transfer
