#pragma once
// A proof: what a verification of a vault did and found. The vault keeps every one, signed, as the
// commits of refs/meridian/proofs, so that a copy of the vault says when it was last proven, too.
// Values; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "vault/git_objects.h"

namespace meridian::vault {

// Each proves what those before it prove. Numbers are persisted.
enum class VerifyLevel : std::uint8_t {
    kIndex = 1,    // everything that is named is there, every baseline is signed
    kHash = 2,     // every byte is what its name says
    kRestore = 3,  // restored into a scratch region, it is the same; every package unpacks
    kInvoke = 4,   // every function starts there, and answers its test events as it did
};
inline constexpr VerifyLevel kVerifyLevels[] = {VerifyLevel::kIndex, VerifyLevel::kHash,
                                                VerifyLevel::kRestore, VerifyLevel::kInvoke};
// "index", "hash", "restore", "invoke".
[[nodiscard]] std::string_view name_of(VerifyLevel level);
[[nodiscard]] std::optional<VerifyLevel> parse_verify_level(std::string_view name);

// A part of the packages, by their names: the n-th of t. All parts are everything.
struct VerifyPart {
    std::uint32_t part = 1;
    std::uint32_t parts = 1;

    [[nodiscard]] bool has(std::string_view sha256_hex) const;
    [[nodiscard]] VerifyPart next() const { return {part % parts + 1, parts}; }
    bool operator==(VerifyPart const&) const = default;
};
inline constexpr std::uint32_t kVerifyPartsMax = 1'000;

struct Proof {
    VerifyLevel level = VerifyLevel::kIndex;
    std::string baseline = {};  // empty: the newest state
    // Which copy was verified, as it is shown; empty: the vault itself.
    std::string copy = {};
    ObjectId commit;
    // Everything that the region had acknowledged when it began is in the commit: its logs were
    // followed this far. Of a baseline: as far as it says.
    std::uint64_t region_sequence = 0;
    std::uint64_t account_sequence = 0;
    WallTime began;
    WallTime ended;
    std::string by = {};  // the caller's ARN, or "schedule"
    VerifyPart part = {};
    // How many parts in a row, this one the last, were found good, and when the first of them
    // began: when they are all, everything is proven as of then.
    std::uint32_t parts_covered = 0;
    WallTime covered_since;
    std::uint64_t records = 0;
    std::uint64_t packages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t functions = 0;    // versions that were restored
    std::uint64_t initialised = 0;  // versions whose environment started
    std::uint64_t answered = 0;     // test events whose answer was the recorded one
    std::vector<std::string> problems = {};
    std::vector<std::string> notes = {};  // what was not looked at, and why

    [[nodiscard]] bool is_whole() const { return problems.empty() && parts_covered >= part.parts; }
    bool operator==(Proof const&) const = default;
};

// Continues what `before`, the last proof of its level, began.
void count_coverage(Proof& proof, Proof const* before);

[[nodiscard]] nlohmann::json to_json(Proof const& proof);
// kCorrupt.
[[nodiscard]] Result<Proof> parse_proof(nlohmann::json const& value);

// Of each level the newest, and the newest that proved everything.
struct LastProofs {
    std::map<VerifyLevel, Proof> last = {};
    std::map<VerifyLevel, Proof> proven = {};
    // The same of each copy, by what it is called.
    std::map<std::string, Proof> last_of_copies = {};
    std::map<std::string, Proof> proven_of_copies = {};
};

}  // namespace meridian::vault
