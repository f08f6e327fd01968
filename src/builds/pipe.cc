#include "builds/pipe.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace meridian::builds {

struct Pipe::State {
    explicit State(asio::any_io_executor const& executor) : reader(executor) {}

    asio::posix::stream_descriptor reader;
    io::UniqueFd writer;
};

Pipe::Pipe(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pipe::~Pipe() = default;
Pipe::Pipe(Pipe&&) noexcept = default;
Pipe& Pipe::operator=(Pipe&&) noexcept = default;

Result<Pipe> Pipe::open(asio::any_io_executor const& executor) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(Errc::kIo, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    io::UniqueFd read_end(ends[0]);
    auto state = std::make_unique<State>(executor);
    state->writer = io::UniqueFd(ends[1]);
    // Only our end: the process's writes block when we are slow, as on a terminal.
    ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
    // Fewer turns for what is long; what the system does not allow stays as it is.
    ::fcntl(read_end.get(), F_SETPIPE_SZ, static_cast<int>(kPipePieceBytesMax));
    // A script's `>/dev/stderr` opens the pipe anew, as the sandbox's own user.
    ::fchmod(state->writer.get(), 0622);
    state->reader.assign(read_end.release());
    return Pipe(std::move(state));
}

io::UniqueFd Pipe::take_writer() { return std::move(state_->writer); }

io::Task<std::string> Pipe::read() {
    std::string piece(kPipePieceBytesMax, '\0');
    auto const [error, bytes] =
        co_await state_->reader.async_read_some(asio::buffer(piece), io::kNoThrow);
    if (error == asio::error::eof) co_return std::string();
    if (error == asio::error::operation_aborted) co_return fail(Errc::kCancelled, "cancelled");
    if (error) co_return fail(Errc::kIo, fmt::format("cannot read a pipe: {}", error.message()));
    piece.resize(bytes);
    co_return piece;
}

}  // namespace meridian::builds
