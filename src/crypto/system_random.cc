#include "crypto/system_random.h"

#include <stdexcept>

#include <openssl/rand.h>

namespace meridian::crypto {

void SystemRandom::fill(std::span<std::byte> out) {
    if (out.empty()) return;
    if (RAND_bytes_ex(nullptr, reinterpret_cast<unsigned char*>(out.data()), out.size(), 0) != 1) {
        throw std::runtime_error("the system gives no randomness");
    }
}

}  // namespace meridian::crypto
