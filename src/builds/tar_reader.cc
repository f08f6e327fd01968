#include "builds/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace meridian::builds {
namespace {

constexpr std::size_t kBlockBytes = 512;
// Of one pax header; longer than any path and link target together.
constexpr std::size_t kPaxBytesMax = 64UL * 1024;

struct Field {
    std::size_t offset;
    std::size_t bytes;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kSize{124, 12}, kChecksum{148, 8},
    kLinkName{157, 100}, kMagic{257, 6}, kPrefix{345, 155};
constexpr std::size_t kTypeOffset = 156;

std::unexpected<Error> corrupt(std::string_view what) {
    return fail(Errc::kCorrupt, fmt::format("The artifacts cannot be read: {}.", what));
}

std::string_view text_of(std::string_view block, Field field) {
    auto const whole = block.substr(field.offset, field.bytes);
    return whole.substr(0, whole.find('\0'));
}

// Octal digits, with spaces around or a NUL behind.
std::optional<std::uint64_t> number_of(std::string_view block, Field field) {
    auto text = block.substr(field.offset, field.bytes);
    text = text.substr(0, text.find('\0'));
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    std::uint64_t value = 0;
    constexpr int kOctal = 8;
    auto const [at, error] = std::from_chars(text.data(), text.data() + text.size(), value, kOctal);
    if (error != std::errc{} || at != text.data() + text.size()) return std::nullopt;
    return value;
}

bool checksum_is_right(std::string_view block) {
    auto const said = number_of(block, kChecksum);
    if (!said) return false;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kBlockBytes; ++i) {
        bool const own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.bytes;
        sum += own ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[i]);
    }
    return sum == *said;
}

// What a pax header says of the entry behind it.
struct Pax {
    std::optional<std::string> path, link_path;
    std::optional<std::uint64_t> size;
};

// Records of the form "LENGTH KEY=VALUE\n", where LENGTH counts all of it.
Result<Pax> read_pax(std::string_view text) {
    Pax out;
    while (!text.empty()) {
        std::size_t length = 0;
        auto const [at, error] = std::from_chars(text.data(), text.data() + text.size(), length);
        auto const digits = static_cast<std::size_t>(at - text.data());
        if (error != std::errc{} || length > text.size() || length < digits + 3 ||
            text[digits] != ' ' || text[length - 1] != '\n')
            return corrupt("a pax header is broken");
        auto const record = text.substr(digits + 1, length - digits - 2);
        text.remove_prefix(length);
        auto const equals = record.find('=');
        if (equals == record.npos) return corrupt("a pax header is broken");
        auto const key = record.substr(0, equals);
        auto const value = record.substr(equals + 1);
        if (key == "path") out.path = value;
        if (key == "linkpath") out.link_path = value;
        if (key == "size") {
            std::uint64_t size = 0;
            auto const parsed = std::from_chars(value.data(), value.data() + value.size(), size);
            if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size())
                return corrupt("a pax header is broken");
            out.size = size;
        }
    }
    return out;
}

TarEntry::Kind kind_of(char type) {
    switch (type) {
        case '0':
        case '\0':
            return TarEntry::Kind::kFile;
        case '5':
            return TarEntry::Kind::kDirectory;
        case '2':
            return TarEntry::Kind::kLink;
        default:
            return TarEntry::Kind::kOther;
    }
}

class Reader {
  public:
    Reader(std::string_view archive, std::size_t entries_max)
        : rest_(archive), entries_max_(entries_max) {}

    Result<std::vector<TarEntry>> read() {
        for (;;) {
            if (rest_.size() < kBlockBytes) return corrupt("it is cut short");
            auto const block = rest_.substr(0, kBlockBytes);
            if (std::ranges::all_of(block, [](char c) { return c == '\0'; }))
                return std::move(entries_);
            if (!text_of(block, kMagic).starts_with("ustar") || !checksum_is_right(block))
                return corrupt("it is no tar");
            rest_.remove_prefix(kBlockBytes);
            MERIDIAN_CHECK(read_entry(block));
        }
    }

  private:
    Result<void> read_entry(std::string_view block) {
        auto const type = block[kTypeOffset];
        auto size = number_of(block, kSize);
        bool const header = type == 'x' || type == 'g';
        if (!header && pax_.size) size = pax_.size;
        if (!size || *size > rest_.size()) return corrupt("it is cut short");
        auto const bytes = rest_.substr(0, *size);
        auto const padded = (*size + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
        rest_.remove_prefix(std::min<std::size_t>(padded, rest_.size()));
        if (header) {
            if (*size > kPaxBytesMax) return corrupt("a pax header is too long");
            // What is said for all files ("g") is nothing that matters here.
            if (type == 'g') return {};
            MERIDIAN_TRY(pax_, read_pax(bytes));
            return {};
        }
        if (entries_.size() == entries_max_)
            return fail(
                Errc::kInvalidParameterValue,
                fmt::format("The artifacts are more than {} files and directories.", entries_max_));
        auto const mode = number_of(block, kMode);
        if (!mode) return corrupt("a mode is no number");
        constexpr std::uint64_t kAnybodyExecutes = 0111;
        TarEntry entry{.kind = kind_of(type),
                       .name = pax_.path ? *pax_.path : name_of(block),
                       .executable = (*mode & kAnybodyExecutes) != 0};
        if (entry.kind == TarEntry::Kind::kLink)
            entry.target =
                pax_.link_path ? *pax_.link_path : std::string(text_of(block, kLinkName));
        if (entry.kind == TarEntry::Kind::kFile) entry.bytes = bytes;
        entries_.push_back(std::move(entry));
        pax_ = {};
        return {};
    }

    static std::string name_of(std::string_view block) {
        auto const prefix = text_of(block, kPrefix);
        auto const name = text_of(block, kName);
        return prefix.empty() ? std::string(name) : fmt::format("{}/{}", prefix, name);
    }

    std::string_view rest_;
    std::size_t const entries_max_;
    Pax pax_;
    std::vector<TarEntry> entries_;
};

}  // namespace

Result<std::vector<TarEntry>> read_tar(std::string_view archive, std::size_t entries_max) {
    return Reader(archive, entries_max).read();
}

}  // namespace meridian::builds
