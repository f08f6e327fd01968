#pragma once
// vault::ScratchRegion as a whole Region: the same store, code store, control and data plane, in a
// directory of its own that goes with it.
//
// Threads: the process's io executor.

#include "bin/region.h"
#include "vault/scratch_region.h"

namespace meridian::bin {

// What is in `directory` is removed first. `source` is whose vault is verified; it outlives the
// region.
io::Task<std::unique_ptr<vault::ScratchRegion>> make_scratch_region(RegionHost host,
                                                                    model::RegionName name,
                                                                    std::filesystem::path directory,
                                                                    vault::VaultKeeper& source);

}  // namespace meridian::bin
