#include "io/child_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/alarm.h"
#include "io/unique_fd.h"

namespace meridian::io {
namespace {

using boost::system::error_code;

constexpr int kSignalStatusBase = 128;
constexpr int kFirstOtherDescriptor = 3;

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

std::unexpected<Error> system_error(std::string_view doing, int number) {
    return fail(Errc::kIo, fmt::format("cannot {}: {}", doing, std::strerror(number)));
}

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("make a pipe", errno);
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// What posix_spawn() is to do, freed with its owner.
class SpawnPlan {
  public:
    SpawnPlan() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
    }
    ~SpawnPlan() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnPlan(SpawnPlan const&) = delete;
    SpawnPlan& operator=(SpawnPlan const&) = delete;

    // Errno.
    int set(std::string const& directory, int input, int output, int errors) {
        sigset_t every;
        sigset_t none;
        ::sigfillset(&every);
        ::sigemptyset(&none);
        for (int const error :
             {::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()),
              ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO),
              ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO),
              ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO),
              ::posix_spawn_file_actions_addclosefrom_np(&actions_, kFirstOtherDescriptor),
              ::posix_spawnattr_setsigdefault(&attributes_, &every),
              ::posix_spawnattr_setsigmask(&attributes_, &none),
              ::posix_spawnattr_setpgroup(&attributes_, 0),
              ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF |
                                                           POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETPGROUP)}) {
            if (error != 0) return error;
        }
        return 0;
    }
    int spawn(pid_t& process, char* const* arguments, char* const* environment) {
        return ::posix_spawn(&process, arguments[0], &actions_, &attributes_, arguments,
                             environment);
    }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string> const& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    // posix_spawn() does not write to them.
    for (auto const& string : strings) result.push_back(const_cast<char*>(string.c_str()));
    result.push_back(nullptr);
    return result;
}

}  // namespace

struct ChildProcess::State : std::enable_shared_from_this<State> {
    explicit State(asio::any_io_executor const& executor)
        : output(executor),
          error_output(executor),
          handle(executor),
          gone(executor),
          late(executor) {
        gone.expires_at(std::chrono::steady_clock::time_point::max());
    }

    asio::posix::stream_descriptor output;
    asio::posix::stream_descriptor error_output;
    asio::posix::stream_descriptor handle;  // a pidfd: readable when the process has ended
    asio::steady_timer gone;                // cancelled when the process was reaped
    Alarm late;
    UniqueFd lifeline;
    pid_t process = -1;  // -1: reaped
    std::optional<int> status;
    std::string errors;
    std::array<char, kProcessPieceBytesMax> error_piece{};
    bool timed_out = false;

    // The leader is not reaped, so the number is still the group's.
    void signal(int number) const noexcept {
        if (process > 0) ::kill(-process, number);
    }

    void end() {
        if (process < 0) return;
        signal(SIGTERM);
        late.set(kProcessEndGrace, [weak = weak_from_this()] {
            if (auto const self = weak.lock()) self->signal(SIGKILL);
        });
    }

    void read_errors() {
        error_output.async_read_some(
            asio::buffer(error_piece),
            [self = shared_from_this()](error_code const& error, std::size_t bytes) {
                if (error) return;
                auto const room = kProcessErrorBytesMax - self->errors.size();
                self->errors.append(self->error_piece.data(), std::min(bytes, room));
                self->read_errors();
            });
    }

    // Holds itself until the process is gone, whoever else still asks.
    void watch() {
        handle.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](error_code const& error) {
                              if (!error) self->reap();
                          });
    }

    void reap() {
        signal(SIGKILL);  // what the leader leaves behind
        siginfo_t info{};
        int const done =
            ::waitid(P_PIDFD, static_cast<id_t>(handle.native_handle()), &info, WEXITED);
        status = done != 0                    ? -1
                 : info.si_code == CLD_EXITED ? info.si_status
                                              : kSignalStatusBase + info.si_status;
        process = -1;
        late.cancel();
        error_code ignored;
        handle.close(ignored);
        gone.cancel();
    }

    void limit(std::chrono::milliseconds time_max) {
        late.set(time_max, [weak = weak_from_this()] {
            auto const self = weak.lock();
            if (!self || self->process < 0) return;
            self->timed_out = true;
            self->end();
            // Somebody who left the group may still hold the other end.
            error_code ignored;
            self->output.cancel(ignored);
        });
    }
};

