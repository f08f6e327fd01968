#include "bin/region_store.h"

#include <fmt/format.h>

#include "bin/key_file.h"
#include "io/durable_file.h"
#include "store/postgres_store.h"
#include "store/sqlite_store.h"

namespace meridian::bin {
namespace {

constexpr char kDatabase[] = "meridian.db";
// Names the schema that has the region's definitions; not the server, which may move.
constexpr char kMarker[] = "postgresql-schema";

}  // namespace

Result<std::unique_ptr<store::SqlStore>> open_region_store(std::string const& url,
                                                           model::RegionName const& region,
                                                           std::filesystem::path const& directory,
                                                           store::RecordSeal const& seal,
                                                           Clock const& clock, Log& log) {
    std::error_code error;
    bool const in_file = std::filesystem::exists(directory / kDatabase, error);
    bool const in_schema = !error && std::filesystem::exists(directory / kMarker, error);
    if (error) {
        return fail(Errc::kIo,
                    fmt::format("cannot look into {}: {}", directory.string(), error.message()));
    }
    if (url.empty()) {
        if (in_schema) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("The definitions of {} are in PostgreSQL: say --store "
                                    "postgres://….",
                                    region));
        }
        MERIDIAN_TRY(auto opened, store::SqliteStore::open(
                                      {.path = directory / kDatabase, .seal = &seal}, clock, log));
        return opened;
    }
    if (in_file) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The definitions of {} are in its folder's {}, not in PostgreSQL: "
                                "start without --store, or with an empty data directory.",
                                region, kDatabase));
    }
    auto const schema = "meridian_" + region.value();
    MERIDIAN_TRY(auto opened,
                 store::PostgresStore::open({.url = url, .schema = schema}, clock, log, &seal));
    if (!in_schema) {
        MERIDIAN_CHECK(io::write_file_durably(directory / kMarker, schema + "\n"));
    }
    return opened;
}

}  // namespace meridian::bin
