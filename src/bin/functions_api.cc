#include "bin/functions_api.h"

#include "io/sleep.h"

namespace meridian::bin {
namespace {

constexpr auto kDrainPoll = std::chrono::milliseconds(5);

class Counted {
  public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(Counted const&) = delete;
    Counted& operator=(Counted const&) = delete;

  private:
    std::size_t& count_;
};

}  // namespace

asio::awaitable<HttpResponse> FunctionsApi::handle(HttpRequest request) {
    if (front_ == nullptr) {
        auto early = refusal(503, "The regions of this server are starting.");
        early.headers.add("x-amzn-ErrorType", "ServiceUnavailableException");
        co_return early;
    }
    Counted const counted(in_progress_);
    co_return co_await front_->handle_from_function(std::move(request));
}

asio::awaitable<void> FunctionsApi::drain(Clock const& clock,
                                          std::chrono::milliseconds grace) const {
    auto const until = clock.monotonic_now() + grace;
    while (in_progress_ > 0 && clock.monotonic_now() < until)
        (void)co_await io::sleep_for(kDrainPoll);
}

}  // namespace meridian::bin
