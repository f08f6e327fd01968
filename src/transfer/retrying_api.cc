#include "transfer/retrying_api.h"

#include <algorithm>

#include "io/sleep.h"

namespace meridian::transfer {

using deploy::AwsAnswer;
using nlohmann::json;

namespace {

constexpr int kTooManyRequests = 429;
constexpr int kServiceUnavailable = 503;

bool is_gone(Error const& error) {
    return error.code == Errc::kUnavailable || error.code == Errc::kIo ||
           error.code == Errc::kDeadlineExceeded;
}

// Reading twice does no harm.
bool is_read(std::string const& action) {
    return action.starts_with("Get") || action.starts_with("List");
}

// Whether what the `tries`th try came to is worth another.
template <typename T>
bool again(Result<T> const& result, bool idempotent, int tries) {
    if (!result) return idempotent && is_gone(result.error()) && tries < kGoneTriesMax;
    if constexpr (std::is_same_v<T, AwsAnswer>) return is_throttled(*result) && tries < kTriesMax;
    return false;
}

std::chrono::milliseconds doubled(std::chrono::milliseconds wait) {
    return std::min(wait * 2, kLongestWait);
}

}  // namespace

bool is_throttled(AwsAnswer const& answer) {
    if (answer.status == kTooManyRequests || answer.status == kServiceUnavailable) return true;
    for (auto const* const type : {"Throttling", "ThrottlingException", "TooManyRequestsException",
                                   "RequestLimitExceeded", "RequestThrottled"}) {
        if (answer.error_type == type) return true;
    }
    return false;
}

RetryingApi::RetryingApi(deploy::AwsApi& other, Sleep sleep)
    : other_(other), sleep_(std::move(sleep)) {
    if (!sleep_) sleep_ = [](std::chrono::milliseconds wait) { return io::sleep_for(wait); };
}

io::Task<AwsAnswer> RetryingApi::rest(std::string service, std::string method, std::string target,
                                      json body) {
    auto wait = kFirstWait;
    for (int tries = 1;; ++tries) {
        auto answer = co_await other_.rest(service, method, target, body);
        if (!again(answer, method == "GET", tries)) co_return answer;
        MERIDIAN_CO_CHECK(co_await sleep_(wait));
        wait = doubled(wait);
    }
}

io::Task<AwsAnswer> RetryingApi::query(std::string service, std::string action, json parameters) {
    auto wait = kFirstWait;
    for (int tries = 1;; ++tries) {
        auto answer = co_await other_.query(service, action, parameters);
        if (!again(answer, is_read(action), tries)) co_return answer;
        MERIDIAN_CO_CHECK(co_await sleep_(wait));
        wait = doubled(wait);
    }
}

io::Task<std::string> RetryingApi::download(std::string url) {
    auto wait = kFirstWait;
    for (int tries = 1;; ++tries) {
        auto bytes = co_await other_.download(url);
        if (!again(bytes, true, tries)) co_return bytes;
        MERIDIAN_CO_CHECK(co_await sleep_(wait));
        wait = doubled(wait);
    }
}

}  // namespace meridian::transfer
