#include "deploy/physical_name.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "crypto/sha256.h"

namespace meridian::deploy {
namespace {

constexpr std::size_t kHashChars = 12;
constexpr std::size_t kDashes = 2;

}  // namespace

std::string physical_name(NameParts const& parts, std::size_t chars_max) {
    auto hash = crypto::sha256_hex(fmt::format("{}\n{}\n{}\n{}", parts.stack, parts.logical_id,
                                               parts.region, parts.generation))
                    .substr(0, kHashChars);
    std::ranges::transform(hash, hash.begin(), [](unsigned char c) { return std::toupper(c); });
    auto const room = chars_max - kHashChars - kDashes;
    auto const id = parts.logical_id.substr(0, room - std::min(room / 2, parts.stack.size()));
    auto const stack = parts.stack.substr(0, room - id.size());
    return fmt::format("{}-{}-{}", stack, id, hash);
}

}  // namespace meridian::deploy
