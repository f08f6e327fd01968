#pragma once
// Randomness that nobody can guess, from OpenSSL's generator. Any thread.

#include <array>
#include <mutex>

#include "base/random.h"

namespace meridian::crypto {

class SystemRandom final : public Random {
  public:
    // Throws std::runtime_error if the system gives no randomness: nothing may go on then.
    void fill(std::span<std::byte> out) override;

  private:
    // OpenSSL's generator costs a microsecond a call, and an invocation draws a few ids: small
    // draws come from a stock, each byte of which is given out once and wiped.
    std::mutex mutex_;
    std::array<std::byte, 2048> stock_{};
    std::size_t left_ = 0;  // at the stock's end
};

}  // namespace meridian::crypto
