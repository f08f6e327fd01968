#include "bin/key_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/unique_fd.h"

namespace meridian::bin {
namespace {

constexpr std::size_t kKeyBytes = 32;

Result<void> failed(char const* what, std::filesystem::path const& path) {
    return fail(Errc::kIo, fmt::format("{} {}: {}", what, path.string(), std::strerror(errno)));
}

}  // namespace

Result<void> write_file_durably(std::filesystem::path const& path, std::string const& bytes,
                                unsigned mode) {
    auto const temporary = path.string() + ".new";
    io::UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.valid()) return failed("cannot write", temporary);
    ::fchmod(file.get(), mode);
    std::string_view rest = bytes;
    while (!rest.empty()) {
        auto const n = ::write(file.get(), rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed("cannot write", temporary);
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(file.get()) != 0) return failed("cannot sync", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot rename", temporary);
    io::UniqueFd const directory(
        ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid() || ::fsync(directory.get()) != 0)
        return failed("cannot sync", path.parent_path());
    return {};
}

Result<std::string> load_or_create_key(std::filesystem::path const& path, Random& random) {
    std::ifstream in(path, std::ios::binary);
    if (in) {
        std::string bytes{std::istreambuf_iterator<char>(in), {}};
        if (bytes.size() != kKeyBytes) {
            return fail(Errc::kCorrupt,
                        fmt::format("{} is not a key of {} bytes", path.string(), kKeyBytes));
        }
        return bytes;
    }
    std::string bytes(kKeyBytes, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    MERIDIAN_CHECK(write_file_durably(path, bytes));
    return bytes;
}

}  // namespace meridian::bin
