#include "bin/pipeline_runner.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/pipeline_commands.h"
#include "io/system_clock.h"

namespace meridian::bin {
namespace {

constexpr int kAloneStatus = 4;

void end_when_input_closes() {
    std::thread([] {
        char byte = 0;
        while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
        std::_Exit(kAloneStatus);
    }).detach();
}

std::optional<std::string> runner_variable(char const* name) {
    auto const* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

void print_out(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

int failed(Error const& error) {
    fmt::print(stderr, "{}\n", error.message);
    return 1;
}

}  // namespace

std::vector<std::string> pipeline_runner_command(std::string const& execution,
                                                 std::filesystem::path const& folder) {
    return {"/proc/self/exe", kRunPipeline, execution, folder.string()};
}

int run_pipeline(std::string const& execution, std::filesystem::path const& folder) {
    end_when_input_closes();
    auto const connection = cli::find_connection({}, runner_variable);
    if (!connection) return failed(connection.error());
    io::SystemClock const clock;
    asio::io_context context(1);
    int status = 0;
    asio::co_spawn(context,
                   cli::run_execution(*connection, clock, execution, folder,
                                      {.print = print_out, .json = false}),
                   [&](std::exception_ptr exception, Result<void> result) {
                       if (exception) std::rethrow_exception(exception);
                       if (!result) status = failed(result.error());
                   });
    context.run();
    return status;
}

}  // namespace meridian::bin
