#pragma once
// Randomness that nobody can guess, from OpenSSL's generator. Any thread.

#include "base/random.h"

namespace meridian::crypto {

class SystemRandom final : public Random {
  public:
    // Throws std::runtime_error if the system gives no randomness: nothing may go on then.
    void fill(std::span<std::byte> out) override;
};

}  // namespace meridian::crypto
