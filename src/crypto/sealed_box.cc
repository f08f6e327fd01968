#include "crypto/sealed_box.h"

#include <algorithm>
#include <optional>
#include <span>

#include "crypto/aead.h"
#include "crypto/raw_key.h"

namespace meridian::crypto {
namespace {

constexpr std::uint8_t kBoxVersion = 1;
constexpr std::size_t kPublicBytes = std::tuple_size_v<BoxRecipient>;

struct FreeKeyContext {
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};

std::string_view chars_of(std::span<std::uint8_t const> bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

// Nothing where the other side is a point of low order: everybody would know the secret.
std::optional<RawKeyBytes> shared_secret(BoxSecret const& mine, BoxRecipient const& theirs) {
    auto const own = private_raw_key(EVP_PKEY_X25519, mine);
    auto const peer = public_raw_key(EVP_PKEY_X25519, theirs);
    std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext> const context(
        EVP_PKEY_CTX_new(own.get(), nullptr));
    if (!context) throw std::bad_alloc();
    RawKeyBytes secret{};
    std::size_t size = secret.size();
    if (!peer || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
        EVP_PKEY_derive(context.get(), secret.data(), &size) != 1)
        return std::nullopt;
    return secret;
}

// Bound to both public keys, as HPKE (RFC 9180) does it.
AeadKey box_key(RawKeyBytes const& secret, BoxRecipient const& one_time,
                BoxRecipient const& recipient) {
    std::string use = "meridian sealed box 1";
    use += chars_of(one_time);
    use += chars_of(recipient);
    return derive_key(chars_of(secret), use);
}

}  // namespace

BoxRecipient box_recipient(BoxSecret const& secret) {
    return public_bytes(private_raw_key(EVP_PKEY_X25519, secret).get());
}

Result<std::string> seal_box(BoxRecipient const& recipient, std::string_view plaintext,
                             std::string_view context, Random& random) {
    BoxSecret one_time{};
    random.fill(std::as_writable_bytes(std::span(one_time)));
    auto const shared = shared_secret(one_time, recipient);
    if (!shared) return fail(Errc::kInvalidParameterValue, "nothing can be sealed to this key");
    auto const own = box_recipient(one_time);
    std::string box(1, static_cast<char>(kBoxVersion));
    box += chars_of(own);
    box += seal(box_key(*shared, own, recipient), 0, plaintext, context, random);
    return box;
}

Result<std::string> open_box(BoxSecret const& secret, std::string_view box,
                             std::string_view context) {
    if (box.size() < 1 + kPublicBytes || static_cast<std::uint8_t>(box[0]) != kBoxVersion)
        return fail(Errc::kCorrupt, "a sealed box has an unknown version");
    BoxRecipient one_time{};
    std::ranges::copy(box.substr(1, kPublicBytes), one_time.begin());
    auto const shared = shared_secret(secret, one_time);
    if (!shared) return fail(Errc::kCorrupt, "a sealed box was changed");
    return open(box_key(*shared, one_time, box_recipient(secret)), box.substr(1 + kPublicBytes),
                context);
}

}  // namespace meridian::crypto
