#pragma once
// Another AwsApi, asked again when it says that it is asked too much, and, for reads and IAM's
// lists, when nobody answered. Waits double from kFirstWait to kLongestWait, between kTriesMax
// tries, or kGoneTriesMax where nobody answers.
//
// Threads: those of the other, which outlives this.

#include <chrono>
#include <functional>

#include "deploy/aws_api.h"

namespace meridian::transfer {

inline constexpr int kTriesMax = 8;
inline constexpr int kGoneTriesMax = 4;
inline constexpr std::chrono::milliseconds kFirstWait{100};
inline constexpr std::chrono::milliseconds kLongestWait{5'000};

// Whether the answer means: not now, and nothing was done.
[[nodiscard]] bool is_throttled(deploy::AwsAnswer const& answer);

class RetryingApi final : public deploy::AwsApi {
  public:
    using Sleep = std::function<io::Task<>(std::chrono::milliseconds)>;

    // `sleep` is io::sleep_for unless given.
    explicit RetryingApi(deploy::AwsApi& other, Sleep sleep = {});

    [[nodiscard]] std::string const& region() const noexcept override { return other_.region(); }
    io::Task<deploy::AwsAnswer> rest(std::string service, std::string method, std::string target,
                                     nlohmann::json body = nullptr) override;
    io::Task<deploy::AwsAnswer> query(std::string service, std::string action,
                                      nlohmann::json parameters) override;
    io::Task<std::string> download(std::string url) override;

  private:
    deploy::AwsApi& other_;
    Sleep sleep_;
};

}  // namespace meridian::transfer
