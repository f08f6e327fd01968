#include "builds/artifact_spool.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/limits.h"

namespace meridian::builds {
namespace {

// A header and a padded name for each of many files.
constexpr std::uint64_t kHeadersBytesMax = 64UL * 1024 * 1024;
constexpr std::uint64_t kSpoolBytesMax = model::limits::kCodeUnzippedBytesMax + kHeadersBytesMax;

std::unexpected<Error> io_failed(std::string_view what) {
    return fail(Errc::kIo,
                fmt::format("cannot {} a build's artifacts: {}", what, std::strerror(errno)));
}

}  // namespace

Result<ArtifactSpool> ArtifactSpool::create(std::filesystem::path const& directory) {
    io::UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file.valid()) {  // some file systems know no files without names
        auto name = (directory / "artifacts-XXXXXX").string();
        file.reset(::mkostemp(name.data(), O_CLOEXEC));
        if (!file.valid()) return io_failed("keep");
        ::unlink(name.c_str());
    }
    return ArtifactSpool(std::move(file));
}

ArtifactSpool::ArtifactSpool(ArtifactSpool&& other) noexcept
    : file_(std::move(other.file_)),
      size_(other.size_),
      mapped_(std::exchange(other.mapped_, nullptr)) {}

ArtifactSpool::~ArtifactSpool() {
    if (mapped_ != nullptr) ::munmap(mapped_, size_);
}

Result<void> ArtifactSpool::append(std::string_view bytes) {
    size_ += bytes.size();
    if (size_ > kSpoolBytesMax) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The build left more than {} bytes, the most that Lambda takes.",
                                model::limits::kCodeUnzippedBytesMax));
    }
    while (!bytes.empty()) {
        auto const written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return io_failed("write");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string_view> ArtifactSpool::bytes() {
    if (size_ == 0) return std::string_view();
    // SAFETY: the file has no name and no other descriptor: nobody makes it shorter.
    auto* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_.get(), 0);
    if (mapped == MAP_FAILED) return io_failed("read");
    mapped_ = mapped;
    return std::string_view(static_cast<char const*>(mapped), size_);
}

}  // namespace meridian::builds
