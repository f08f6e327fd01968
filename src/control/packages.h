#pragma once
// How a package comes in: checked, within the account's room, and stored. Owned by ControlPlane;
// threads: its region's executor.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/requests.h"
#include "model/code_package.h"
#include "model/names.h"
#include "store/code_store.h"
#include "store/store.h"

namespace meridian::control {

// A package that came in.
struct TakenPackage {
    model::CodePackage code;
    std::uint64_t unzipped_bytes = 0;
    // What the transaction that names it must carry.
    std::optional<store::Package> carried = {};

    void add_to(store::Transaction& transaction) const {
        if (carried) transaction.packages.push_back(*carried);
    }
};

class Packages {
  public:
    // How many bytes of packages the account has.
    using Usage = std::function<std::uint64_t(model::AccountId const&)>;

    Packages(store::CodeStore& code, ObjectSource& objects, Usage used)
        : code_(code), objects_(objects), used_(std::move(used)) {}

    // Errors: kInvalidParameterValue, kRequestTooLarge, kCodeStorageExceeded, with AWS's texts;
    // those of ObjectSource. Only an upload is limited as a zip; both are, unpacked.
    io::Task<TakenPackage> take(model::AccountId account, PackageInput input);
    // Whether a function's code and its layers are small enough together, unpacked.
    io::Task<> check_unzipped(std::uint64_t code_bytes, std::vector<model::CodeSha256> layers);
    // The same of code that is stored.
    io::Task<> check_stored(model::CodeSha256 code, std::vector<model::CodeSha256> layers);

  private:
    store::CodeStore& code_;
    ObjectSource& objects_;
    Usage const used_;
};

}  // namespace meridian::control
