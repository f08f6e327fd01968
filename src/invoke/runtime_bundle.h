#pragma once
// A runtime as data: a directory with a manifest.json (docs/formats/runtime-bundle.md) that says
// what a sandbox mounts and how the runtime's process is started. Adding a runtime needs no C++.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sandbox/sandbox.h"

namespace meridian::invoke {

struct BundleMount {
    std::filesystem::path source;  // absolute
    std::string target;
};

struct RuntimeBundle {
    std::string runtime;  // "python3.11"
    std::string version;  // for INIT_START: "python:3.11.v1"
    std::vector<BundleMount> mounts;
    std::vector<std::pair<std::string, std::string>> links;
    // argv; "{handler}" stands for the function's handler. Empty for provided runtimes.
    std::vector<std::string> command;
    // Where a provided runtime looks for its executable, in this order.
    std::vector<std::string> bootstrap;
    std::map<std::string, std::string> environment;
    bool telemetry_log_fd = false;  // the client writes frames to _LAMBDA_TELEMETRY_LOG_FD

    // The mounts as descriptors, for one sandbox. kIo when a source is gone.
    [[nodiscard]] Result<std::vector<sandbox::Mount>> open_mounts() const;
};

// Reads one manifest. kCorrupt with what is wrong in it.
[[nodiscard]] Result<RuntimeBundle> parse_manifest(std::string const& text,
                                                   std::filesystem::path const& directory);

class RuntimeBundles {
  public:
    // Every bundle under `root`; a broken one is reported in `problems` and left out. A root that
    // does not exist has none.
    [[nodiscard]] static RuntimeBundles load(std::filesystem::path const& root,
                                             std::vector<std::string>& problems);

    // Null if this runtime is not installed here.
    [[nodiscard]] std::shared_ptr<RuntimeBundle const> find(std::string const& runtime) const;
    [[nodiscard]] std::vector<std::string> names() const;

  private:
    std::map<std::string, std::shared_ptr<RuntimeBundle const>> bundles_;
};

}  // namespace meridian::invoke
