#pragma once
// The vault's keys. One secret of 32 bytes, the master, stays with the node; from it come the key
// that seals secrets in the vault's files and the one that signs baselines. The vault itself holds
// the master sealed to an offline recovery key, shown once and kept nowhere: a bare machine with
// the vault and that key has everything.
//
// That a vault's signer is the one whom the recovery key's owner trusted, the voucher says: only
// who had the recovery key when the vault was made could write it.
//
// Pure but for Random; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/sealed_box.h"

namespace meridian::vault {

using Master = std::array<std::uint8_t, 32>;

struct VaultKeys {
    crypto::AeadKey sealing;
    crypto::Ed25519Seed signing;
};
[[nodiscard]] VaultKeys vault_keys(Master const& master);

class RecoveryKey {
  public:
    [[nodiscard]] static RecoveryKey make(Random& random);
    // kInvalidParameterValue for a text that show() did not give; a mistyped digit is noticed.
    [[nodiscard]] static Result<RecoveryKey> parse(std::string_view text);
    // "meridian-recovery-…": 72 hexadecimal digits in groups of eight.
    [[nodiscard]] std::string show() const;

    // What the vault keeps of a master for this key.
    struct Kept {
        std::string recipient;  // the key's public half
        std::string box;
        std::string voucher;

        bool operator==(Kept const&) const = default;
    };
    [[nodiscard]] Kept keep(Master const& master, Random& random) const;
    // kAccessDenied: it was kept for another key; kCorrupt: it was changed, or its signer is not
    // vouched for.
    [[nodiscard]] Result<Master> recover(Kept const& kept) const;

  private:
    explicit RecoveryKey(crypto::BoxSecret const& secret) : secret_(secret) {}
    [[nodiscard]] std::string voucher_of(Master const& master) const;

    crypto::BoxSecret secret_;
};

}  // namespace meridian::vault
