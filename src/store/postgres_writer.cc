#include "store/postgres_writer.h"

namespace meridian::store {
namespace {

// A group whose connection is lost, surely before it was committed, is written anew.
constexpr int kTriesMax = 3;

Result<std::vector<Result<Sequence>>> run_group(PostgresConnection& connection,
                                                PostgresOwner& owner, std::int64_t group,
                                                std::span<WriteJob const> jobs) {
    MERIDIAN_CHECK(connection.execute("BEGIN"));
    {
        MERIDIAN_TRY(auto mine, connection.query("UPDATE writer SET last_group = $1 "
                                                 "WHERE owner = $2 RETURNING last_group",
                                                 group, owner.name()));
        MERIDIAN_TRY(bool const found, mine.next());
        if (!found) return std::unexpected(owner.dispossessed());
    }
    return run_jobs(connection, jobs);
}

}  // namespace

Result<std::vector<Result<Sequence>>> PostgresWriter::write(std::span<WriteJob const> jobs) {
    Error last;
    for (int tries = 0; tries < kTriesMax; ++tries) {
        MERIDIAN_TRY(auto* const connection, owner_.connection());
        auto const group = owner_.last_group() + 1;
        auto outcomes = run_group(*connection, owner_, group, jobs);
        if (!outcomes) {
            last = outcomes.error();
            if (connection->lost()) continue;
            static_cast<void>(connection->execute("ROLLBACK"));
            return outcomes;
        }
        auto const committed = connection->commit();
        if (committed) {
            owner_.set_last_group(group);
            return outcomes;
        }
        last = committed.error();
        // The server itself refused, and has rolled back.
        if (!connection->lost()) {
            if (!connection->autocommit()) static_cast<void>(connection->execute("ROLLBACK"));
            return std::unexpected(last);
        }
        auto const again = owner_.connection();
        if (!again) return fail(Errc::kOutcomeUnknown, last.message);
        if (owner_.last_group() == group) return outcomes;
    }
    return fail(Errc::kUnavailable, last.message);
}

}  // namespace meridian::store
