// What is PostgreSQL's own beyond the contract of every Store: its server may go and come back, and
// another process may want the same schema.

#include "store/postgres_store.h"

#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "store/postgres_test_support.h"
#include "store/store_test_support.h"
#include "store/store_versions_test_support.h"

namespace meridian::store {
namespace {

class PostgresStoreTest : public testing::Test {
  protected:
    PostgresOptions options(std::string const& schema) {
        return {.url = postgres_cluster().url(), .schema = schema};
    }
    std::unique_ptr<PostgresStore> open(std::string const& schema) {
        auto opened = PostgresStore::open(options(schema), clock_, log_);
        if (!opened) throw std::runtime_error(opened.error().message);
        return std::move(*opened);
    }
    Transaction put(std::string id, nlohmann::json value = 1) {
        return {.caller = "me",
                .changes = {{{model::AccountId("111111111111"), Kind::kFunction, std::move(id)},
                             std::move(value)}}};
    }
    std::size_t functions(Store& store) {
        return wait_for(store.scan_all(Kind::kFunction)).value().size();
    }

    ManualClock clock_;
    NullLog log_;
};

TEST_F(PostgresStoreTest, OneProcessWritesToASchema) {
    auto first = open("region-1");
    auto const second = PostgresStore::open(options("region-1"), clock_, log_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kUnavailable);
    EXPECT_EQ(second.error().message,
              "Another meridiand uses the schema region-1 of this PostgreSQL database.");
    auto const other = open("region \"2\"");
    EXPECT_EQ(wait_for(other->commit(put("f"))), 1u) << "schemas share nothing";
    first.reset();
    EXPECT_EQ(functions(*open("region-1")), 0u);
}

TEST_F(PostgresStoreTest, ANewerSchemaAndAnothersAreRefused) {
    open("newer").reset();
    auto other =
        PostgresConnection::open(options("others"), PostgresConnection::Role::kReader, log_);
    ASSERT_TRUE(other);
    ASSERT_TRUE((*other)->execute("UPDATE newer.meridian_schema SET version = 99"));
    auto const newer = PostgresStore::open(options("newer"), clock_, log_);
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, Errc::kCorrupt);
    EXPECT_NE(newer.error().message.find("newer version of Meridian"), std::string::npos);
    ASSERT_TRUE((*other)->make_schema());
    ASSERT_TRUE((*other)->execute("CREATE TABLE things (x BIGINT)"));
    EXPECT_EQ(PostgresStore::open(options("others"), clock_, log_).error().code, Errc::kCorrupt);
    auto nowhere = options("x");
    nowhere.url = "host=/nowhere dbname=x";
    EXPECT_EQ(PostgresStore::open(nowhere, clock_, log_).error().code, Errc::kIo);
}

TEST_F(PostgresStoreTest, WhatWasAcknowledgedSurvivesTheServersCrash) {
    auto store = open("crash");
    auto& context = test_context();
    std::set<int> acknowledged;
    int refused = 0;
    constexpr int kWrites = 600;
    for (int i = 0; i < kWrites; ++i) {
        asio::co_spawn(context, store->commit(put("f" + std::to_string(i), i)),
                       [&, i](std::exception_ptr, Result<Sequence> done) {
                           if (done) {
                               acknowledged.insert(i);
                           } else {
                               EXPECT_EQ(done.error().code, Errc::kIo) << done.error().message;
                               ++refused;
                           }
                       });
    }
    while (acknowledged.empty() && context.run_one() > 0) {
    }
    postgres_cluster().kill();
    context.run();
    EXPECT_EQ(acknowledged.size() + static_cast<std::size_t>(refused), kWrites);
    auto const there = wait_for(store->scan_all(Kind::kFunction)).value();
    std::set<int> found;
    for (auto const& record : there) found.insert(record.value.get<int>());
    EXPECT_EQ(found, acknowledged) << "no more, no less";
    EXPECT_EQ(wait_for(store->last_sequence(LogName::kRegion)), acknowledged.size());
    EXPECT_TRUE(wait_for(store->commit(put("after"))));
}

class PostgresVersions : public PostgresStoreTest,
                         public testing::WithParamInterface<std::int64_t> {};

// As SqliteVersions, with the dumps postgres_v*.sql.
TEST_P(PostgresVersions, OpensWithEverythingInIt) {
    auto const schema = fmt::format("version-{}", GetParam());
    {
        auto const connection =
            PostgresConnection::open(options(schema), PostgresConnection::Role::kReader, log_)
                .value();
        ASSERT_TRUE(connection->make_schema());
        auto const done =
            connection->execute(dump_named(fmt::format("postgres_v{}", GetParam())).c_str());
        ASSERT_TRUE(done) << done.error().message;
    }
    for (int times = 0; times < 2; ++times) {  // one that was migrated opens again, too
        auto const store = open(schema);
        ASSERT_NO_FATAL_FAILURE(expect_what_was_dumped(*store));
        if (GetParam() >= 3) expect_dumped_package(*store);
    }
    EXPECT_EQ(wait_for(open(schema)->commit(
                  {.expectations = {{dumped_function(), 3}}, .changes = {{dumped_function(), 1}}})),
              5u);
}

INSTANTIATE_TEST_SUITE_P(, PostgresVersions,
                         testing::Range<std::int64_t>(1, kPostgresSchemaVersion + 1),
                         testing::PrintToStringParamName());

// The ways in which a connection ends in the middle of something.
class PostgresCut : public PostgresStoreTest {
  protected:
    // Another's hands on the schema.
    std::unique_ptr<PostgresConnection> connect(std::string const& schema) {
        return std::move(
            PostgresConnection::open(options(schema), PostgresConnection::Role::kReader, log_)
                .value());
    }
    void run_sql(std::string const& schema, char const* sql) {
        auto const done = connect(schema)->execute(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    static constexpr char kCutAll[] =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
};

TEST_F(PostgresCut, IdleConnectionsAreMadeAgain) {
    auto const store = open("cut-idle");
    for (Sequence n = 1; n <= 3; ++n) {
        ASSERT_EQ(wait_for(store->commit(put("f"))), n);
        run_sql("cut-idle", kCutAll);
        EXPECT_EQ(functions(*store), 1u);
    }
}

TEST_F(PostgresCut, OneWhoComesBackTooLateWritesNoMore) {
    auto const store = open("late");
    ASSERT_TRUE(wait_for(store->commit(put("f"))));
    run_sql("late", "UPDATE writer SET owner = 'another'");
    run_sql("late", kCutAll);
    for (int times = 0; times < 2; ++times) {
        auto const refused = wait_for(store->commit(put("g")));
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("has taken over the schema late"), std::string::npos)
            << refused.error().message;
    }
    EXPECT_EQ(functions(*store), 1u);
}

TEST_F(PostgresCut, ACommitThatTheServerRefusesLeavesNothing) {
    auto const store = open("refused");
    ASSERT_TRUE(wait_for(store->commit(put("f"))));
    run_sql("refused",
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'no'; END$$;"
            "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON change_log DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION refuse()");
    EXPECT_EQ(wait_for(store->commit(put("g"))).error().code, Errc::kIo);
    EXPECT_EQ(functions(*store), 1u);
    run_sql("refused", "DROP TRIGGER t ON change_log");
    EXPECT_EQ(wait_for(store->commit(put("g"))), 2u);
}

// The server's process ends while it works on COMMIT, before it is written.
TEST_F(PostgresCut, InACommitThatWasNotWritten) {
    auto const store = open("cut-before");
    ASSERT_TRUE(wait_for(store->commit(put("f"))));
    run_sql("cut-before",
            "CREATE SEQUENCE cuts;"
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
            "IF nextval('cuts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
            "RETURN NULL; END$$;"
            "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON change_log DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION cut()");
    EXPECT_EQ(wait_for(store->commit(put("g"))).error().code, Errc::kIo) << "surely not written";
    EXPECT_EQ(functions(*store), 1u);
    EXPECT_EQ(wait_for(store->commit(put("g"))), 2u);
}

// The server has written COMMIT and waits for a standby that does not exist when its process is
// ended: the store finds out, says so, and nothing is there twice.
TEST_F(PostgresCut, InACommitThatWasWritten) {
    auto const store = open("cut-after");
    ASSERT_TRUE(wait_for(store->commit(put("f"))));
    std::atomic<bool> cut = false;
    std::thread cutter([&] {
        auto const other = connect("cut-after");
        for (int tries = 0; tries < 2'000 && !cut; ++tries) {
            cut = other
                      ->query(
                          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          "WHERE wait_event = 'SyncRep'")
                      .value()
                      .next()
                      .value();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        EXPECT_TRUE(other->execute("ALTER SYSTEM RESET synchronous_standby_names"));
        EXPECT_TRUE(other->execute("SELECT pg_reload_conf()"));
    });
    run_sql("cut-after", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    run_sql("cut-after", "SELECT pg_reload_conf()");
    // Until the server's processes have read it, commits are ordinary ones.
    Sequence last = 1;
    while (!cut && last < 2'000) {
        auto const done = wait_for(store->commit(put("g")));
        EXPECT_EQ(done, last + 1);
        if (!done) break;
        last = *done;
    }
    cutter.join();
    EXPECT_TRUE(cut);
    EXPECT_EQ(wait_for(store->last_sequence(LogName::kRegion)), last);
    EXPECT_EQ(wait_for(store->read_log(LogName::kRegion, 0, 10'000)).value().size(), last);
    EXPECT_EQ(wait_for(store->commit(put("h"))), last + 1);
}

}  // namespace
}  // namespace meridian::store
