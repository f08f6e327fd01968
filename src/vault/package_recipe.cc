#include "vault/package_recipe.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/sha256.h"

namespace meridian::vault {
namespace {

constexpr std::string_view kRecipeHeader = "meridian-package 1";
constexpr std::uint64_t kPackageBytesMax = 1ULL << 32;  // what a zip without zip64 can be

// APPNOTE.TXT (PKWARE), 4.3.7, 4.3.12, 4.3.16.
constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kCommentBytesMax = 65'535;

// Little-endian; 0 beyond the end, which nothing below takes for a signature.
std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t width) {
    if (at > bytes.size() || bytes.size() - at < width) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
        value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at + i])) << (8 * i);
    return value;
}

struct Range {
    std::size_t at = 0;
    std::size_t bytes = 0;
};

// Where the end-of-central-directory record is.
std::optional<std::size_t> find_end(std::string_view zip) {
    if (zip.size() < kEndBytes) return std::nullopt;
    auto const last = zip.size() - kEndBytes;
    auto const first = last - std::min(last, kCommentBytesMax);
    for (auto at = last + 1; at-- > first;) {
        if (number_at(zip, at, 4) == kEndSignature) return at;
    }
    return std::nullopt;
}

// Where the data of the entry stands that a central record at `central` describes; nothing where
// the two records do not fit the file.
std::optional<Range> data_of(std::string_view zip, std::size_t central) {
    std::size_t const bytes = number_at(zip, central + 20, 4);
    std::size_t const local = number_at(zip, central + 42, 4);
    if (bytes < kPartBytesMin || number_at(zip, local, 4) != kLocalSignature) return std::nullopt;
    auto const at =
        local + kLocalBytes + number_at(zip, local + 26, 2) + number_at(zip, local + 28, 2);
    if (at > zip.size() || zip.size() - at < bytes) return std::nullopt;
    return Range{at, bytes};
}

// Ranges of the package that become parts: in order, apart from one another.
std::vector<Range> find_parts(std::string_view zip) {
    auto const end = find_end(zip);
    if (!end) return {};
    std::vector<Range> parts;
    std::size_t central = number_at(zip, *end + 16, 4);
    while (central < *end && number_at(zip, central, 4) == kCentralSignature &&
           parts.size() < kPartsMax) {
        if (auto const range = data_of(zip, central)) parts.push_back(*range);
        central += kCentralBytes + number_at(zip, central + 28, 2) +
                   number_at(zip, central + 30, 2) + number_at(zip, central + 32, 2);
    }
    std::ranges::sort(parts, {}, &Range::at);
    std::size_t taken = 0;
    std::erase_if(parts, [&](Range const& range) {
        if (range.at < taken) return true;
        taken = range.at + range.bytes;
        return false;
    });
    return parts;
}

std::unexpected<Error> bad_line(std::size_t line, std::string_view what) {
    return fail(Errc::kCorrupt, fmt::format("recipe, line {}: {}", line, what));
}

bool is_hex_digest(std::string_view text) {
    return text.size() == 2 * sizeof(crypto::Sha256Digest) &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "gap 45"
std::optional<Recipe::Piece> parse_piece(std::string_view line) {
    Recipe::Piece piece;
    if (line.starts_with("gap ")) {
        line.remove_prefix(4);
    } else if (line.starts_with("part ")) {
        piece.from = Recipe::Piece::From::kPart;
        line.remove_prefix(5);
    } else {
        return std::nullopt;
    }
    if (line.empty() || line.front() == '0') return std::nullopt;
    auto const [end, error] = std::from_chars(line.data(), line.data() + line.size(), piece.bytes);
    if (error != std::errc{} || end != line.data() + line.size()) return std::nullopt;
    return piece;
}

}  // namespace

SplitPackage split_package(std::string_view package) {
    using From = Recipe::Piece::From;
    SplitPackage split;
    split.recipe.sha256_hex = crypto::sha256_hex(package);
    std::size_t at = 0;
    auto const gap_until = [&](std::size_t end) {
        if (end == at) return;
        split.recipe.pieces.push_back({From::kGaps, end - at});
        split.gaps += package.substr(at, end - at);
    };
    for (auto const& range : find_parts(package)) {
        gap_until(range.at);
        split.recipe.pieces.push_back({From::kPart, range.bytes});
        split.parts.push_back(package.substr(range.at, range.bytes));
        at = range.at + range.bytes;
    }
    gap_until(package.size());
    return split;
}

Result<void> stream_package(Recipe const& recipe, std::string_view gaps, PartSource const& part,
                            std::function<void(std::string_view)> const& take) {
    crypto::Sha256 hash;
    auto const give = [&](std::string_view bytes) {
        hash.update(bytes);
        take(bytes);
    };
    std::size_t next_part = 0;
    for (auto const& piece : recipe.pieces) {
        if (piece.from == Recipe::Piece::From::kGaps) {
            if (gaps.size() < piece.bytes) return fail(Errc::kCorrupt, "the gaps end too early");
            give(gaps.substr(0, piece.bytes));
            gaps.remove_prefix(piece.bytes);
            continue;
        }
        MERIDIAN_TRY(auto const bytes, part(next_part));
        if (bytes.size() != piece.bytes) {
            return fail(Errc::kCorrupt, fmt::format("part {} is {} bytes long instead of {}",
                                                    next_part, bytes.size(), piece.bytes));
        }
        give(bytes);
        ++next_part;
    }
    if (!gaps.empty()) return fail(Errc::kCorrupt, "the gaps are too long");
    if (to_hex(crypto::as_bytes(hash.finish())) == recipe.sha256_hex) return {};
    return fail(Errc::kCorrupt, "the parts do not make the package");
}

Result<std::string> join_package(Recipe const& recipe, std::string_view gaps,
                                 PartSource const& part) {
    std::uint64_t total = 0;
    for (auto const& piece : recipe.pieces) total += piece.bytes;
    std::string package;
    package.reserve(total);
    MERIDIAN_CHECK(stream_package(recipe, gaps, part,
                                  [&package](std::string_view bytes) { package += bytes; }));
    return package;
}

std::string format(Recipe const& recipe) {
    auto text = fmt::format("{}\nsha256 {}\n", kRecipeHeader, recipe.sha256_hex);
    for (auto const& piece : recipe.pieces) {
        bool const gap = piece.from == Recipe::Piece::From::kGaps;
        text += fmt::format("{} {}\n", gap ? "gap" : "part", piece.bytes);
    }
    return text;
}

Result<Recipe> parse_recipe(std::string_view text) {
    Recipe recipe;
    std::uint64_t total = 0;
    for (std::size_t line = 1; !text.empty(); ++line) {
        auto const end = text.find('\n');
        if (end == std::string_view::npos) return bad_line(line, "it has no end");
        auto const content = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (line == 1) {
            if (content != kRecipeHeader)
                return bad_line(line, "this is no recipe of a version that is known here");
        } else if (line == 2) {
            if (!content.starts_with("sha256 ") || !is_hex_digest(content.substr(7)))
                return bad_line(line, "\"sha256\" and 64 hexadecimal digits are expected");
            recipe.sha256_hex = content.substr(7);
        } else {
            auto const piece = parse_piece(content);
            if (!piece) return bad_line(line, "\"gap\" or \"part\" and a length are expected");
            if (piece->bytes > kPackageBytesMax - total)
                return bad_line(line, "the package is too long");
            total += piece->bytes;
            recipe.pieces.push_back(*piece);
        }
    }
    if (recipe.sha256_hex.empty()) return fail(Errc::kCorrupt, "recipe: it has no digest");
    return recipe;
}

}  // namespace meridian::vault
