#include "crypto/aead.h"

#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>

#include <openssl/evp.h>

#include "base/assert.h"
#include "crypto/sha256.h"

namespace meridian::crypto {
namespace {

constexpr std::size_t kHeaderBytes = 1 + 4;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

unsigned char const* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

int length_of(std::string_view text) {
    MERIDIAN_ASSERT(text.size() < static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(text.size());
}

void require(int openssl_result) {
    if (openssl_result != 1) throw std::runtime_error("OpenSSL cannot compute AES-256-GCM");
}

// Fetched once: see sha256.cc.
EVP_CIPHER const* aes_256_gcm() {
    static EVP_CIPHER const* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    if (algorithm == nullptr) throw std::runtime_error("OpenSSL has no AES-256-GCM");
    return algorithm;
}

Context new_context() {
    Context context(EVP_CIPHER_CTX_new());
    if (!context) throw std::bad_alloc();
    return context;
}

}  // namespace

AeadKey derive_key(std::string_view master, std::string_view use) {
    return hmac_sha256(master, use);
}

namespace {

// `fill_nonce` writes the nonce into its argument.
template <typename FillNonce>
std::string seal_with(AeadKey const& key, std::uint32_t key_id, std::string_view plaintext,
                      std::string_view context, FillNonce fill_nonce) {
    std::string sealed(kSealedOverheadBytes + plaintext.size(), '\0');
    sealed[0] = static_cast<char>(kSealedVersion);
    for (int i = 0; i < 4; ++i) sealed[1 + i] = static_cast<char>(key_id >> (24 - 8 * i));
    fill_nonce(std::as_writable_bytes(std::span(sealed).subspan(kHeaderBytes, kNonceBytes)));

    auto const cipher = new_context();
    unsigned char* const nonce = bytes_of(sealed) + kHeaderBytes;
    unsigned char* const body = nonce + kNonceBytes;
    int written = 0;
    require(EVP_EncryptInit_ex2(cipher.get(), aes_256_gcm(), key.data(), nonce, nullptr));
    // The header is bound too: a key id cannot be changed to make another key be tried.
    require(EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes_of(sealed), kHeaderBytes));
    require(
        EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes_of(context), length_of(context)));
    require(
        EVP_EncryptUpdate(cipher.get(), body, &written, bytes_of(plaintext), length_of(plaintext)));
    require(EVP_EncryptFinal_ex(cipher.get(), body + written, &written));
    require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                body + plaintext.size()));
    return sealed;
}

}  // namespace

std::string seal(AeadKey const& key, std::uint32_t key_id, std::string_view plaintext,
                 std::string_view context, Random& random) {
    return seal_with(key, key_id, plaintext, context,
                     [&](std::span<std::byte> nonce) { random.fill(nonce); });
}

std::string seal_repeatably(AeadKey const& key, std::uint32_t key_id, std::string_view plaintext,
                            std::string_view context) {
    std::string_view const key_bytes(reinterpret_cast<char const*>(key.data()), key.size());
    HmacSha256Key const nonces(as_bytes(derive_key(key_bytes, "nonces")));
    auto const digest = nonces.sign(sha256_hex(context) + std::string(plaintext));
    return seal_with(key, key_id, plaintext, context, [&](std::span<std::byte> nonce) {
        std::memcpy(nonce.data(), digest.data(), nonce.size());
    });
}

Result<std::uint32_t> sealed_key_id(std::string_view sealed) {
    if (sealed.size() < kSealedOverheadBytes) {
        return fail(Errc::kCorrupt, "a sealed value is shorter than its own frame");
    }
    if (static_cast<std::uint8_t>(sealed[0]) != kSealedVersion) {
        return fail(Errc::kCorrupt, "a sealed value has an unknown version");
    }
    std::uint32_t id = 0;
    for (int i = 1; i <= 4; ++i) id = id << 8 | static_cast<std::uint8_t>(sealed[i]);
    return id;
}

Result<std::string> open(AeadKey const& key, std::string_view sealed, std::string_view context) {
    MERIDIAN_CHECK(sealed_key_id(sealed));
    auto const header = sealed.substr(0, kHeaderBytes);
    auto const nonce = sealed.substr(kHeaderBytes, kNonceBytes);
    auto const body =
        sealed.substr(kHeaderBytes + kNonceBytes, sealed.size() - kSealedOverheadBytes);
    std::string tag(sealed.substr(sealed.size() - kTagBytes));

    auto const cipher = new_context();
    std::string plaintext(body.size(), '\0');
    int written = 0;
    require(EVP_DecryptInit_ex2(cipher.get(), aes_256_gcm(), key.data(), bytes_of(nonce), nullptr));
    require(
        EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes_of(header), length_of(header)));
    require(
        EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes_of(context), length_of(context)));
    require(EVP_DecryptUpdate(cipher.get(), bytes_of(plaintext), &written, bytes_of(body),
                              length_of(body)));
    require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()));
    if (EVP_DecryptFinal_ex(cipher.get(), bytes_of(plaintext) + written, &written) != 1) {
        return fail(Errc::kCorrupt,
                    "a sealed value was changed, or belongs to another key or place");
    }
    return plaintext;
}

}  // namespace meridian::crypto
