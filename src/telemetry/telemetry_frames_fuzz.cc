// Any bytes, in any pieces: never a crash, never more memory than was given.
#include "base/assert.h"
#include "telemetry/line_splitter.h"
#include "telemetry/telemetry_frames.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<char const*>(data), size);
    std::size_t const step = size > 0 ? data[0] % 17 + 1 : 1;
    meridian::telemetry::TelemetryFrames frames(4096);
    meridian::telemetry::LineSplitter lines(64);
    std::size_t out = 0;
    for (std::size_t i = 0; i < size; i += step) {
        for (auto const& event : frames.push(bytes.substr(i, step), {}))
            out += event.message.size();
        for (auto const& line : lines.push(bytes.substr(i, step)))
            MERIDIAN_ASSERT(line.size() <= 64);
    }
    MERIDIAN_ASSERT(out <= size);
    return 0;
}
