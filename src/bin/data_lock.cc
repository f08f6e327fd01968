#include "bin/data_lock.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

namespace meridian::bin {
namespace {

constexpr int kAttempts = 50;
constexpr auto kBetweenAttempts = std::chrono::milliseconds(100);

}  // namespace

Result<io::UniqueFd> lock_data(std::filesystem::path const& data, std::string const& shown) {
    io::UniqueFd file(::open((data / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.valid())
        return fail(Errc::kIo, fmt::format("cannot open {}/lock: {}", shown, std::strerror(errno)));
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(Errc::kIo,
                        fmt::format("cannot lock {}/lock: {}", shown, std::strerror(errno)));
        std::this_thread::sleep_for(kBetweenAttempts);
    }
    return fail(Errc::kUnavailable, shown + " is in use by another meridiand.");
}

}  // namespace meridian::bin
