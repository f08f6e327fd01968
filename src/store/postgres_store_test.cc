// What is PostgreSQL's own about the store; what every store must do is in store_contract_test.cc.

#include "store/postgres_store.h"

#include <atomic>
#include <map>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "store/postgres_cluster_test_support.h"
#include "store/postgres_schema.h"
#include "store/store_test_support.h"

namespace meridian::store {
namespace {

model::AccountId const kAccount("111111111111");

Key key_of(std::string id) { return {kAccount, Kind::kFunction, std::move(id)}; }

class PostgresStoreTest : public testing::Test {
  protected:
    Result<std::unique_ptr<PostgresStore>> open(std::size_t queue_max = 4096) {
        return PostgresStore::open(
            {.url = cluster_.url(), .schema = schema_, .queue_max = queue_max}, clock_, log_);
    }
    // Another's hands on the store's schema.
    PostgresConnection connect() {
        return PostgresConnection::open(cluster_.url(), schema_).value();
    }
    void run_sql(std::string const& sql) {
        auto const done = connect().execute(sql.c_str());
        ASSERT_TRUE(done) << done.error().message;
    }
    std::int64_t number_in(std::string const& sql) {
        auto connection = connect();
        auto row = connection.query(sql).value();
        EXPECT_TRUE(row.next().value());
        return row.integer(0);
    }

    PostgresCluster& cluster_ = PostgresCluster::shared();
    std::string const schema_ = cluster_.fresh_schema();
    ManualClock clock_;
    NullLog log_;
};

TEST_F(PostgresStoreTest, TwoProcessesNeverWriteOneSchema) {
    auto first = open();
    ASSERT_TRUE(first) << first.error().message;
    auto const second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kUnavailable);
    EXPECT_NE(second.error().message.find(schema_), std::string::npos) << second.error().message;
    ASSERT_TRUE(wait_for((*first)->commit({.changes = {{key_of("f"), 1}}})));
    // A neighbour in the same database is nobody's business.
    ASSERT_TRUE(PostgresStore::open({.url = cluster_.url(), .schema = cluster_.fresh_schema()},
                                    clock_, log_));
    first->reset();
    EXPECT_TRUE(open()) << "the lock goes with its holder";
}

TEST_F(PostgresStoreTest, OneWhoWasReplacedWritesNoMore) {
    auto const store = open().value();
    ASSERT_TRUE(wait_for(store->commit({.changes = {{key_of("f"), 1}}})));
    run_sql("UPDATE writer SET owner = 'another'");
    for (int times = 0; times < 2; ++times) {
        auto const refused = wait_for(store->commit({.changes = {{key_of("f"), 2}}}));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::kUnavailable);
    }
    EXPECT_EQ(wait_for(store->get(key_of("f"))).value()->value, 1);
}

