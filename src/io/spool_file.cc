#include "io/spool_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace meridian::io {
namespace {

std::unexpected<Error> system_error(std::string_view doing) {
    return fail(Errc::kIo, fmt::format("cannot {}: {}", doing, std::strerror(errno)));
}

}  // namespace

Result<SpoolFile> SpoolFile::create(std::filesystem::path const& directory) {
    UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file.valid()) {  // some file systems know no files without names
        auto name = (directory / "spool-XXXXXX").string();
        file.reset(::mkostemp(name.data(), O_CLOEXEC));
        if (!file.valid()) return system_error("make a file in " + directory.string());
        ::unlink(name.c_str());
    }
    return SpoolFile(std::move(file));
}

Result<void> SpoolFile::append(std::string_view bytes) {
    bytes_ += bytes.size();
    while (!bytes.empty()) {
        auto const count = ::write(file_.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error("write a file without a name");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<std::shared_ptr<BodyFile const>> SpoolFile::finish() {
    if (::lseek(file_.get(), 0, SEEK_SET) != 0) return system_error("read a file without a name");
    return std::make_shared<BodyFile const>(BodyFile{std::move(file_), bytes_});
}

}  // namespace meridian::io
