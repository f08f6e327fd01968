#include "bin/region_store.h"

#include <fmt/format.h>

#include "bin/key_file.h"
#include "store/postgres_store.h"
#include "store/sqlite_store.h"

namespace meridian::bin {
namespace {

// Names the schema that has the region's state; not the server, which may move.
constexpr char kMarker[] = "postgresql-schema";
constexpr char kDatabase[] = "meridian.db";

template <typename Opened>
Result<std::unique_ptr<store::Store>> as_store(Opened opened) {
    if (!opened) return std::unexpected(std::move(opened).error());
    return std::unique_ptr<store::Store>(std::move(*opened));
}

}  // namespace

bool is_store_name(std::string const& where) {
    return where == kSqliteStore || where.starts_with("postgres://") ||
           where.starts_with("postgresql://");
}

Result<std::unique_ptr<store::Store>> open_region_store(std::string const& where,
                                                        model::RegionName const& region,
                                                        std::filesystem::path const& directory,
                                                        Clock const& clock, Log& log) {
    std::error_code error;
    bool const in_file = std::filesystem::exists(directory / kDatabase, error);
    bool const in_schema = !error && std::filesystem::exists(directory / kMarker, error);
    if (error) {
        return fail(Errc::kIo,
                    fmt::format("cannot look into {}: {}", directory.string(), error.message()));
    }
    if (where == kSqliteStore) {
        if (in_schema) {
            return fail(
                Errc::kInvalidParameterValue,
                fmt::format("The state of {} is in PostgreSQL: say --store postgres://….", region));
        }
        return as_store(store::SqliteStore::open({.path = directory / kDatabase}, clock, log));
    }
    if (in_file) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The state of {} is in its folder's {}, not in PostgreSQL: start "
                                "without --store, or with an empty data directory.",
                                region, kDatabase));
    }
    auto const schema = fmt::format("meridian_{}", region);
    auto opened = store::PostgresStore::open({.url = where, .schema = schema}, clock, log);
    if (opened && !in_schema) {
        MERIDIAN_CHECK(write_file_durably(directory / kMarker, schema + "\n"));
    }
    return as_store(std::move(opened));
}

}  // namespace meridian::bin
