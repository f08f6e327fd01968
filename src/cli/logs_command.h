#pragma once
// `meridian logs FUNCTION [--follow]`: what a function wrote, oldest first.

#include <functional>
#include <string>
#include <string_view>

#include "cli/connection.h"

namespace meridian::cli {

struct LogsOptions {
    std::string function;
    bool follow = false;
    bool json = false;  // one JSON object a line, as the API gave it
};

// Writes through `print` until everything is shown, or for ever with `follow`.
io::Task<> show_logs(Connection connection, Clock const& clock, LogsOptions options,
                     std::function<void(std::string_view)> print);

}  // namespace meridian::cli
