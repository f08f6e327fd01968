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
    bool dry_run = false;  // nothing is changed: what would be is said
};

// `path` is what follows /meridian/v1/. The errors of call(); kIo for an answer that is no object.
io::Task<nlohmann::json> ask(Connection connection, Clock const& clock, std::string method,
                             std::string path, nlohmann::json body = nullptr);

// What a command that changes something small is about.
struct Intent {
    std::string does;        // "delete the repository shop", after "Would"
    std::string about = {};  // a path that must be there for it; empty: none
    std::string makes = {};  // one that must not be there yet
};
// On a dry run looks whether it could be done and says what would be: true, and there is nothing
// more to do. Otherwise false, and nothing has happened. Errors: those of call(),
// kResourceConflict.
io::Task<bool> only_said(Connection connection, Clock const& clock, Output const& output,
                         Intent intent);
// The saying alone.
void say_intent(Output const& output, std::string const& does);

void print_json(Output const& output, nlohmann::json const& answer);

}  // namespace meridian::cli
