#pragma once
// deploy::Builder that takes sources as they are: a folder as a reproducible zip, an archive as it
// is. What would need a build is refused, with how to do without.
//
// Threads: any; it reads files.

#include <filesystem>

#include "deploy/builder.h"

namespace meridian::cli {

class SourceBuilder final : public deploy::Builder {
  public:
    // `root` is the template's folder.
    explicit SourceBuilder(std::filesystem::path root) : root_(std::move(root)) {}

    io::Task<std::string> build(deploy::BuildRequest request) override;

  private:
    [[nodiscard]] Result<std::string> package(deploy::BuildRequest const& request) const;

    std::filesystem::path const root_;
};

}  // namespace meridian::cli
