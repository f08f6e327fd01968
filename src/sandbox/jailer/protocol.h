#pragma once
// The messages between meridiand, meridian-jailer and a sandbox's init: fixed-layout structs in the
// machine's byte order, each followed by NUL-terminated strings. One message is one SEQPACKET
// datagram; file descriptors travel beside it (channel.h). docs/formats/jailer-protocol.md
// describes them for people.
//
// Pure functions. The decoder is the only parser that the privileged code has;
// jailer_protocol_fuzz.cc attacks it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace meridian::sandbox::protocol {

inline constexpr std::uint32_t kMagic = 0x4a444d4d;  // "MMDJ"
// Raised with every change of layout or meaning: both ends are built together and refuse another
// one.
inline constexpr std::uint16_t kVersion = 3;

inline constexpr std::size_t kMessageBytesMax = 128 * 1024;
inline constexpr std::size_t kMountsMax = 32;
inline constexpr std::size_t kLinksMax = 64;
inline constexpr std::size_t kArgumentsMax = 256;
inline constexpr std::size_t kVariablesMax = 1024;
inline constexpr std::size_t kPathBytesMax = 1024;
inline constexpr std::size_t kDescriptorsMax = kMountsMax + 4;

// CPU time is rationed in periods of this length. The kernel takes no quota below the least.
inline constexpr std::uint64_t kCpuPeriodUs = 100'000;
inline constexpr std::uint64_t kCpuQuotaUsMin = 1'000;

[[nodiscard]] constexpr std::uint64_t cpu_quota_us(std::uint32_t cpu_milli) {
    return std::max(kCpuQuotaUsMin, cpu_milli * kCpuPeriodUs / 1000);
}

// The environment variable that tells meridiand its end of the socket.
inline constexpr char const* kPeerVariable = "MERIDIAN_JAILER_FD";

// Inside, the telemetry descriptor has this number always (sandbox.h's kTelemetryFd).
inline constexpr int kTelemetryDescriptor = 3;
// The ports of the two listeners on 127.0.0.1 inside (sandbox.h has them too).
inline constexpr std::uint16_t kRuntimeApiListenerPort = 9001;
inline constexpr std::uint16_t kRegionApiListenerPort = 9002;

enum class Type : std::uint16_t {
    kHello = 1,       // meridiand -> jailer
    kHelloReply = 2,  // jailer -> meridiand
    kCreate = 3,      // meridiand -> jailer; descriptors: the mounts, in order
    kCreated = 4,     // jailer -> meridiand; descriptors: as Created::descriptors says
    kRefused = 5,     // jailer -> meridiand
    kDestroy = 6,     // meridiand -> jailer; no answer
    kPrepare = 15,    // jailer -> init
    kSetup = 16,  // jailer -> init; descriptors: detached mounts in order, then /tmp's if has_tmp
    kReady = 17,  // init -> meridiand
    kSetupFailed = 18,  // init -> meridiand
    kStart = 19,        // meridiand -> init; descriptors: output, then telemetry if has_telemetry
    kSignal = 20,       // meridiand -> init
    kExited = 21,       // init -> meridiand
};

struct Header {
    std::uint32_t magic;
    std::uint16_t version;
    std::uint16_t type;
    std::uint32_t bytes;  // of the whole message
    std::uint32_t reserved;
};

struct Limits {
    std::uint64_t memory_bytes;
    std::uint64_t tmp_bytes;
    std::uint32_t cpu_milli;
    std::uint32_t processes;
};

struct Hello {
    static constexpr Type kType = Type::kHello;
    Header header;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

struct HelloReply {
    static constexpr Type kType = Type::kHelloReply;
    Header header;
    std::uint32_t weaknesses;  // bit n = Weakness n
    std::uint32_t slots;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

// Strings: a target for each mount, then a path and a target for each link.
struct Create {
    static constexpr Type kType = Type::kCreate;
    Header header;
    std::uint64_t request;
    Limits limits;
    std::uint32_t mounts;
    std::uint32_t links;
    [[nodiscard]] std::size_t string_count() const { return mounts + 2UL * links; }
};

enum class FreezerKind : std::uint32_t {
    kNone = 0,
    kCgroup2 = 1,  // write "1" or "0"
    kCgroup1 = 2,  // write "FROZEN" or "THAWED"
};

struct Created {
    static constexpr Type kType = Type::kCreated;
    // Which descriptors come with the message, always in this order.
    static constexpr std::uint32_t kControl = 1;
    static constexpr std::uint32_t kRuntimeApiListener = 2;
    static constexpr std::uint32_t kFreezer = 4;
    static constexpr std::uint32_t kMemoryPeak = 8;
    static constexpr std::uint32_t kMemoryEvents = 16;
    static constexpr std::uint32_t kRegionApiListener = 32;
    static constexpr std::uint32_t kCpuQuota = 64;  // write microseconds a kCpuPeriodUs

