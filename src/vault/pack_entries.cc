#include "vault/pack_entries.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

#include "crypto/sha1.h"

namespace meridian::vault {
namespace {

// gitformat-pack(5), version 2 of both files.
constexpr std::string_view kPackStart("PACK\0\0\0\2", 8);
constexpr std::string_view kIndexStart("\377tOc\0\0\0\2", 8);
constexpr std::size_t kEntriesBegin = 12;
constexpr std::size_t kChecksumBytes = 20;
constexpr std::size_t kFanOutBytes = 256 * 4;
constexpr std::size_t kIndexBytesPerEntry = 20 + 4 + 4;
constexpr std::uint32_t kLargeOffset = 0x8000'0000;

std::unexpected<Error> corrupt(std::string_view what) {
    return fail(Errc::kCorrupt, fmt::format("the pack or its index is damaged: {}", what));
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

bool has_checksum(std::string_view bytes) {
    auto const digest = crypto::sha1(bytes.substr(0, bytes.size() - kChecksumBytes));
    return std::ranges::equal(digest, bytes.substr(bytes.size() - kChecksumBytes),
                              [](std::uint8_t a, char b) { return static_cast<char>(a) == b; });
}

// The type and the length before an object's data.
Result<void> read_header(PackedEntry& entry) {
    constexpr unsigned kMore = 0x80;
    std::size_t at = 0;
    auto byte = static_cast<unsigned char>(entry.bytes[at++]);
    auto const type = byte >> 4 & 7U;
    std::size_t size = byte & 15U;
    for (unsigned shift = 4; (byte & kMore) != 0; shift += 7) {
        if (at == entry.bytes.size() || shift > std::numeric_limits<std::size_t>::digits - 8)
            return corrupt("an object's length has no end");
        byte = static_cast<unsigned char>(entry.bytes[at++]);
        size |= std::size_t{byte & 0x7fU} << shift;
    }
    constexpr unsigned kOffsetDelta = 6;
    constexpr unsigned kReferenceDelta = 7;
    if (type == kOffsetDelta || type == kReferenceDelta)
        return fail(Errc::kNotImplemented, "the pack holds deltas");
    if (type == 0 || type > static_cast<unsigned>(ObjectType::kTag))
        return corrupt("an object has no type");
    entry.header_bytes = at;
    entry.object_bytes = size;
    return {};
}

std::uint32_t crc32_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<Bytef const*>(bytes.data()), bytes.size()));
}

}  // namespace

Result<std::vector<PackedEntry>> read_pack_entries(std::string_view pack, std::string_view index) {
    constexpr auto kIndexBytesMin = kIndexStart.size() + kFanOutBytes + 2 * kChecksumBytes;
    if (pack.size() >= kLargeOffset) return fail(Errc::kNotImplemented, "the pack is too large");
    if (pack.size() < kEntriesBegin + kChecksumBytes || !pack.starts_with(kPackStart))
        return corrupt("it is no pack");
    if (index.size() < kIndexBytesMin || !index.starts_with(kIndexStart))
        return corrupt("it is no index");
    if (!has_checksum(index)) return corrupt("the index's checksum");
    std::size_t const count = number_at(index, kIndexStart.size() + kFanOutBytes - 4);
    if (count != number_at(pack, kPackStart.size()) ||
        count != (index.size() - kIndexBytesMin) / kIndexBytesPerEntry ||
        index.size() != kIndexBytesMin + count * kIndexBytesPerEntry)
        return corrupt("the index is another pack's");
    auto const trailer = pack.substr(pack.size() - kChecksumBytes);
    if (trailer != index.substr(index.size() - 2 * kChecksumBytes, kChecksumBytes))
        return corrupt("the index is another pack's");

    auto const ids = kIndexStart.size() + kFanOutBytes;
    auto const sums = ids + count * kChecksumBytes;
    auto const offsets = sums + count * 4;
    std::vector<std::uint32_t> ends;
    for (std::size_t i = 0; i < count; ++i) ends.push_back(number_at(index, offsets + i * 4));
    ends.push_back(static_cast<std::uint32_t>(pack.size() - kChecksumBytes));
    std::ranges::sort(ends);

    std::vector<PackedEntry> entries;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto const begin = number_at(index, offsets + i * 4);
        auto const end = std::ranges::upper_bound(ends, begin);
        if (begin < kEntriesBegin || end == ends.end() || *end > pack.size() - kChecksumBytes)
            return corrupt("an object's place");
        PackedEntry entry{.id = {},
                          .bytes = pack.substr(begin, *end - begin),
                          .crc32 = number_at(index, sums + i * 4)};
        for (std::size_t k = 0; k < entry.id.bytes.size(); ++k)
            entry.id.bytes[k] = static_cast<std::uint8_t>(index[ids + i * kChecksumBytes + k]);
        if (crc32_of(entry.bytes) != entry.crc32) return corrupt("the object " + entry.id.hex());
        MERIDIAN_CHECK(read_header(entry));
        entries.push_back(entry);
    }
    return entries;
}

}  // namespace meridian::vault
