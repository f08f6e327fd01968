#pragma once
// `meridian test-event`: the events that a function is proven with (docs/operating/vault.md).
//
// Threads: the caller's executor. Errors: those of call(); kInvalidParameterValue for a file that
// is not JSON.

#include "cli/vault_commands.h"

namespace meridian::cli {

struct TestEventOptions {
    std::string function;
    std::string name;
    std::string event_file;
    std::string answer_file;  // empty: none
};

io::Task<> put_test_event(Connection connection, Clock const& clock, TestEventOptions options,
                          Output output);
// Invokes the function and keeps what it answers.
io::Task<> record_test_event(Connection connection, Clock const& clock, TestEventOptions options,
                             Output output);
// With a name one, without all.
io::Task<> show_test_events(Connection connection, Clock const& clock, TestEventOptions options,
                            Output output);
io::Task<> delete_test_event(Connection connection, Clock const& clock, TestEventOptions options,
                             Output output);

}  // namespace meridian::cli
