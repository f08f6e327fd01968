#include "iam/secret_keys.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace meridian::iam {

namespace {

constexpr std::uint32_t kKeyId = 1;
constexpr std::string_view kSessionContext = "session token";

// --- Access key ids: 80 bits in base32, of which 40, from the second on, are the account. ---
constexpr std::size_t kIdBytes = 10;
constexpr std::size_t kIdChars = 16;
constexpr std::size_t kPrefixChars = 4;
constexpr unsigned kAccountShift = 7;
constexpr std::size_t kAccountBytes = 6;
constexpr std::uint64_t kAccountMask = 0x7fff'ffff'ff80;

std::uint64_t head_of(std::array<std::uint8_t, kIdBytes> const& bytes) {
    std::uint64_t head = 0;
    for (std::size_t i = 0; i < kAccountBytes; ++i) head = head << 8U | bytes[i];
    return head;
}

}  // namespace

SecretKeys::SecretKeys(std::string_view account_key)
    : secrets_(crypto::derive_key(account_key, "secret access keys")),
      sessions_(crypto::derive_key(account_key, "session tokens")) {}

std::string SecretKeys::seal_secret(model::AccessKeyId const& id, std::string_view secret,
                                    Random& random) const {
    return crypto::seal(secrets_, kKeyId, secret, id.value(), random);
}

Result<std::string> SecretKeys::open_secret(model::AccessKeyId const& id,
                                            std::string_view sealed) const {
    return crypto::open(secrets_, sealed, id.value());
}

std::string SecretKeys::seal_session(std::string_view claims, Random& random) const {
    return crypto::seal(sessions_, kKeyId, claims, kSessionContext, random);
}

Result<std::string> SecretKeys::open_session(std::string_view sealed) const {
    return crypto::open(sessions_, sealed, kSessionContext);
}

model::AccessKeyId make_access_key_id(std::string_view prefix, model::AccountId const& account,
                                      Random& random) {
    std::array<std::uint8_t, kIdBytes> bytes{};
    random.fill(std::as_writable_bytes(std::span(bytes)));
    std::uint64_t number = 0;
    for (char const c : account.value()) number = number * 10 + static_cast<unsigned>(c - '0');
    auto head = (head_of(bytes) & ~kAccountMask) | (number << kAccountShift & kAccountMask);
    for (std::size_t i = kAccountBytes; i-- > 0; head >>= 8U)
        bytes[i] = static_cast<std::uint8_t>(head);

    std::string id(prefix);
    unsigned bits = 0;
    unsigned have = 0;
    for (auto const byte : bytes) {
        bits = bits << 8U | byte;
        for (have += 8; have >= 5; have -= 5) id += kUpperAlphanumeric[bits >> (have - 5) & 31U];
    }
    return model::AccessKeyId{std::move(id)};
}

std::optional<model::AccountId> account_in(model::AccessKeyId const& id) {
    auto const& text = id.value();
    if (text.size() != kPrefixChars + kIdChars ||
        !(text.starts_with("AKIA") || text.starts_with("ASIA")))
        return std::nullopt;
    std::array<std::uint8_t, kIdBytes> bytes{};
    std::size_t at = 0;
    unsigned bits = 0;
    unsigned have = 0;
    for (char const c : std::string_view(text).substr(kPrefixChars)) {
        auto const digit = kUpperAlphanumeric.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = bits << 5U | static_cast<unsigned>(digit);
        have += 5;
        if (have < 8) continue;
        have -= 8;
        bytes[at++] = static_cast<std::uint8_t>(bits >> have);
    }
    return model::AccountId{
        fmt::format("{:012}", (head_of(bytes) & kAccountMask) >> kAccountShift)};
}

}  // namespace meridian::iam
