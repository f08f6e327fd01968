#pragma once
// The tar of a build's artifacts, in a file without a name: it costs no memory, and nothing of it
// is left when its owner or the process is gone.
//
// Threads: one at a time; blocks.

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "io/spool_file.h"

namespace meridian::builds {

class ArtifactSpool {
  public:
    // In `directory`, which must be there. kIo.
    [[nodiscard]] static Result<ArtifactSpool> create(std::filesystem::path const& directory);
    ~ArtifactSpool();
    ArtifactSpool(ArtifactSpool&& other) noexcept;
    ArtifactSpool& operator=(ArtifactSpool&&) = delete;

    // kInvalidParameterValue where it is longer than a package and its names may be; kIo.
    Result<void> append(std::string_view bytes);
    // All of it, for as long as this lives. Nothing may follow. kIo.
    Result<std::string_view> bytes();

  private:
    explicit ArtifactSpool(io::SpoolFile file) : spool_(std::move(file)) {}

    io::SpoolFile spool_;
    std::uint64_t size_ = 0;
    void* mapped_ = nullptr;
};

}  // namespace meridian::builds
