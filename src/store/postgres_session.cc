#include "store/postgres_session.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "store/postgres_schema.h"

namespace meridian::store {
namespace {

constexpr int kTriesMax = 20;
// For the lock when a store is opened, about 3.5 s: after a crash the old process may be draining.
constexpr int kFirstLockTriesMax = 8;
constexpr auto kFirstDelay = std::chrono::milliseconds(50);
constexpr auto kDelayMax = std::chrono::milliseconds(1000);

// Repeats what fails with kUnavailable: for a while the first time, then once a call until it
// succeeds again.
template <typename Attempt>
auto patiently(Attempt attempt, bool& given_up, std::atomic<bool> const& closing,
               int tries_max = kTriesMax) -> decltype(attempt()) {
    auto delay = kFirstDelay;
    for (int tries = 1;; ++tries) {
        auto outcome = attempt();
        if (outcome || outcome.error().code != Errc::kUnavailable) {
            given_up = false;
            return outcome;
        }
        if (given_up || closing || tries == tries_max) {
            given_up = true;
            return outcome;
        }
        std::this_thread::sleep_for(delay);
        delay = std::min(delay * 2, kDelayMax);
    }
}

// The key of a schema's lock: "MERD" and the schema's oid.
#define SCHEMA_LOCK "1296388676, (SELECT oid::int4 FROM pg_catalog.pg_namespace WHERE nspname = $1)"

Result<void> lock(PostgresConnection& connection, std::string const& schema) {
    MERIDIAN_TRY(auto row, connection.query(
                               "SELECT pg_try_advisory_lock(" SCHEMA_LOCK ")::int::int8", schema));
    MERIDIAN_TRY(bool const found, row.next());
    if (found && row.integer(0) != 0) return {};
    return fail(Errc::kUnavailable,
                fmt::format("Another meridiand writes the schema {} of this database.", schema));
}

#undef SCHEMA_LOCK

// Ends our own former session, if the server has not noticed yet that it is gone. It is ours if it
// has the lock and its process is the one that we had.
Result<void> end_former(PostgresConnection& connection, std::string const& schema,
                        std::int64_t backend) {
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT pg_terminate_backend(l.pid) FROM pg_locks l "
                                  "WHERE l.locktype = 'advisory' AND l.classid = 1296388676 "
                                  "AND l.objid = (SELECT oid FROM pg_catalog.pg_namespace "
                                  "WHERE nspname = $1) AND l.pid::int8 = $2",
                                  schema, backend));
    return row.run();
}

}  // namespace

Result<SqlConnection*> PostgresSession::connection() {
    if (connection_.lost()) {
        MERIDIAN_TRY(
            connection_,
            patiently([this] { return PostgresConnection::open(target_.url, target_.schema); },
                      given_up_, *target_.closing));
    }
    return &connection_;
}

Result<PostgresOwner> PostgresOwner::take(PostgresTarget target, Log& log) {
    MERIDIAN_TRY(auto connection, PostgresConnection::open(target.url, target.schema));
    MERIDIAN_CHECK(create_schema(connection, target.schema));
    bool given_up = false;
    MERIDIAN_CHECK(patiently([&] { return lock(connection, target.schema); }, given_up,
                             *target.closing, kFirstLockTriesMax));
    MERIDIAN_CHECK(migrate(connection, target.schema));
    PostgresOwner owner(std::move(target), std::move(connection), log);
    MERIDIAN_TRY(auto row,
                 owner.connection_.query("UPDATE writer SET owner = gen_random_uuid()::text "
                                         "RETURNING owner, last_group"));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) {
        return fail(Errc::kCorrupt,
                    fmt::format("The schema {} has no row in writer.", owner.target_.schema));
    }
    owner.name_ = row.text(0);
    owner.last_group_ = row.integer(1);
    return owner;
}

Result<PostgresConnection*> PostgresOwner::connection() {
    if (dispossessed_) return std::unexpected(dispossessed());
    if (connection_.lost()) {
        log_.write(LogLevel::kWarn, "the connection to PostgreSQL was lost",
                   {{"schema", target_.schema}});
        MERIDIAN_TRY(connection_,
                     patiently([this] { return take_again(); }, given_up_, *target_.closing));
        log_.write(LogLevel::kInfo, "connected to PostgreSQL again", {{"schema", target_.schema}});
    }
    return &connection_;
}

Result<PostgresConnection> PostgresOwner::take_again() {
    MERIDIAN_TRY(auto connection, PostgresConnection::open(target_.url, target_.schema));
    MERIDIAN_CHECK(end_former(connection, target_.schema, connection_.backend()));
    MERIDIAN_CHECK(lock(connection, target_.schema));
    // With the lock: our former session has ended, and so has its transaction.
    {
        MERIDIAN_TRY(auto row, connection.query("SELECT owner, last_group FROM writer"));
        MERIDIAN_TRY(bool const found, row.next());
        if (!found || row.text(0) != name_) {
            dispossessed_ = true;
            // Not kUnavailable: there is nothing to wait for.
            return fail(Errc::kIo, dispossessed().message);
        }
        last_group_ = row.integer(1);
    }
    return connection;
}

Error PostgresOwner::dispossessed() {
    dispossessed_ = true;
    return {Errc::kUnavailable,
            fmt::format("Another meridiand has taken over the schema {}: this one writes no more.",
                        target_.schema)};
}

}  // namespace meridian::store
