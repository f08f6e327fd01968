// Every version of the database that was ever released opens, with all that is in it. A new version
// adds its dump beside these (tests/vectors/store) and a line below.

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/sqlite_connection.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_store.h"
#include "store/store_test_support.h"

namespace meridian::store {
namespace {

using nlohmann::json;

// The tables and indexes of a database, by name.
std::map<std::string, std::string> schema_of(std::filesystem::path const& path) {
    auto connection = SqliteConnection::open(path, SqliteConnection::Access::kReadOnly).value();
    auto row =
        connection.query("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").value();
    std::map<std::string, std::string> schema;
    while (row.next().value()) schema[std::string(row.text(0))] = row.text(1);
    return schema;
}

class SqliteVersions : public testing::TestWithParam<std::int64_t> {
  protected:
    // The database as that version left it.
    void load(std::int64_t version) {
        std::ifstream dump(
            fmt::format(MERIDIAN_SOURCE_DIR "/tests/vectors/store/v{}.sql", version));
        ASSERT_TRUE(dump) << "run from the root of the tree";
        std::stringstream sql;
        sql << dump.rdbuf();
        {
            std::ofstream create(path());
        }
        auto connection =
            SqliteConnection::open(path(), SqliteConnection::Access::kReadWrite).value();
        auto const done = connection.execute(sql.str().c_str());
        ASSERT_TRUE(done) << done.error().message;
    }
    std::filesystem::path path() const { return directory_.path() / "meridian.db"; }

    TemporaryDirectory directory_;
    ManualClock clock_;
    NullLog log_;
};

TEST_P(SqliteVersions, OpensWithEverythingInIt) {
    ASSERT_NO_FATAL_FAILURE(load(GetParam()));
    model::AccountId const account("123456789012");
    Key const function{account, Kind::kFunction, "hello"};
    for (int times = 0; times < 2; ++times) {  // a database that was migrated opens again, too
        auto const opened = SqliteStore::open({.path = path()}, clock_, log_);
        ASSERT_TRUE(opened) << opened.error().message;
        auto& store = **opened;
        auto const live = wait_for(store.get(function)).value();
        ASSERT_TRUE(live);
        EXPECT_EQ(live->value,
                  (json{{"format", 1}, {"Description", "hällo 'quoted'"}, {"MemorySize", 256}}));
        EXPECT_EQ(live->status, (json{{"State", "Active"}}));
        EXPECT_EQ(live->sequence, 3u);
        Key const gone{account, Kind::kFunction, "gone"};
        EXPECT_FALSE(wait_for(store.get(gone)).value());
        EXPECT_EQ(wait_for(store.epitaph(gone)).value(), (json{{"last_version", 3}}));
        EXPECT_EQ(wait_for(store.scan_all(Kind::kFunctionVersion)).value().at(0).key.id,
                  "hello:000000000001");
        EXPECT_EQ(
            wait_for(store.get({account, Kind::kIamHome, "home"})).value()->value.at("region"),
            "us-east-1");
        for (auto const kind :
             {Kind::kFunction, Kind::kFunctionVersion, Kind::kIamRole, Kind::kIamHome}) {
            EXPECT_EQ(wait_for(store.count(account, kind)).value(), 1u);
        }
        auto const entries = wait_for(store.read_log(LogName::kRegion, 0, 100)).value();
        ASSERT_EQ(entries.size(), 4u);
        EXPECT_EQ(entries[2].changes.size(), 2u);
        EXPECT_EQ(entries[2].time, WallTime(std::chrono::microseconds(1'700'000'009'000'006)));
        EXPECT_EQ(entries[2].caller, "arn:aws:iam::123456789012:root");
        EXPECT_EQ(entries[3].changes.at(0).epitaph, (json{{"last_version", 3}}));
        EXPECT_EQ(wait_for(store.last_sequence(LogName::kAccount)).value(), 2u);
    }
    auto const opened = SqliteStore::open({.path = path()}, clock_, log_);
    EXPECT_EQ(
        wait_for((*opened)->commit({.expectations = {{function, 3}}, .changes = {{function, 1}}})),
        5u);
}

// A migration that has been released is never edited: a new database and an old one become the
// same.
TEST_P(SqliteVersions, BecomesWhatANewDatabaseIs) {
    ASSERT_NO_FATAL_FAILURE(load(GetParam()));
    {
        ASSERT_TRUE(SqliteStore::open({.path = path()}, clock_, log_));
    }
    auto const fresh = directory_.path() / "fresh.db";
    {
        ASSERT_TRUE(SqliteStore::open({.path = fresh}, clock_, log_));
    }
    EXPECT_EQ(schema_of(path()), schema_of(fresh));
}

INSTANTIATE_TEST_SUITE_P(, SqliteVersions,
                         testing::Range<std::int64_t>(1, kSqliteSchemaVersion + 1),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace meridian::store
