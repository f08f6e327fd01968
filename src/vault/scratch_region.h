#pragma once
// A region that exists for one verification: empty, with a data plane of its own, unknown to every
// client. bin/ makes it; fakes in tests.
//
// Threads: its region's executor.

#include <memory>
#include <string>

#include "model/names.h"
#include "vault/restorer.h"

namespace meridian::vault {

class ScratchRegion {
  public:
    virtual ~ScratchRegion() = default;

    // From the region's own vault into this one.
    [[nodiscard]] virtual Restorer& restorer() = 0;
    // The package's files, as a sandbox would get them.
    virtual io::Task<> unpack(model::CodeSha256 sha256) = 0;
    // An environment of the version is initialised. Errors: what its Init phase said.
    virtual io::Task<> initialise(model::AccountId account, model::FunctionName function,
                                  model::Version version) = 0;
    // The answer's payload; kInternal with it where the function failed.
    virtual io::Task<std::string> invoke(model::AccountId account, model::FunctionName function,
                                         std::string payload) = 0;
    // Ends its environments and removes what it had on disk.
    virtual asio::awaitable<void> end() = 0;
};

}  // namespace meridian::vault
