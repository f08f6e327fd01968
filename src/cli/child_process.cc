#include "cli/child_process.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/unique_fd.h"

extern char** environ;

namespace meridian::cli {
namespace {

constexpr std::size_t kPieceBytes = 65'536;

struct Pipe {
    io::UniqueFd read;
    io::UniqueFd write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(Errc::kIo, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    return Pipe{io::UniqueFd(ends[0]), io::UniqueFd(ends[1])};
}

struct Kept {
    std::string text;
    bool open = true;
};

// One piece; false at the end.
bool read_some(int descriptor, Kept& kept, std::size_t bytes_max) {
    std::array<char, kPieceBytes> piece{};
    auto const count = ::read(descriptor, piece.data(), piece.size());
    if (count <= 0) return count < 0 && errno == EINTR;
    auto const room = bytes_max - std::min(bytes_max, kept.text.size());
    kept.text.append(piece.data(), std::min(room, static_cast<std::size_t>(count)));
    return true;
}

}  // namespace

Result<std::string> run_child(std::vector<std::string> const& words, std::size_t bytes_max) {
    MERIDIAN_TRY(auto out, make_pipe());
    MERIDIAN_TRY(auto errors, make_pipe());
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, errors.write.get(), STDERR_FILENO);
    std::vector<char*> arguments;
    // posix_spawnp() takes pointers to non-const and changes nothing.
    for (auto const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    int const status =
        ::posix_spawnp(&child, arguments.front(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (status != 0) {
        return fail(Errc::kUnavailable,
                    fmt::format("cannot run {}: {}", words.front(), std::strerror(status)));
    }
    out.write = {};
    errors.write = {};
    Kept kept, complaints;
    while (kept.open || complaints.open) {
        std::array<pollfd, 2> ready{{{kept.open ? out.read.get() : -1, POLLIN, 0},
                                     {complaints.open ? errors.read.get() : -1, POLLIN, 0}}};
        if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
        if (ready[0].revents != 0) kept.open = read_some(out.read.get(), kept, bytes_max);
        if (ready[1].revents != 0)
            complaints.open = read_some(errors.read.get(), complaints, kPieceBytes);
    }
    int ended = 0;
    while (::waitpid(child, &ended, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0) {
        while (complaints.text.ends_with('\n')) complaints.text.pop_back();
        return fail(Errc::kIo, fmt::format("{} failed: {}", words.front(), complaints.text));
    }
    if (kept.text.size() >= bytes_max) {
        return fail(Errc::kRequestTooLarge,
                    fmt::format("{} wrote more than {} bytes.", words.front(), bytes_max));
    }
    return std::move(kept.text);
}

}  // namespace meridian::cli
