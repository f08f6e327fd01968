#pragma once
// The public front as the code in sandboxes calls it. Built before the regions, whose environments
// may start before the front has all of them: until open() there is an answer that SDKs try again
// on.
//
// Threads: the process's io executor.

#include <chrono>
#include <cstddef>
#include <string>

#include "api/front.h"
#include "base/clock.h"
#include "invoke/ports.h"

namespace meridian::bin {

class FunctionsApi final : public invoke::RegionApi {
  public:
    // `front` outlives every request: see drain().
    void open(api::Front& front) { front_ = &front; }
    // Completes when no request is in progress, `grace` at most. For the time when every
    // environment is gone, so that none can come.
    asio::awaitable<void> drain(Clock const& clock, std::chrono::milliseconds grace) const;

    asio::awaitable<HttpResponse> handle(HttpRequest request) override;
    [[nodiscard]] std::size_t body_bytes_max(HttpRequest const& head) const override {
        return api::Front::body_bytes_max(head);
    }
    [[nodiscard]] HttpResponse refusal(int status, std::string reason) const override {
        return api::Front::refusal(status, std::move(reason));
    }

  private:
    api::Front* front_ = nullptr;
    std::size_t in_progress_ = 0;
};

}  // namespace meridian::bin
