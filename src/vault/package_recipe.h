#pragma once
// A package (the bytes of a zip) as parts that packages have in common: the compressed bytes of
// each large entry, byte for byte, and everything between them (docs/formats/vault.md). Any byte
// string splits and joins back to itself; what is no zip, or an odd one, is one gap.
//
// Pure functions; any thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meridian::vault {

// What is smaller stays in the gaps: an object of its own would cost more than it saves.
inline constexpr std::size_t kPartBytesMin = 512;
// More entries than that stay in the gaps, too.
inline constexpr std::size_t kPartsMax = 100'000;

struct Recipe {
    struct Piece {
        enum class From : std::uint8_t { kGaps, kPart };
        From from = From::kGaps;
        std::uint64_t bytes = 0;

        bool operator==(Piece const&) const = default;
    };
    std::string sha256_hex;  // of the package
    // In the package's order. The n-th piece from a part is the n-th part; pieces from the gaps
    // follow one another there.
    std::vector<Piece> pieces = {};

    bool operator==(Recipe const&) const = default;
};

struct SplitPackage {
    Recipe recipe;
    std::string gaps;
    std::vector<std::string_view> parts;  // views into the package
};

[[nodiscard]] SplitPackage split_package(std::string_view package);

// Gives the n-th part, until it is asked for another one.
using PartSource = std::function<Result<std::string_view>(std::size_t n)>;

// Gives the package's bytes to `take`, in order. kCorrupt, perhaps after all of them, where the
// pieces do not make the package that the recipe names; errors of `part`.
[[nodiscard]] Result<void> stream_package(Recipe const& recipe, std::string_view gaps,
                                          PartSource const& part,
                                          std::function<void(std::string_view)> const& take);
[[nodiscard]] Result<std::string> join_package(Recipe const& recipe, std::string_view gaps,
                                               PartSource const& part);

// "meridian-package 1\nsha256 HEX\n", then a line a piece: "gap N" or "part N", in bytes.
[[nodiscard]] std::string format(Recipe const& recipe);
// kCorrupt, with the line. What it accepts, format() writes back.
[[nodiscard]] Result<Recipe> parse_recipe(std::string_view text);

}  // namespace meridian::vault
