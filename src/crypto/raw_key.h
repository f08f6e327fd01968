#pragma once
// OpenSSL's key objects for the curves whose keys are plain bytes. For this module's .cc files.

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace meridian::crypto {

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using RawKey = std::unique_ptr<EVP_PKEY, FreeKey>;
using RawKeyBytes = std::array<std::uint8_t, 32>;

// `type`: EVP_PKEY_ED25519 or EVP_PKEY_X25519.
inline RawKey private_raw_key(int type, RawKeyBytes const& bytes) {
    RawKey key(EVP_PKEY_new_raw_private_key(type, nullptr, bytes.data(), bytes.size()));
    if (!key) throw std::runtime_error("OpenSSL cannot make a key");
    return key;
}

// Null for bytes that are no key.
inline RawKey public_raw_key(int type, RawKeyBytes const& bytes) {
    return RawKey(EVP_PKEY_new_raw_public_key(type, nullptr, bytes.data(), bytes.size()));
}

inline RawKeyBytes public_bytes(EVP_PKEY const* key) {
    RawKeyBytes bytes{};
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) != 1 || size != bytes.size())
        throw std::runtime_error("OpenSSL cannot show a public key");
    return bytes;
}

}  // namespace meridian::crypto
