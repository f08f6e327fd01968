#include "crypto/sha512.h"

#include <stdexcept>

#include <openssl/evp.h>

namespace meridian::crypto {

Sha512Digest sha512(std::string_view bytes) {
    Sha512Digest digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha512(), nullptr) != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-512");
    return digest;
}

}  // namespace meridian::crypto
