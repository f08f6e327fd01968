#pragma once
// Build steps in a region's sandboxes, as a client of its API (`/meridian/v1/builds`).
//
// Threads: the caller's executor.

#include <functional>
#include <string>
#include <string_view>

#include "deploy/aws_api.h"

namespace meridian::cli {

struct BuildInput {
    std::string source;  // a zip
    std::string method;
    std::string runtime;
    std::string logical_id;
    std::string handler = {};
    bool is_layer = false;
};

class RegionBuilds {
  public:
    using Printed = std::function<void(std::string_view)>;

    // `region` outlives this. `printed` gets what the build prints, as it comes; may be empty.
    explicit RegionBuilds(deploy::AwsApi& region, Printed printed = nullptr)
        : region_(region), printed_(std::move(printed)) {}

    [[nodiscard]] std::string const& region() const { return region_.region(); }
    // The package. kInvalidParameterValue with the step's own last words where there is none;
    // errors of the region.
    io::Task<std::string> build(BuildInput input);

  private:
    io::Task<std::string> follow(std::string id);

    deploy::AwsApi& region_;
    Printed const printed_;
};

}  // namespace meridian::cli
