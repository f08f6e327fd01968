#include "crypto/sha256.h"

#include <cstring>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/encoding.h"

namespace meridian::crypto {
namespace {

// Fetching an algorithm takes locks inside OpenSSL; one fetch serves for good and the result is
// constant.
EVP_MD const* sha256_algorithm() {
    static EVP_MD const* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    if (algorithm == nullptr) throw std::runtime_error("OpenSSL has no SHA-256");
    return algorithm;
}

void check(int openssl_result) {
    if (openssl_result != 1) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_) throw std::bad_alloc();
    check(EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr));
}

void Sha256::begin_again() {
    check(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr));
    finished_ = false;
}

void Sha256::update(std::string_view bytes) {
    if (finished_) begin_again();
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

Sha256Digest Sha256::finish() {
    if (finished_) begin_again();
    Sha256Digest digest;
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
    finished_ = true;
    return digest;
}

Sha256Digest sha256(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

std::string_view as_bytes(Sha256Digest const& digest) noexcept {
    return {reinterpret_cast<char const*>(digest.data()), digest.size()};
}

std::string sha256_hex(std::string_view bytes) { return to_hex(as_bytes(sha256(bytes))); }

std::string sha256_base64(std::string_view bytes) { return to_base64(as_bytes(sha256(bytes))); }

HmacSha256Key::HmacSha256Key(std::string_view key) {
    Sha256Digest hashed;
    if (key.size() > inner_.size()) {
        hashed = sha256(key);
        key = as_bytes(hashed);
    }
    if (!key.empty()) std::memcpy(inner_.data(), key.data(), key.size());
    outer_ = inner_;
    for (auto& byte : inner_) byte = static_cast<char>(byte ^ 0x36);
    for (auto& byte : outer_) byte = static_cast<char>(byte ^ 0x5c);
}

Sha256Digest HmacSha256Key::sign(std::string_view message) const {
    Sha256 hash;
    hash.update({inner_.data(), inner_.size()});
    hash.update(message);
    auto const inner = hash.finish();
    hash.update({outer_.data(), outer_.size()});
    hash.update(as_bytes(inner));
    return hash.finish();
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
    return HmacSha256Key(key).sign(message);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace meridian::crypto
