#pragma once
// Where a region keeps its definitions: a file in its folder, or a schema of a PostgreSQL database.
// A region that has begun with one is not started with the other, where it would look empty.

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "model/names.h"
#include "store/sql_store.h"

namespace meridian::bin {

// `url`: of a PostgreSQL database; empty: a file in `directory`, the region's. Blocks. Errors:
// those of the stores; kInvalidParameterValue if the region's definitions are elsewhere.
Result<std::unique_ptr<store::SqlStore>> open_region_store(std::string const& url,
                                                           model::RegionName const& region,
                                                           std::filesystem::path const& directory,
                                                           store::RecordSeal const& seal,
                                                           Clock const& clock, Log& log);

}  // namespace meridian::bin
