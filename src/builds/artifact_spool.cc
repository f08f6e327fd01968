#include "builds/artifact_spool.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>

#include "model/limits.h"

namespace meridian::builds {
namespace {

// A header and a padded name for each of many files.
constexpr std::uint64_t kHeadersBytesMax = 64UL * 1024 * 1024;
constexpr std::uint64_t kSpoolBytesMax = model::limits::kCodeUnzippedBytesMax + kHeadersBytesMax;

std::unexpected<Error> io_failed(std::string_view what, std::string_view why) {
    return fail(Errc::kIo, fmt::format("cannot {} a build's artifacts: {}", what, why));
}

}  // namespace

Result<ArtifactSpool> ArtifactSpool::create(std::filesystem::path const& directory) {
    auto file = io::SpoolFile::create(directory);
    if (!file) return io_failed("keep", file.error().message);
    return ArtifactSpool(std::move(*file));
}

ArtifactSpool::ArtifactSpool(ArtifactSpool&& other) noexcept
    : spool_(std::move(other.spool_)),
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
    if (auto const written = spool_.append(bytes); !written)
        return io_failed("write", written.error().message);
    return {};
}

Result<std::string_view> ArtifactSpool::bytes() {
    if (size_ == 0) return std::string_view();
    auto const whole = spool_.finish();
    if (!whole) return io_failed("read", whole.error().message);
    // SAFETY: the file has no name and no other descriptor: nobody makes it shorter. The mapping
    // outlives the descriptor.
    auto* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, (*whole)->file.get(), 0);
    if (mapped == MAP_FAILED) return io_failed("read", std::strerror(errno));
    mapped_ = mapped;
    return std::string_view(static_cast<char const*>(mapped), size_);
}

}  // namespace meridian::builds
