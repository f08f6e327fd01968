#include "crypto/ed25519.h"

#include "crypto/raw_key.h"

namespace meridian::crypto {
namespace {

struct FreeDigestContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;

DigestContext new_digest_context() {
    DigestContext context(EVP_MD_CTX_new());
    if (!context) throw std::bad_alloc();
    return context;
}

unsigned char const* signed_bytes(std::string_view message) {
    return reinterpret_cast<unsigned char const*>(message.data());
}

}  // namespace

Ed25519PublicKey ed25519_public_key(Ed25519Seed const& seed) {
    return public_bytes(private_raw_key(EVP_PKEY_ED25519, seed).get());
}

Ed25519Signature ed25519_sign(Ed25519Seed const& seed, std::string_view message) {
    auto const key = private_raw_key(EVP_PKEY_ED25519, seed);
    auto const context = new_digest_context();
    Ed25519Signature signature{};
    std::size_t size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, signed_bytes(message),
                       message.size()) != 1 ||
        size != signature.size())
        throw std::runtime_error("OpenSSL cannot compute Ed25519");
    return signature;
}

bool ed25519_verify(Ed25519PublicKey const& key, std::string_view message,
                    Ed25519Signature const& signature) {
    auto const public_key = public_raw_key(EVP_PKEY_ED25519, key);
    if (!public_key) return false;
    auto const context = new_digest_context();
    return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                            signed_bytes(message), message.size()) == 1;
}

}  // namespace meridian::crypto
