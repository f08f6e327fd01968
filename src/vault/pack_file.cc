#include "vault/pack_file.h"

#include <stdexcept>

#include <zlib.h>

#include "base/assert.h"
#include "base/encoding.h"
#include "crypto/sha1.h"

namespace meridian::vault {
namespace {

constexpr std::size_t kPackHeaderBytes = 12;
constexpr std::uint32_t kPackVersion = 2;
constexpr std::string_view kIndexMagic = "\377tOc";
constexpr std::uint64_t kOffsetMax = 0x7fffffff;  // beyond it the index has a second table

void put_number(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

template <typename Bytes>
std::string_view chars(Bytes const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

Bytef const* zlib_bytes(std::string_view bytes) {
    return reinterpret_cast<Bytef const*>(bytes.data());
}

std::string deflated(std::string_view bytes, int level) {
    auto size = compressBound(bytes.size());
    std::string out(size, '\0');
    if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, zlib_bytes(bytes), bytes.size(),
                  level) != Z_OK)
        throw std::runtime_error("zlib cannot compress");
    out.resize(size);
    return out;
}

// The type and the length: seven bits a byte after the first four.
std::string entry_header(ObjectType type, std::size_t bytes) {
    std::string out;
    auto byte = static_cast<unsigned>(type) << 4 | (bytes & 15);
    for (bytes >>= 4; bytes != 0; bytes >>= 7) {
        out.push_back(static_cast<char>(byte | 0x80));
        byte = bytes & 0x7f;
    }
    out.push_back(static_cast<char>(byte));
    return out;
}

}  // namespace

PackFile::PackFile() : pack_(kPackHeaderBytes, '\0') {}

void PackFile::add(ObjectId const& id, ObjectType type, std::string_view bytes, Packing packing) {
    if (contains(id)) return;
    auto const header = entry_header(type, bytes.size());
    auto const data = deflated(bytes, packing == Packing::kStore ? Z_NO_COMPRESSION : Z_BEST_SPEED);
    Entry entry{.offset = pack_.size(),
                .crc32 = 0,
                .data_offset = pack_.size() + header.size(),
                .data_end = pack_.size() + header.size() + data.size(),
                .bytes = bytes.size()};
    pack_ += header;
    pack_ += data;
    entry.crc32 = static_cast<std::uint32_t>(
        crc32_z(0, zlib_bytes(std::string_view(pack_).substr(entry.offset)),
                entry.data_end - entry.offset));
    entries_.emplace(id, entry);
}

void PackFile::add(PackedEntry const& entry) {
    if (contains(entry.id)) return;
    entries_.emplace(entry.id, Entry{.offset = pack_.size(),
                                     .crc32 = entry.crc32,
                                     .data_offset = pack_.size() + entry.header_bytes,
                                     .data_end = pack_.size() + entry.bytes.size(),
                                     .bytes = entry.object_bytes});
    pack_ += entry.bytes;
}

std::string PackFile::read(ObjectId const& id) const {
    auto const& entry = entries_.at(id);
    std::string out(entry.bytes, '\0');
    uLongf size = out.size();
    auto const status = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                   zlib_bytes(std::string_view(pack_).substr(entry.data_offset)),
                                   entry.data_end - entry.data_offset);
    MERIDIAN_ASSERT(status == Z_OK && size == out.size());
    return out;
}

PackFile::Files PackFile::finish() {
    MERIDIAN_ASSERT(pack_.size() <= kOffsetMax);
    std::string header = "PACK";
    put_number(header, kPackVersion);
    put_number(header, static_cast<std::uint32_t>(entries_.size()));
    pack_.replace(0, kPackHeaderBytes, header);
    auto const checksum = crypto::sha1(pack_);
    pack_ += chars(checksum);

    std::string index(kIndexMagic);
    put_number(index, kPackVersion);
    std::uint32_t upto = 0;
    auto at = entries_.begin();
    for (unsigned first = 0; first < 256; ++first) {
        for (; at != entries_.end() && at->first.bytes[0] == first; ++at) ++upto;
        put_number(index, upto);
    }
    for (auto const& [id, entry] : entries_) index += chars(id.bytes);
    for (auto const& [id, entry] : entries_) put_number(index, entry.crc32);
    for (auto const& [id, entry] : entries_)
        put_number(index, static_cast<std::uint32_t>(entry.offset));
    index += chars(checksum);
    index += chars(crypto::sha1(index));

    Files files{.name = "pack-" + to_hex(chars(checksum)),
                .pack = std::move(pack_),
                .index = std::move(index)};
    *this = PackFile();
    return files;
}

}  // namespace meridian::vault
