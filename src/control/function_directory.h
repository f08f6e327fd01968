#pragma once
// Finds functions, and says in AWS's words where there is none. What the resources that hang under
// functions share. Owned by ControlPlane; threads: its region's executor.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "control/function_table.h"
#include "control/published_functions.h"

namespace meridian::control {

class FunctionDirectory {
  public:
    FunctionDirectory(model::RegionName region, FunctionTable& table,
                      PublishedFunctions const& published)
        : region_(std::move(region)), table_(table), published_(published) {}

    [[nodiscard]] model::RegionName const& region() const noexcept { return region_; }
    [[nodiscard]] std::string arn(
        model::AccountId const& account, model::FunctionName const& name,
        std::optional<model::Qualifier> const& qualifier = std::nullopt) const;
    [[nodiscard]] std::unexpected<Error> not_found(
        model::AccountId const& account, model::FunctionName const& name,
        std::optional<model::Qualifier> const& qualifier = std::nullopt) const;

    // kResourceNotFound where there is none.
    io::Task<StoredFunction> load(model::AccountId account, model::FunctionName name);
    // Nothing where there is none.
    io::Task<std::optional<StoredFunction>> find(model::AccountId account,
                                                 model::FunctionName name);
    // The number of `version` ("$LATEST" is 0) if the function has it; kResourceNotFound else.
    [[nodiscard]] Result<std::uint64_t> require_version(model::AccountId const& account,
                                                        model::FunctionName const& name,
                                                        std::string_view version) const;

  private:
    model::RegionName const region_;
    FunctionTable& table_;
    PublishedFunctions const& published_;
};

// What a class of such resources is built from; all of it outlives it.
struct ResourceParts {
    store::Store& store;
    FunctionDirectory& functions;
    Clock const& clock;
    Random& random;
    Log& log;
};

// The expectation that a function is still what `stored` says, so that nothing new hangs under one
// that has gone.
[[nodiscard]] store::Expectation still_there(StoredFunction const& stored);

}  // namespace meridian::control
