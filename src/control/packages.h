#pragma once
// How a package comes in: checked, within the account's room, and stored. Owned by ControlPlane;
// threads: its region's executor.

#include <cstdint>
#include <functional>
#include <string>

#include "model/code_package.h"
#include "model/names.h"
#include "store/code_store.h"

namespace meridian::control {

class Packages {
  public:
    // How many bytes of packages the account has.
    using Usage = std::function<std::uint64_t(model::AccountId const&)>;

    Packages(store::CodeStore& code, Usage used) : code_(code), used_(std::move(used)) {}

    // Errors: kInvalidParameterValue, kRequestTooLarge, kCodeStorageExceeded, with AWS's texts.
    io::Task<model::CodePackage> take(model::AccountId account, std::string zip_bytes);
    // Whether a function's code and its layers are small enough together, unpacked.
    io::Task<> check_unzipped(std::vector<model::CodeSha256> packages);

  private:
    store::CodeStore& code_;
    Usage const used_;
};

}  // namespace meridian::control
