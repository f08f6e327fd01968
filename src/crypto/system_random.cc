#include "crypto/system_random.h"

#include <cstring>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/rand.h>

namespace meridian::crypto {
namespace {

void fill_from_openssl(std::span<std::byte> out) {
    if (RAND_bytes_ex(nullptr, reinterpret_cast<unsigned char*>(out.data()), out.size(), 0) != 1) {
        throw std::runtime_error("the system gives no randomness");
    }
}

}  // namespace

void SystemRandom::fill(std::span<std::byte> out) {
    if (out.empty()) return;
    if (out.size() > stock_.size() / 8) return fill_from_openssl(out);
    std::lock_guard lock(mutex_);
    if (left_ < out.size()) {
        fill_from_openssl(stock_);
        left_ = stock_.size();
    }
    auto* const from = stock_.data() + (stock_.size() - left_);
    std::memcpy(out.data(), from, out.size());
    OPENSSL_cleanse(from, out.size());
    left_ -= out.size();
}

}  // namespace meridian::crypto
