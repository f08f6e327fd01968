#pragma once
// A program that runs beside this one: started without a shell, with an environment and
// descriptors of its own and nothing inherited, in a process group that ends with it. The only home
// of child processes outside the jailer.
//
// Threads: belongs to its executor; call there only.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/task.h"

namespace meridian::io {

// What is kept of a program's error output: its beginning.
inline constexpr std::size_t kProcessErrorBytesMax = 64UL * 1024;
// A program that is to end is asked to (SIGTERM) and killed after so long.
inline constexpr auto kProcessEndGrace = std::chrono::seconds(2);
// One piece of its output.
inline constexpr std::size_t kProcessPieceBytesMax = 64UL * 1024;

struct ProcessOptions {
    std::vector<std::string> arguments;         // the first is the program's absolute path
    std::vector<std::string> environment = {};  // "NAME=value"; there is nothing else
    std::filesystem::path directory = "/";
    int input = -1;  // what it reads, from its offset on; -1: nothing
    // Its descriptor 0 is a pipe that nobody writes and that closes with this object or with this
    // process: how a child learns that it is alone. Instead of `input`.
    bool lifeline = false;
    std::chrono::milliseconds time_max{0};  // then the group is ended; 0: none
};

class ChildProcess {
  public:
    // kIo with the system's reason: there is no such program, no process is left.
    static Result<ChildProcess> start(asio::any_io_executor executor,
                                      ProcessOptions const& options);
    // Ends the group if it runs; the process is reaped when it is gone.
    ~ChildProcess();
    ChildProcess(ChildProcess&&) noexcept;
    ChildProcess& operator=(ChildProcess&&) noexcept;

    // The next piece of its output; empty at the end. One reader. kDeadlineExceeded once time_max
    // has passed, kCancelled, kIo.
    Task<std::string> read();
    // Until the process is gone, and with it its group: the exit status, or 128 + the signal's
    // number. kDeadlineExceeded where time_max ended it, kCancelled.
    Task<int> wait();
    // The whole group, with kProcessEndGrace between the request and the kill.
    void end();

    // The beginning of what it has written to its error output until now.
    [[nodiscard]] std::string const& errors() const noexcept;
    [[nodiscard]] int id() const noexcept;

  private:
    struct State;
    explicit ChildProcess(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

struct ProcessResult {
    int status = 0;  // as of ChildProcess::wait()
    std::string output = {};
    std::string errors = {};

    [[nodiscard]] bool ok() const noexcept { return status == 0; }
};

// Runs a program to its end. kRequestTooLarge where it writes more than `output_bytes_max` (it is
// ended); the errors of ChildProcess.
Task<ProcessResult> run_process(ProcessOptions options, std::size_t output_bytes_max);

}  // namespace meridian::io
