#pragma once
// A baseline: a commit with a name, as an annotated tag "baseline/NAME" that is signed. Its message
// ends with trailers: the Merkle root of the commit's tree in SHA-256, which git's own SHA-1 names
// need not be trusted for, and the logs' positions. Pure; any thread.

#include <optional>
#include <string>

#include "crypto/ed25519.h"
#include "vault/git_objects.h"

namespace meridian::vault {

inline constexpr char kBaselineTags[] = "refs/tags/baseline/";

struct Baseline {
    std::string name;
    ObjectId commit;
    Signature tagger;
    std::string message;  // the person's own words
    std::string merkle_root;
    std::string region;
    std::uint64_t region_sequence = 0;
    std::uint64_t account_sequence = 0;
    // Who signed it; nothing where nobody did, or not this.
    std::optional<crypto::Ed25519PublicKey> signer = {};

    bool operator==(Baseline const&) const = default;
};

// The signed tag's bytes.
[[nodiscard]] std::string format_baseline(Baseline const& baseline,
                                          crypto::Ed25519Seed const& seed);
// kCorrupt for a tag that is no baseline.
[[nodiscard]] Result<Baseline> parse_baseline(std::string_view bytes);

}  // namespace meridian::vault
