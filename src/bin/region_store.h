#pragma once
// Where a region keeps its state: a file in its folder, or a schema of a PostgreSQL database. A
// region that has begun with one is never started with the other, where it would look empty.

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "model/names.h"
#include "store/store.h"

namespace meridian::bin {

inline constexpr char kSqliteStore[] = "sqlite";

// Whether --store can mean something: `sqlite`, or a URL of PostgreSQL.
[[nodiscard]] bool is_store_name(std::string const& where);

// `where` is --store; `directory` the region's. Blocks. Errors: those of the stores;
// kInvalidParameterValue if the region's state is elsewhere.
Result<std::unique_ptr<store::Store>> open_region_store(std::string const& where,
                                                        model::RegionName const& region,
                                                        std::filesystem::path const& directory,
                                                        Clock const& clock, Log& log);

}  // namespace meridian::bin
