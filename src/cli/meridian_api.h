#pragma once
// Meridian's own API as commands use it: JSON objects there and back, and where answers are
// printed.
//
// Threads: the caller's executor.

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "cli/connection.h"

namespace meridian::cli {

struct Output {
    std::function<void(std::string_view)> print;
    bool json = false;
};

// `path` is what follows /meridian/v1/. The errors of call(); kIo for an answer that is no object.
io::Task<nlohmann::json> ask(Connection connection, Clock const& clock, std::string method,
                             std::string path, nlohmann::json body = nullptr);

void print_json(Output const& output, nlohmann::json const& answer);

}  // namespace meridian::cli