Result<ChildProcess> ChildProcess::start(asio::any_io_executor executor,
                                         ProcessOptions const& options) {
    MERIDIAN_TRY(auto out, make_pipe());
    MERIDIAN_TRY(auto errors, make_pipe());
    Pipe in;
    if (options.lifeline) {
        MERIDIAN_TRY(in, make_pipe());
    } else if (options.input < 0) {
        in.read.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!in.read.valid()) return system_error("open /dev/null", errno);
    }
    SpawnPlan plan;
    auto const directory = options.directory.string();
    int error = plan.set(directory, in.read.valid() ? in.read.get() : options.input,
                         out.write.get(), errors.write.get());
    pid_t process = -1;
    auto const arguments = pointers(options.arguments);
    auto const environment = pointers(options.environment);
    if (error == 0) error = plan.spawn(process, arguments.data(), environment.data());
    if (error != 0) return system_error("run " + options.arguments.front(), error);

    // No wrapper in glibc 2.35 and older.
    UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    if (!handle.valid()) {
        int const number = errno;
        ::kill(-process, SIGKILL);
        ::waitpid(process, nullptr, 0);
        return system_error("watch a process", number);
    }
    auto const state = std::make_shared<State>(executor);
    state->process = process;
    state->lifeline = std::move(in.write);
    state->output.assign(out.read.release());
    state->error_output.assign(errors.read.release());
    state->handle.assign(handle.release());
    state->watch();
    state->read_errors();
    if (options.time_max.count() > 0) state->limit(options.time_max);
    return ChildProcess(state);
}

ChildProcess::~ChildProcess() {
    if (!state_) return;
    state_->end();
    state_->lifeline.reset();
    error_code ignored;
    state_->output.close(ignored);
    state_->error_output.close(ignored);
}

ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    ChildProcess old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
}

Task<std::string> ChildProcess::read() {
    auto const state = state_;
    std::string piece(kProcessPieceBytesMax, '\0');
    auto const [error, bytes] =
        co_await state->output.async_read_some(asio::buffer(piece), kNoThrow);
    if (state->timed_out) co_return fail(Errc::kDeadlineExceeded, "the program took too long");
    if (error == asio::error::operation_aborted) co_return fail(Errc::kCancelled, "cancelled");
    if (error && error != asio::error::eof)
        co_return fail(Errc::kIo, "cannot read a program's output: " + error.message());
    piece.resize(bytes);
    co_return piece;
}

Task<int> ChildProcess::wait() {
    auto const state = state_;
    if (!state->status) co_await state->gone.async_wait(kNoThrow);
    if (!state->status) co_return fail(Errc::kCancelled, "cancelled");
    if (state->timed_out) co_return fail(Errc::kDeadlineExceeded, "the program took too long");
    co_return *state->status;
}

void ChildProcess::end() { state_->end(); }

std::string const& ChildProcess::errors() const noexcept { return state_->errors; }

int ChildProcess::id() const noexcept { return state_->process; }

Task<ProcessResult> run_process(ProcessOptions options, std::size_t output_bytes_max) {
    auto const executor = co_await asio::this_coro::executor;
    MERIDIAN_CO_TRY(auto child, ChildProcess::start(executor, options));
    ProcessResult result;
    for (;;) {
        MERIDIAN_CO_TRY(auto const piece, co_await child.read());
        if (piece.empty()) break;
        if (result.output.size() + piece.size() > output_bytes_max) {
            co_return fail(Errc::kRequestTooLarge,
                           fmt::format("{} wrote more than {} bytes", options.arguments.front(),
                                       output_bytes_max));
        }
        result.output += piece;
    }
    MERIDIAN_CO_TRY(result.status, co_await child.wait());
    result.errors = child.errors();
    co_return result;
}

}  // namespace meridian::io
