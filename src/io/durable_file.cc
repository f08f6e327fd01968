#include "io/durable_file.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/unique_fd.h"

namespace meridian::io {
namespace {

Result<void> failed(char const* what, std::filesystem::path const& path) {
    return fail(Errc::kIo, fmt::format("{} {}: {}", what, path.string(), std::strerror(errno)));
}

}  // namespace

Result<void> write_file_durably(std::filesystem::path const& path, std::string_view bytes,
                                unsigned mode) {
    auto const temporary = path.string() + ".new";
    UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.valid()) return failed("cannot write", temporary);
    ::fchmod(file.get(), mode);
    auto rest = bytes;
    while (!rest.empty()) {
        auto const n = ::write(file.get(), rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed("cannot write", temporary);
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(file.get()) != 0) return failed("cannot sync", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot rename", temporary);
    UniqueFd const directory(
        ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid() || ::fsync(directory.get()) != 0)
        return failed("cannot sync", path.parent_path());
    return {};
}

}  // namespace meridian::io
