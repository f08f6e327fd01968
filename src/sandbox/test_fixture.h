#pragma once
// What the sandbox tests share: running a coroutine to its end, pipes, and the one JailerClient of
// a test process that meridian-jailer has started (run_under_jailer.sh does).

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/jailer_client.h"
#include "sandbox/sandbox.h"

namespace meridian::sandbox {

// Runs `context` until `task` has ended; kDeadlineExceeded after a time in which everything here
// must be done, and then the task is left behind.
template <typename T>
Result<T> run(boost::asio::io_context& context, io::Task<T> task,
              std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    auto outcome = std::make_shared<std::optional<Result<T>>>();
    boost::asio::co_spawn(context, std::move(task),
                          [outcome](std::exception_ptr exception, Result<T> r) {
                              if (exception) std::rethrow_exception(exception);
                              *outcome = std::move(r);
                          });
    auto const end = std::chrono::steady_clock::now() + limit;
    context.restart();
    while (!outcome->has_value() && std::chrono::steady_clock::now() < end) {
        context.run_one_for(std::chrono::milliseconds(100));
        if (context.stopped()) context.restart();
    }
    if (!outcome->has_value()) return fail(Errc::kDeadlineExceeded, "the test's time is over");
    return std::move(**outcome);
}

inline void PrintTo(ExitStatus const& status, std::ostream* out) {
    constexpr std::array kKinds{"exited", "signaled", "launch failed"};
    *out << kKinds.at(static_cast<std::size_t>(status.kind)) << " " << status.value
         << (status.out_of_memory ? ", out of memory" : "");
}

struct Pipe {
    io::UniqueFd read_end;
    io::UniqueFd write_end;
};

inline Pipe make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    return {io::UniqueFd(ends[0]), io::UniqueFd(ends[1])};
}

// Everything until the last writer is gone, or `bytes`, or ten seconds of silence.
inline std::string read_pipe(io::UniqueFd const& from, std::size_t bytes = SIZE_MAX) {
    std::string all;
    std::array<char, 4096> buffer;
    pollfd wait{.fd = from.get(), .events = POLLIN, .revents = 0};
    while (all.size() < bytes && ::poll(&wait, 1, 10'000) > 0) {
        auto const got = ::read(from.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
}

// Whether every writer is gone, now or within a second.
inline bool is_at_end(io::UniqueFd const& from) {
    char byte = 0;
    pollfd wait{.fd = from.get(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, 1000) > 0 && ::read(from.get(), &byte, 1) == 0;
}

// The jailer that started this test process.
class Jail {
  public:
    // Null, with the reason why a test should skip, when there is none.
    static Jail* get() {
        static std::unique_ptr<Jail> const jail = [] {
            auto peer = JailerClient::take_peer_from_environment();
            return peer ? std::unique_ptr<Jail>(new Jail(std::move(*peer))) : nullptr;
        }();
        return jail.get();
    }
    static constexpr char const* kSkip =
        "needs meridian-jailer and what it needs: run `ctest -L system` "
        "(src/sandbox/run_under_jailer.sh)";

    boost::asio::io_context context;
    std::unique_ptr<JailerClient> client;
    // A directory with the attacker as `bootstrap`, made by the runner script; readable for
    // everyone.
    std::string task_directory;

    [[nodiscard]] bool lacks(Weakness weakness) const {
        auto const all = client->weaknesses();
        return std::ranges::find(all, weakness) != all.end();
    }

    // A sandbox with the attacker in /var/task, as Lambda would give a 128 MB function.
    [[nodiscard]] SandboxSpec spec(std::string const& task = {}) const {
        SandboxSpec made;
        made.memory_bytes = 128UL << 20;
        made.cpu_milli = 1000;
        made.processes = 64;
        made.tmp_bytes = 512UL << 20;
        made.mounts.push_back(mount_of(task.empty() ? task_directory : task, "/var/task"));
        return made;
    }
    [[nodiscard]] static Mount mount_of(std::string const& path, std::string target) {
        io::UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
        EXPECT_TRUE(fd.valid()) << path;
        return {std::move(fd), std::move(target)};
    }

  private:
    explicit Jail(io::UniqueFd peer) {
        auto connected =
            run(context, JailerClient::connect(context.get_executor(), std::move(peer)));
        EXPECT_TRUE(connected.has_value());
        client = std::move(connected).value();
        char const* const task = std::getenv("MERIDIAN_TEST_TASK");
        EXPECT_NE(task, nullptr);
        task_directory = task != nullptr ? task : "";
    }
};

inline RuntimeCommand command_of(std::vector<std::string> arguments, io::UniqueFd output) {
    RuntimeCommand command;
    command.argv = {"/var/task/bootstrap"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.environment = {"GREETING=hello world"};
    command.output = std::move(output);
    return command;
}

}  // namespace meridian::sandbox
