#pragma once
// The frames that AWS's runtime clients write to _LAMBDA_TELEMETRY_LOG_FD, so that a message of
// several lines stays one log event.
//
//   frame  := type:u32 length:u32 [time_us:u64] payload[length]        (big-endian)
//   type   := 0xa55a0001            no time field (older clients)
//           | 0xa55a0002 | 0xa55a0003 with bits of a level or-ed in    with time
//
// Source: behaviour of awslambdaric and aws-lambda-ric (their log sinks).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/log_event.h"

namespace meridian::telemetry {

class TelemetryFrames {
  public:
    explicit TelemetryFrames(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

    // The events that `bytes` completes. `now` is for frames without a time. Bytes that are not
    // frames (a function may write to the descriptor too) become one event as they are, and the
    // stream goes on.
    [[nodiscard]] std::vector<LogEvent> push(std::string_view bytes, WallTime now);

  private:
    std::size_t frame_bytes_max_;
    std::string partial_;
};

}  // namespace meridian::telemetry
