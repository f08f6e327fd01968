// What is PostgreSQL's own beyond the contract of every Store: its server may go and come back, and
// another process may want the same schema.

#include "store/postgres_store.h"

#include <set>

#include <gtest/gtest.h>

#include "store/postgres_test_support.h"
#include "store/store_test_support.h"

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

}  // namespace
}  // namespace meridian::store
