#pragma once
// Where packages come from: the Lambda endpoint they are at, or a folder. One package at a time is
// in memory for each lane.
//
// Threads: the caller's executor.

#include <string>

#include "transfer/inventory.h"
#include "transfer/lanes.h"

namespace meridian::transfer {

class PackageSource {
  public:
    virtual ~PackageSource() = default;
    // The package's bytes, whose hash is `what.sha256`. `lane` counts from 0 and names the caller's
    // lane. Errors: kCorrupt where the bytes are others; kIo, and those of AwsApi.
    virtual io::Task<std::string> fetch(std::size_t lane, CodeRef what) = 0;
};

// kCorrupt, naming `what`, unless the bytes have its hash.
[[nodiscard]] Result<void> check_package(CodeRef const& what, std::string const& bytes);

// By Code.Location of GetFunction and Content.Location of GetLayerVersion. `account` is the
// caller's there.
class EndpointPackages final : public PackageSource {
  public:
    EndpointPackages(Lanes lanes, std::string account)
        : lanes_(std::move(lanes)), account_(std::move(account)) {}
    io::Task<std::string> fetch(std::size_t lane, CodeRef what) override;

  private:
    Lanes lanes_;
    std::string account_;
};

}  // namespace meridian::transfer
