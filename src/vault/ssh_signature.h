#pragma once
// Signatures in OpenSSH's form (PROTOCOL.sshsig), Ed25519 and the namespace "git", which is what
// `git tag -v` checks with gpg.format=ssh. Pure; any thread.

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/ed25519.h"

namespace meridian::vault {

inline constexpr std::string_view kSshSignatureBegin = "-----BEGIN SSH SIGNATURE-----\n";

// Armoured, with a line end at its end.
[[nodiscard]] std::string ssh_sign(crypto::Ed25519Seed const& seed, std::string_view message);

// Who signed this message, hashed with SHA-256 as ours are or with SHA-512 as OpenSSH's are by
// itself. kCorrupt for what is no signature, or not one of this message.
[[nodiscard]] Result<crypto::Ed25519PublicKey> ssh_verify(std::string_view message,
                                                          std::string_view armoured);

// "ssh-ed25519 AAAA…", as authorized_keys and allowed_signers have it.
[[nodiscard]] std::string format_ssh_key(crypto::Ed25519PublicKey const& key);
// "SHA256:…", as `ssh-keygen -l` shows it.
[[nodiscard]] std::string ssh_fingerprint(crypto::Ed25519PublicKey const& key);

}  // namespace meridian::vault
