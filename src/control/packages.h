#pragma once
// How a package comes in: checked, within the account's room, and stored. Owned by ControlPlane;
// threads: its region's executor.

#include <cstdint>
#include <functional>
#include <string>

#include "control/requests.h"
#include "model/code_package.h"
#include "model/names.h"
#include "store/code_store.h"

namespace meridian::control {

class Packages {
  public:
    // How many bytes of packages the account has.
    using Usage = std::function<std::uint64_t(model::AccountId const&)>;

    Packages(store::CodeStore& code, ObjectSource& objects, Usage used)
        : code_(code), objects_(objects), used_(std::move(used)) {}

    // Errors: kInvalidParameterValue, kRequestTooLarge, kCodeStorageExceeded, with AWS's texts;
    // those of ObjectSource. Only an upload is limited as a zip; both are, unpacked.
    io::Task<model::CodePackage> take(model::AccountId account, PackageInput input);
    // Whether a function's code and its layers are small enough together, unpacked.
    io::Task<> check_unzipped(std::vector<model::CodeSha256> packages);

  private:
    store::CodeStore& code_;
    ObjectSource& objects_;
    Usage const used_;
};

}  // namespace meridian::control
