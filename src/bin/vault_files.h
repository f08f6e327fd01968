#pragma once
// The vault's keys as they lie in the data directory: DIR/vault.key, the master, and
// DIR/vault.recovery, what every vault keeps of it for the offline recovery key.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "iam/secret_keys.h"
#include "store/record_seal.h"
#include "store/store.h"
#include "vault/vault_keys.h"

namespace meridian::bin {

struct VaultSecrets {
    vault::VaultKeys keys;
    std::vector<vault::RecoveryKey::Kept> recovery;
    // Made now: to be shown once, and kept by nobody here.
    std::optional<std::string> new_recovery_key;
};
// kCorrupt for files that are not what was written; kIo.
Result<VaultSecrets> load_or_create_vault_secrets(std::filesystem::path const& data,
                                                  Random& random);

// Which strings of records the vault seals.
[[nodiscard]] std::vector<store::SecretMembers> vault_secret_members();
// Those that the region's own store seals.
[[nodiscard]] std::vector<store::SecretMembers> record_secret_members();

// The account's own key seals secret access keys in the log; the vault has a key of its own. Plain
// in between. kCorrupt.
Result<void> reveal_for_vault(iam::SecretKeys const& secrets, store::Change& change);
Result<void> conceal_from_vault(iam::SecretKeys const& secrets, Random& random,
                                store::Change& change);

}  // namespace meridian::bin
