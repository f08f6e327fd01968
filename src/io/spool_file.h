#pragma once
// A file without a name that takes what is too long for memory, and is gone with its last owner or
// with the process.
//
// Threads: one at a time; blocks.

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "io/streamed.h"

namespace meridian::io {

class SpoolFile {
  public:
    // In `directory`, which must be there. kIo.
    static Result<SpoolFile> create(std::filesystem::path const& directory);

    // kIo where it cannot be written: the disk is full.
    Result<void> append(std::string_view bytes);
    // Everything that was appended, to be read from its start. Nothing may follow.
    Result<std::shared_ptr<BodyFile const>> finish();

  private:
    explicit SpoolFile(UniqueFd file) : file_(std::move(file)) {}

    UniqueFd file_;
    std::uint64_t bytes_ = 0;
};

}  // namespace meridian::io
