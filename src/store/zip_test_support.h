#pragma once
// Zip files for tests, written by hand: an archiver would refuse to write the wicked ones.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meridian::store {

struct ZipMember {
    std::string name;
    std::string content = {};
    std::uint32_t mode = 0100644;
    // What the headers claim instead of the truth.
    std::optional<std::uint32_t> declared_size = {};
    std::optional<std::uint32_t> declared_crc = {};
    std::uint16_t flags = 0;
    std::uint16_t method = 0;  // stored
    std::uint8_t system = 3;   // Unix
};

inline std::uint32_t crc32_of(std::string const& bytes) {
    std::uint32_t crc = 0xffffffff;
    for (unsigned char const byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

// Members are stored; a `content` that is already compressed goes with its method, size and CRC
// declared.
inline std::string make_zip(std::vector<ZipMember> const& members) {
    auto const put = [](std::string& out, std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
    };
    std::string out;
    std::string directory;
    for (auto const& member : members) {
        auto const offset = out.size();
        std::string common;
        put(common, 20, 2);
        put(common, member.flags, 2);
        put(common, member.method, 2);
        put(common, 0x58210000, 4);  // 2024-01-01
        put(common, member.declared_crc.value_or(crc32_of(member.content)), 4);
        put(common, member.content.size(), 4);
        put(common,
            member.declared_size.value_or(static_cast<std::uint32_t>(member.content.size())), 4);
        put(common, member.name.size(), 2);
        put(common, 0, 2);
        put(out, 0x04034b50, 4);
        out += common + member.name + member.content;
        put(directory, 0x02014b50, 4);
        put(directory, 20 | member.system << 8, 2);
        directory += common;
        put(directory, 0, 2);
        put(directory, 0, 2);
        put(directory, 0, 2);
        put(directory, std::uint64_t{member.mode} << 16, 4);
        put(directory, offset, 4);
        directory += member.name;
    }
    auto const start = out.size();
    out += directory;
    put(out, 0x06054b50, 4);
    put(out, 0, 4);
    put(out, members.size(), 2);
    put(out, members.size(), 2);
    put(out, directory.size(), 4);
    put(out, start, 4);
    put(out, 0, 2);
    return out;
}

}  // namespace meridian::store
