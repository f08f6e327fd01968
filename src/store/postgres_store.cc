#include "store/postgres_store.h"

#include <fmt/format.h>

#include "store/postgres_session.h"
#include "store/postgres_writer.h"

namespace meridian::store {
namespace {

constexpr std::size_t kReaders = 2;
// PostgreSQL keeps 64 savepoints of a transaction in memory that its readers see.
constexpr std::size_t kGroupMax = 64;
// PostgreSQL cuts longer names off.
constexpr std::size_t kSchemaBytesMax = 63;

Result<void> warn_of_unsafe_server(PostgresConnection& connection, Log& log) {
    MERIDIAN_TRY(auto row, connection.query("SELECT current_setting('fsync')"));
    MERIDIAN_TRY(bool const found, row.next());
    if (found && row.text(0) == "off") {
        log.write(LogLevel::kWarn, "PostgreSQL runs with fsync = off: a power cut loses data", {});
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(PostgresStoreOptions const& options,
                                                           Clock const& clock, Log& log) {
    if (options.schema.size() > kSchemaBytesMax) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The schema's name {} is longer than {} bytes.", options.schema,
                                kSchemaBytesMax));
    }
    auto closing = std::make_shared<std::atomic<bool>>(false);
    PostgresTarget const target{options.url, options.schema, closing};
    MERIDIAN_TRY(auto owner, PostgresOwner::take(target, log));
    Threads threads{.writer = std::make_unique<PostgresWriter>(std::move(owner)), .readers = {}};
    for (std::size_t i = 0; i < kReaders; ++i) {
        MERIDIAN_TRY(auto reader, PostgresConnection::open(target.url, target.schema));
        if (i == 0) {
            MERIDIAN_CHECK(warn_of_unsafe_server(reader, log));
        }
        threads.readers.push_back(std::make_unique<PostgresSession>(target, std::move(reader)));
    }
    return std::unique_ptr<PostgresStore>(new PostgresStore(
        std::move(threads), {.queue_max = options.queue_max, .group_max = kGroupMax},
        std::move(closing), clock, log));
}

PostgresStore::PostgresStore(Threads threads, SqlStoreOptions const& options,
                             std::shared_ptr<std::atomic<bool>> closing, Clock const& clock,
                             Log& log)
    : SqlStore(std::move(threads), options, clock, log), closing_(std::move(closing)) {}

PostgresStore::~PostgresStore() { *closing_ = true; }

}  // namespace meridian::store
