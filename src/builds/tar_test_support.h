#pragma once
// Tars as `tar --format=pax` writes them, for tests.

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace meridian::builds {

struct TarFile {
    std::string name;
    std::string bytes = {};
    char type = '0';
    unsigned mode = 0644;
    std::string target = {};
};

inline std::string tar_header(TarFile const& file, std::size_t size) {
    constexpr std::size_t kBlockBytes = 512;
    std::string block(kBlockBytes, '\0');
    auto const put = [&](std::size_t at, std::string_view text) {
        block.replace(at, text.size(), text);
    };
    put(0, std::string_view(file.name).substr(0, 100));
    put(100, fmt::format("{:07o}", file.mode));
    put(108, "0001751");
    put(116, "0001751");
    put(124, fmt::format("{:011o}", size));
    put(136, "14707041770");
    put(148, "        ");
    block[156] = file.type;
    put(157, std::string_view(file.target).substr(0, 100));
    put(257, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (char const c : block) sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum));
    block[154] = '\0';
    return block;
}

inline std::string padded(std::string bytes) {
    constexpr std::size_t kBlockBytes = 512;
    bytes.resize((bytes.size() + kBlockBytes - 1) / kBlockBytes * kBlockBytes, '\0');
    return bytes;
}

inline std::string pax_record(std::string_view key, std::string_view value) {
    auto const body = fmt::format(" {}={}\n", key, value);
    auto length = body.size() + 1;
    while (fmt::format("{}", length).size() + body.size() != length) ++length;
    return fmt::format("{}{}", length, body);
}

// `records`: pax records of the entry that follows.
inline std::string pax_header(std::string const& records) {
    return tar_header({.name = "./PaxHeaders/x", .type = 'x'}, records.size()) + padded(records);
}

inline std::string tar_entry(TarFile const& file) {
    return tar_header(file, file.bytes.size()) + padded(file.bytes);
}

inline std::string tar_end() { return std::string(1024, '\0'); }

inline std::string make_tar(std::initializer_list<TarFile> files) {
    std::string out;
    for (auto const& file : files) out += tar_entry(file);
    return out + tar_end();
}

}  // namespace meridian::builds
