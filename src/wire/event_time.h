#pragma once
// The forms in which AWS writes a point in time. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace meridian::wire {

// "2024-01-01T00:00:00.000+0000": LastModified.
[[nodiscard]] std::string format_last_modified(WallTime time);
// "2024-01-01T00:00:00+0000": LastModified of provisioned concurrency.
[[nodiscard]] std::string format_iso8601_offset(WallTime time);
// "2024-01-01T00:00:00Z": XML answers.
[[nodiscard]] std::string format_iso8601(WallTime time);
// "2024-01-01T00:00:00.000Z": log records and events.
[[nodiscard]] std::string format_iso8601_ms(WallTime time);
// "20240101T000000Z": X-Amz-Date.
[[nodiscard]] std::string format_amz_date(WallTime time);
[[nodiscard]] std::optional<WallTime> parse_amz_date(std::string_view text);
// "Mon, 01 Jan 2024 00:00:00 GMT": HTTP's Date.
[[nodiscard]] std::string format_http_date(WallTime time);
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);
// "2024-01-01T00:00:00Z" with optional fraction and offset.
[[nodiscard]] std::optional<WallTime> parse_iso8601(std::string_view text);

}  // namespace meridian::wire
