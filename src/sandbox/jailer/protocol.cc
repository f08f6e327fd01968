#include "sandbox/jailer/protocol.h"

namespace meridian::sandbox::protocol {

static_assert(sizeof(Header) == 16 && sizeof(Limits) == 24);
static_assert(sizeof(HelloReply) == 24 && sizeof(Create) == 56 && sizeof(Created) == 40);
static_assert(sizeof(Refused) == 32 && sizeof(Destroy) == 24 && sizeof(Setup) == 56);
static_assert(sizeof(SetupFailed) == 16 && sizeof(Start) == 32 && sizeof(Signal) == 24);
static_assert(sizeof(Exited) == 24 && sizeof(Hello) == 16 && sizeof(Ready) == 16);

Result<Type> type_of(std::span<std::byte const> message) {
    Header header;
    if (message.size() < sizeof header || message.size() > kMessageBytesMax) {
        return fail(Errc::kCorrupt, "a jailer message of impossible length");
    }
    std::memcpy(&header, message.data(), sizeof header);
    if (header.magic != kMagic) return fail(Errc::kCorrupt, "not a jailer message");
    if (header.version != kVersion) {
        return fail(Errc::kCorrupt, "the jailer and meridiand are of different versions");
    }
    if (header.bytes != message.size()) return fail(Errc::kCorrupt, "a jailer message cut short");
    return static_cast<Type>(header.type);
}

Result<std::vector<std::string_view>> split_strings(std::span<std::byte const> bytes,
                                                    std::size_t count) {
    std::string_view rest(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    std::vector<std::string_view> strings;
    strings.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto const end = rest.find('\0');
        if (end == std::string_view::npos) {
            return fail(Errc::kCorrupt, "a jailer message has fewer strings than it says");
        }
        strings.push_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    if (!rest.empty()) return fail(Errc::kCorrupt, "a jailer message has bytes after its strings");
    return strings;
}

bool is_plain_absolute_path(std::string_view path) {
    if (path.size() < 2 || path.size() > kPathBytesMax || path.front() != '/') return false;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash before this component
        auto const component = path.substr(0, path.find('/'));
        if (component.empty() || component == "." || component == "..") return false;
        path.remove_prefix(component.size());
    }
    return true;
}

Result<std::vector<std::byte>> encode_bytes(std::span<std::byte const> fixed, Type type,
                                            std::span<std::string const> strings) {
    std::size_t size = fixed.size();
    for (auto const& string : strings) {
        if (string.find('\0') != std::string::npos) {
            return fail(Errc::kInvalidParameterValue,
                        "a path, argument or variable holds a NUL byte");
        }
        size += string.size() + 1;
    }
    if (size > kMessageBytesMax) {
        return fail(Errc::kInvalidParameterValue,
                    "the arguments and environment of a sandbox are too long");
    }
    std::vector<std::byte> message(size);
    std::memcpy(message.data(), fixed.data(), fixed.size());
    Header const header{.magic = kMagic,
                        .version = kVersion,
                        .type = static_cast<std::uint16_t>(type),
                        .bytes = static_cast<std::uint32_t>(size),
                        .reserved = 0};
    std::memcpy(message.data(), &header, sizeof header);
    std::byte* to = message.data() + fixed.size();
    for (auto const& string : strings) {
        std::memcpy(to, string.c_str(), string.size() + 1);
        to += string.size() + 1;
    }
    return message;
}

}  // namespace meridian::sandbox::protocol