// After its connection was cut, another may have been quicker to take the schema.
TEST_F(PostgresStoreTest, OneWhoComesBackTooLateWritesNoMore) {
    auto const store = open().value();
    ASSERT_TRUE(wait_for(store->commit({.changes = {{key_of("f"), 1}}})));
    run_sql("UPDATE writer SET owner = 'another'; " +
            std::string("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"));
    auto const refused = wait_for(store->commit({.changes = {{key_of("f"), 2}}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(wait_for(store->get(key_of("f"))).value()->value, 1);
}

TEST_F(PostgresStoreTest, ConnectionsThatAreCutAreMadeAgain) {
    auto const store = open().value();
    for (int n = 1; n <= 5; ++n) {
        ASSERT_EQ(wait_for(store->commit({.changes = {{key_of("f"), n}}})),
                  static_cast<Sequence>(n));
        run_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
        EXPECT_EQ(wait_for(store->get(key_of("f"))).value()->value, n);
    }
}

// A commit that the server refuses is kIo and leaves nothing: a deferred trigger fails it.
TEST_F(PostgresStoreTest, ARefusedCommitLeavesNothing) {
    auto const store = open().value();
    ASSERT_TRUE(wait_for(store->commit({.changes = {{key_of("f"), 1}}})));
    run_sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'no'; END$$;"
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON change_log DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION refuse()");
    auto const refused = wait_for(store->commit({.changes = {{key_of("f"), 2}}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kIo) << refused.error().message;
    EXPECT_EQ(wait_for(store->get(key_of("f"))).value()->value, 1);
    run_sql("DROP TRIGGER t ON change_log");
    EXPECT_EQ(wait_for(store->commit({.changes = {{key_of("f"), 3}}})), 2u);
}

// The connection ends while COMMIT is under way, before or after the server wrote it; either way
// the caller hears the truth, and no transaction is written twice.
TEST_F(PostgresStoreTest, ACommitWhoseAnswerIsLostIsResolved) {
    auto const store = open().value();
    ASSERT_TRUE(wait_for(store->commit({.changes = {{key_of("f"), 1}}})));
    // Its backend is told to end during COMMIT, once.
    run_sql(
        "CREATE SEQUENCE cuts;"
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
        "IF nextval('cuts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
        "RETURN NULL; END$$;"
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON change_log DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION cut()");
    EXPECT_EQ(wait_for(store->commit({.changes = {{key_of("f"), 2}}})), 2u);
    EXPECT_EQ(number_in("SELECT last_value FROM cuts"), 2) << "it was cut, and written anew";
    EXPECT_EQ(wait_for(store->get(key_of("f"))).value()->value, 2);
    EXPECT_EQ(number_in("SELECT count(*) FROM change_log"), 2);
}

// The server has written COMMIT and waits for a standby that does not exist when its connection is
// cut: the store finds out that it was written, says so, and writes nothing twice.
TEST_F(PostgresStoreTest, ACommitThatWasWrittenIsNotWrittenAgain) {
    auto const store = open().value();
    ASSERT_TRUE(wait_for(store->commit({.changes = {{key_of("f"), 1}}})));
    auto const set_standby = [&](char const* sql) {
        run_sql(sql);
        run_sql("SELECT pg_reload_conf()");
    };
    std::atomic<bool> cut = false;
    std::thread cutter([&] {
        auto connection = connect();
        for (int tries = 0; tries < 2'000 && !cut; ++tries) {
            auto row = connection
                           .query(
                               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE wait_event = 'SyncRep'")
                           .value();
            cut = row.next().value();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        auto const reset = connection.execute("ALTER SYSTEM RESET synchronous_standby_names");
        EXPECT_TRUE(reset && connection.execute("SELECT pg_reload_conf()"));
    });
    set_standby("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    // Until the server's processes have read it, commits are ordinary ones.
    Sequence last = 1;
    for (int n = 2; !cut && n < 2'000; ++n) {
        auto const outcome = wait_for(store->commit({.changes = {{key_of("f"), n}}}));
        ASSERT_EQ(outcome, ++last);
    }
    cutter.join();
    EXPECT_TRUE(cut);
    EXPECT_EQ(wait_for(store->get(key_of("f"))).value()->sequence, last);
    EXPECT_EQ(number_in("SELECT count(*) FROM change_log"), static_cast<std::int64_t>(last));
    EXPECT_EQ(wait_for(store->commit({.changes = {{key_of("f"), 0}}})), last + 1);
}

TEST_F(PostgresStoreTest, RefusesASchemaOfANewerVersion) {
    ASSERT_TRUE(open());
    run_sql("UPDATE meridian_schema SET version = 1000");
    auto const store = open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::kCorrupt);
    EXPECT_NE(store.error().message.find("newer version of Meridian"), std::string::npos);
    EXPECT_EQ(number_in("SELECT version FROM meridian_schema"), 1000);
}

TEST_F(PostgresStoreTest, RefusesAnothersSchema) {
    run_sql(fmt::format("CREATE SCHEMA \"{}\"; CREATE TABLE records (theirs TEXT)", schema_));
    auto const store = open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::kCorrupt);
}

TEST_F(PostgresStoreTest, SaysThatThereIsNoServer) {
    auto const store = PostgresStore::open(
        {.url = "postgres:///postgres?host=/nonexistent", .schema = schema_}, clock_, log_);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::kUnavailable);
}

// The server is killed under load, time and again, and started again: every acknowledged write is
// there, none twice, and each that failed says the truth about itself.
TEST(PostgresKill, AcknowledgedWritesSurvive) {
    constexpr int kRounds = 5;
    constexpr int kWriters = 8;
    constexpr std::uint64_t kSeed = 20'261'123;
    PostgresCluster cluster;
    ManualClock clock;
    NullLog log;
    SeededRandom random(kSeed);
    asio::io_context context;  // outlives the store, whose threads post to it
    auto const schema = cluster.fresh_schema();
    auto store = PostgresStore::open({.url = cluster.url(), .schema = schema}, clock, log).value();
    struct Writer {
        std::uint64_t acknowledged = 0;
        std::uint64_t unknown = 0;
    };
    std::map<int, Writer> writers;
    std::map<Sequence, std::uint64_t> sequences;
    std::uint64_t acknowledgements = 0;
    int unknowns = 0;
    std::atomic<bool> stopping = false;
    auto const write = [&](int id) -> asio::awaitable<void> {
        auto& own = writers[id];
        for (std::uint64_t n = 1; !stopping; ++n) {
            auto const outcome =
                co_await store->commit({.caller = fmt::format("writer{}", id),
                                        .changes = {{key_of(fmt::format("{}-a", id)), n},
                                                    {key_of(fmt::format("{}-b", id)), n}}});
            if (outcome) {
                own.acknowledged = n;
                own.unknown = 0;
                ++acknowledgements;
                EXPECT_EQ(++sequences[*outcome], 1u);
            } else if (outcome.error().code == Errc::kOutcomeUnknown) {
                own.unknown = n;
                ++unknowns;
            }
        }
    };
    for (int id = 0; id < kWriters; ++id)
        asio::co_spawn(context, write(id), [](std::exception_ptr e) { EXPECT_FALSE(e); });
    std::thread load([&] { context.run(); });
    for (int round = 0; round < kRounds; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50 + random.next() % 200));
        cluster.stop(SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(random.next() % 100));
        cluster.start();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stopping = true;
    load.join();
    for (int id = 0; id < kWriters; ++id) {
        auto const a = wait_for(store->get(key_of(fmt::format("{}-a", id)))).value();
        auto const b = wait_for(store->get(key_of(fmt::format("{}-b", id)))).value();
        ASSERT_TRUE(a && b);
        EXPECT_EQ(a->value, b->value) << "half a transaction";
        auto const n = a->value.get<std::uint64_t>();
        auto const& own = writers[id];
        EXPECT_TRUE(n == own.acknowledged || (own.unknown != 0 && n == own.unknown))
            << n << ", acknowledged " << own.acknowledged << ", unknown " << own.unknown;
    }
    auto const entries = wait_for(store->read_log(LogName::kRegion, 0, 10'000'000)).value();
    for (std::size_t i = 0; i < entries.size(); ++i) ASSERT_EQ(entries[i].sequence, i + 1);
    // What was written is what was acknowledged; a commit in doubt is the only other thing.
    EXPECT_GE(entries.size(), acknowledgements);
    EXPECT_LE(entries.size(), acknowledgements + static_cast<std::uint64_t>(unknowns));
    EXPECT_EQ(sequences.size(), acknowledgements);
    EXPECT_GT(acknowledgements, static_cast<std::uint64_t>(kRounds * kWriters));
    fmt::print("{} acknowledged transactions over {} kills, {} in doubt\n", acknowledgements,
               kRounds, unknowns);
}

}  // namespace
}  // namespace meridian::store
