#include "telemetry/telemetry_frames.h"

#include <utility>

namespace meridian::telemetry {
namespace {

constexpr std::uint32_t kMagicMask = 0xffff0000;
constexpr std::uint32_t kMagic = 0xa55a0000;
constexpr std::uint32_t kTypeWithoutTime = 0xa55a0001;
constexpr std::size_t kShortHeader = 8;
constexpr std::size_t kLongHeader = 16;

template <typename T>
T big_endian(std::string_view bytes) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[i]));
    }
    return value;
}

void trim_newline(std::string& text) {
    while (text.ends_with('\n')) text.pop_back();
}

}  // namespace

std::vector<LogEvent> TelemetryFrames::push(std::string_view bytes, WallTime now) {
    partial_.append(bytes);
    std::vector<LogEvent> events;
    std::string_view rest = partial_;
    while (rest.size() >= kShortHeader) {
        auto const type = big_endian<std::uint32_t>(rest);
        auto const length = big_endian<std::uint32_t>(rest.substr(4));
        if ((type & kMagicMask) != kMagic || length > frame_bytes_max_) {
            std::string raw(rest);
            trim_newline(raw);
            events.push_back({now, std::move(raw)});
            rest = {};
            break;
        }
        bool const timed = type != kTypeWithoutTime;
        std::size_t const header = timed ? kLongHeader : kShortHeader;
        if (rest.size() < header + length) break;
        WallTime time = now;
        if (timed) {
            // A clock inside the sandbox is the host's own; a value far off is the function's
            // doing.
            auto const micros = big_endian<std::uint64_t>(rest.substr(8));
            if (micros < static_cast<std::uint64_t>(INT64_MAX)) {
                time = WallTime(std::chrono::microseconds(static_cast<std::int64_t>(micros)));
            }
        }
        std::string message(rest.substr(header, length));
        trim_newline(message);
        events.push_back({time, std::move(message)});
        rest.remove_prefix(header + length);
    }
    partial_.erase(0, partial_.size() - rest.size());
    return events;
}

}  // namespace meridian::telemetry
