#include "vault/vault_keys.h"

#include <algorithm>
#include <span>

#include "base/encoding.h"
#include "crypto/sha256.h"

namespace meridian::vault {
namespace {

constexpr std::string_view kRecoveryPrefix = "meridian-recovery";
constexpr std::string_view kBoxContext = "meridian vault master 1";
constexpr std::size_t kGroupDigits = 8;
constexpr std::size_t kChecksumBytes = 4;

template <typename Bytes>
std::string_view view_of(Bytes const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::string checksum_of(std::string_view secret) {
    auto const digest = crypto::sha256(secret);
    return std::string(crypto::as_bytes(digest).substr(0, kChecksumBytes));
}

std::unexpected<Error> not_a_key() {
    return fail(
        Errc::kInvalidParameterValue,
        "This is no recovery key: it begins with \"meridian-recovery-\", has 72 hexadecimal "
        "digits, and a mistyped one is noticed.");
}

}  // namespace

VaultKeys vault_keys(Master const& master) {
    return {.sealing = crypto::derive_key(view_of(master), "meridian vault secrets 1"),
            .signing = crypto::derive_key(view_of(master), "meridian vault signatures 1")};
}

RecoveryKey RecoveryKey::make(Random& random) {
    crypto::BoxSecret secret{};
    random.fill(std::as_writable_bytes(std::span(secret)));
    return RecoveryKey(secret);
}

Result<RecoveryKey> RecoveryKey::parse(std::string_view text) {
    if (!text.starts_with(kRecoveryPrefix)) return not_a_key();
    std::string digits(text.substr(kRecoveryPrefix.size()));
    std::erase_if(digits, [](char c) { return c == '-' || c == ' ' || c == '\n' || c == '\r'; });
    crypto::BoxSecret secret{};
    auto const bytes = from_hex(digits);
    if (!bytes || bytes->size() != secret.size() + kChecksumBytes) return not_a_key();
    if (checksum_of(bytes->substr(0, secret.size())) != bytes->substr(secret.size()))
        return not_a_key();
    std::copy_n(bytes->begin(), secret.size(), secret.begin());
    return RecoveryKey(secret);
}

std::string RecoveryKey::show() const {
    auto const digits = to_hex(std::string(view_of(secret_)) + checksum_of(view_of(secret_)));
    std::string text(kRecoveryPrefix);
    for (std::size_t at = 0; at < digits.size(); at += kGroupDigits)
        text += "-" + digits.substr(at, kGroupDigits);
    return text;
}

RecoveryKey::Kept RecoveryKey::keep(Master const& master, Random& random) const {
    auto const recipient = crypto::box_recipient(secret_);
    return {
        .recipient = to_base64(view_of(recipient)),
        .box = to_base64(crypto::seal_box(recipient, view_of(master), kBoxContext, random).value()),
        .voucher = voucher_of(master)};
}

Result<Master> RecoveryKey::recover(Kept const& kept) const {
    if (kept.recipient != to_base64(view_of(crypto::box_recipient(secret_))))
        return fail(Errc::kAccessDenied, "This vault was sealed to another recovery key.");
    auto const box = from_base64(kept.box);
    auto const opened = box ? crypto::open_box(secret_, *box, kBoxContext)
                            : Result<std::string>(fail(Errc::kCorrupt, "not base64"));
    Master master{};
    if (!opened || opened->size() != master.size())
        return fail(Errc::kCorrupt, "What the vault has sealed to the recovery key was changed.");
    std::ranges::copy(*opened, master.begin());
    if (!crypto::equal_in_constant_time(voucher_of(master), kept.voucher)) {
        return fail(Errc::kCorrupt,
                    "The vault's keys were not made by the owner of this recovery key.");
    }
    return master;
}

std::string RecoveryKey::voucher_of(Master const& master) const {
    auto const key = crypto::derive_key(view_of(secret_), "meridian vault voucher 1");
    auto const signer = crypto::ed25519_public_key(vault_keys(master).signing);
    return to_base64(crypto::as_bytes(crypto::hmac_sha256(view_of(key), view_of(signer))));
}

}  // namespace meridian::vault
