#pragma once
// deploy::Builder that takes sources as they are, a folder as a reproducible zip, an archive as it
// is, and lets a region do what needs a build step.
//
// Threads: the caller's executor; it reads files.

#include <filesystem>
#include <map>

#include "cli/region_builds.h"
#include "deploy/builder.h"

namespace meridian::cli {

class SourceBuilder final : public deploy::Builder {
  public:
    // `root` is the template's folder. `region` outlives this; null: what needs a step is refused.
    explicit SourceBuilder(std::filesystem::path root, RegionBuilds* region = nullptr)
        : root_(std::move(root)), region_(region) {}

    // Told of each step before it runs: "Hello (makefile)".
    std::function<void(std::string_view)> on_step;

    // The same request is built once.
    io::Task<std::string> build(deploy::BuildRequest request) override;

  private:
    io::Task<std::string> build_anew(deploy::BuildRequest request);

    std::filesystem::path const root_;
    RegionBuilds* const region_;
    std::map<std::string, std::string> built_;  // what was asked → the package
};

}  // namespace meridian::cli
