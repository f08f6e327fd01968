#pragma once
// `meridian metrics FUNCTION`: what a function, or one alias or version of it, did, as a table of
// periods.
//
// Threads: the caller's executor. Errors: those of call().

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "cli/connection.h"

namespace meridian::cli {

struct MetricsOptions {
    std::string function;   // name, name:qualifier, or an ARN
    std::string qualifier;  // empty: all of the function
    std::chrono::seconds since = std::chrono::minutes(5);
    std::chrono::seconds period{60};
    bool json = false;    // one object a period, as lines
    bool watch = false;   // again every two seconds, for ever
    bool screen = false;  // what is printed to can be cleared
};

io::Task<> show_metrics(Connection connection, Clock const& clock, MetricsOptions options,
                        std::function<void(std::string_view)> print);

// "90", "90s", "5m", "2h", "1d". kInvalidParameterValue for what is none, or longer than a day.
[[nodiscard]] Result<std::chrono::seconds> parse_span(std::string_view text);

}  // namespace meridian::cli
