#include "crypto/sha1.h"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace meridian::crypto {

Sha1Digest sha1(std::string_view first, std::string_view second) {
    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> const context(EVP_MD_CTX_new());
    Sha1Digest digest{};
    unsigned int size = 0;
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-1");
    return digest;
}

}  // namespace meridian::crypto
