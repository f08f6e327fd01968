#include "invoke/log_capture.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/task.h"
#include "model/limits.h"
#include "telemetry/line_splitter.h"
#include "telemetry/telemetry_frames.h"

namespace meridian::invoke {
namespace {

constexpr std::size_t kPipeBytes = 65'536;  // Linux's default capacity

}  // namespace

struct LogCapture::State {
    State(asio::any_io_executor const& executor, Clock const& c, LogFormat f, Sink s)
        : reader(executor), clock(c), format(f), sink(std::move(s)) {}

    asio::posix::stream_descriptor reader;
    io::UniqueFd writer;
    Clock const& clock;
    LogFormat format;
    Sink sink;  // empty once stopped
    telemetry::LineSplitter lines{model::limits::kLogLineBytesMax};
    telemetry::TelemetryFrames frames{model::limits::kLogLineBytesMax};

    // False when the pipe is empty (or broken).
    bool read_once() {
        // On the stack: an environment would keep it for life.
        std::array<char, kPipeBytes> buffer;  // NOLINT(*-member-init): read() fills it
        auto const n = ::read(reader.native_handle(), buffer.data(), buffer.size());
        if (n <= 0) return false;
        auto const now = clock.wall_now();
        std::string_view const bytes(buffer.data(), static_cast<std::size_t>(n));
        std::vector<telemetry::LogEvent> events;
        if (format == LogFormat::kTelemetryFrames) {
            events = frames.push(bytes, now);
        } else {
            for (auto& line : lines.push(bytes)) events.push_back({now, std::move(line)});
        }
        if (!events.empty() && sink) sink(std::move(events));
        return true;
    }

    static asio::awaitable<void> run(std::shared_ptr<State> self) {
        while (self->sink) {
            auto [error] = co_await self->reader.async_wait(
                asio::posix::stream_descriptor::wait_read, io::kNoThrow);
            if (error) co_return;
            // One read a wake-up: a function that writes without end must not keep the thread.
            self->read_once();
            co_await asio::post(self->reader.get_executor(), asio::use_awaitable);
        }
    }
};

LogCapture::LogCapture(std::shared_ptr<State> state) : state_(std::move(state)) {}

LogCapture::~LogCapture() {
    state_->sink = nullptr;
    boost::system::error_code ignored;
    state_->reader.cancel(ignored);
}

Result<std::unique_ptr<LogCapture>> LogCapture::start(asio::any_io_executor executor,
                                                      Clock const& clock, LogFormat format,
                                                      Sink sink) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(Errc::kIo, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    }
    io::UniqueFd read_end(ends[0]);
    io::UniqueFd write_end(ends[1]);
    // Only our end: the function's writes block when we are slow, as on a terminal.
    ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
    // A script's `>/dev/stderr` opens the pipe anew, as the function's own user.
    ::fchmod(write_end.get(), 0622);
    auto state = std::make_shared<State>(executor, clock, format, std::move(sink));
    state->reader.assign(read_end.release());
    state->writer = std::move(write_end);
    asio::co_spawn(executor, State::run(state),
                   asio::detached);  // SAFETY: ends with the capture, waits without throwing
    return std::unique_ptr<LogCapture>(new LogCapture(std::move(state)));
}

Result<io::UniqueFd> LogCapture::writer() const {
    io::UniqueFd copy(::fcntl(state_->writer.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.valid())
        return fail(Errc::kIo, fmt::format("cannot copy a pipe: {}", std::strerror(errno)));
    return copy;
}

void LogCapture::drain() {
    if (state_->sink) state_->read_once();
}

void LogCapture::drain_to_end() {
    // What the dead left in the pipe is at most its capacity; twice covers a capacity that was
    // raised.
    for (int i = 0; i < 16 && state_->sink && state_->read_once(); ++i) {
    }
    auto rest = state_->lines.flush();
    if (!rest.empty() && state_->sink) state_->sink({{state_->clock.wall_now(), std::move(rest)}});
}

}  // namespace meridian::invoke