    Header header;
    std::uint64_t request;
    std::uint64_t sandbox;  // names it in Destroy; never used twice by one jailer
    std::uint32_t descriptors;
    FreezerKind freezer;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

// Strings: what failed.
struct Refused {
    static constexpr Type kType = Type::kRefused;
    enum Reason : std::uint32_t { kNoSlot = 1, kInvalid = 2, kHost = 3 };
    Header header;
    std::uint64_t request;
    std::uint32_t reason;
    std::uint32_t reserved;
    [[nodiscard]] std::size_t string_count() const { return 1; }
};

struct Destroy {
    static constexpr Type kType = Type::kDestroy;
    Header header;
    std::uint64_t sandbox;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

// The init's ids are mapped and it stands in its groups: it may build what no spec changes.
struct Prepare {
    static constexpr Type kType = Type::kPrepare;
    Header header;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

// Strings: as Create.
struct Setup {
    static constexpr Type kType = Type::kSetup;
    Header header;
    Limits limits;
    std::uint32_t mounts;
    std::uint32_t links;
    std::uint32_t has_tmp;  // else /tmp is a tmpfs of limits.tmp_bytes
    std::uint32_t reserved;
    [[nodiscard]] std::size_t string_count() const { return mounts + 2UL * links; }
};

struct Ready {
    static constexpr Type kType = Type::kReady;
    Header header;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

// Strings: what failed.
struct SetupFailed {
    static constexpr Type kType = Type::kSetupFailed;
    Header header;
    [[nodiscard]] std::size_t string_count() const { return 1; }
};

// Strings: the working directory, the arguments, the environment.
struct Start {
    static constexpr Type kType = Type::kStart;
    Header header;
    std::uint32_t arguments;
    std::uint32_t variables;
    std::uint32_t has_telemetry;
    std::uint32_t reserved;
    [[nodiscard]] std::size_t string_count() const { return 1UL + arguments + variables; }
};

struct Signal {
    static constexpr Type kType = Type::kSignal;
    Header header;
    std::int32_t signal;  // SIGTERM, SIGKILL, SIGSTOP or SIGCONT
    std::int32_t reserved;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

struct Exited {
    static constexpr Type kType = Type::kExited;
    enum Kind : std::uint32_t { kExitCode = 0, kSignaled = 1, kLaunchFailed = 2 };
    Header header;
    std::uint32_t kind;
    std::int32_t value;
    [[nodiscard]] std::size_t string_count() const { return 0; }
};

// Whether the counts are within the limits above; decode() checks it before it counts strings.
[[nodiscard]] inline bool plausible(Create const& m) {
    return m.mounts <= kMountsMax && m.links <= kLinksMax;
}
[[nodiscard]] inline bool plausible(Setup const& m) {
    return m.mounts <= kMountsMax && m.links <= kLinksMax;
}
[[nodiscard]] inline bool plausible(Start const& m) {
    return m.arguments >= 1 && m.arguments <= kArgumentsMax && m.variables <= kVariablesMax;
}
template <typename T>
[[nodiscard]] bool plausible(T const&) {
    return true;
}

// A message read from bytes. `strings` point into those bytes, each followed there by its NUL.
template <typename T>
struct Decoded {
    T fixed;
    std::vector<std::string_view> strings;
};

// The type of a message whose header is sound and whose length is the datagram's.
[[nodiscard]] Result<Type> type_of(std::span<std::byte const> message);

// Splits exactly `count` NUL-terminated strings that fill `bytes` to the last one.
[[nodiscard]] Result<std::vector<std::string_view>> split_strings(std::span<std::byte const> bytes,
                                                                  std::size_t count);

// Starts with '/', has no empty, "." or ".." component, does not end with '/', is at most
// kPathBytesMax long. "/" itself is not one.
[[nodiscard]] bool is_plain_absolute_path(std::string_view path);

template <typename T>
[[nodiscard]] Result<Decoded<T>> decode(std::span<std::byte const> message) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>);
    MERIDIAN_TRY(auto type, type_of(message));
    if (type != T::kType || message.size() < sizeof(T)) {
        return fail(Errc::kCorrupt, "a jailer message of another type or length");
    }
    Decoded<T> decoded;
    std::memcpy(&decoded.fixed, message.data(), sizeof(T));
    if (!plausible(decoded.fixed))
        return fail(Errc::kCorrupt, "a jailer message is over its limits");
    MERIDIAN_TRY(decoded.strings,
                 split_strings(message.subspan(sizeof(T)), decoded.fixed.string_count()));
    return decoded;
}

// The message's bytes; fills in the header. Fails when it would be too long or a string holds a
// NUL.
[[nodiscard]] Result<std::vector<std::byte>> encode_bytes(std::span<std::byte const> fixed,
                                                          Type type,
                                                          std::span<std::string const> strings);

template <typename T>
[[nodiscard]] Result<std::vector<std::byte>> encode(T const& fixed,
                                                    std::span<std::string const> strings = {}) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>);
    static_assert(std::has_unique_object_representations_v<T>, "no padding: it would leak memory");
    if (!plausible(fixed) || strings.size() != fixed.string_count()) {
        return fail(Errc::kInternal, "a jailer message that is over its limits");
    }
    return encode_bytes(std::as_bytes(std::span(&fixed, 1)), T::kType, strings);
}

}  // namespace meridian::sandbox::protocol
