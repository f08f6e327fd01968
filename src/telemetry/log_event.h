#pragma once
// One line of a function's log.

#include <string>

#include "base/clock.h"

namespace meridian::telemetry {

struct LogEvent {
    WallTime time;
    std::string message;  // without its final newline

    bool operator==(LogEvent const&) const = default;
};

}  // namespace meridian::telemetry
