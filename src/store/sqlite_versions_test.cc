// Every version of the database that was ever released opens, with all that is in it. A new version
// adds its dump beside these (tests/vectors/store) and a line below.

#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/sqlite_connection.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_store.h"
#include "store/store_test_support.h"
#include "store/store_versions_test_support.h"

namespace meridian::store {
namespace {

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
        auto const sql = dump_named(fmt::format("v{}", version));
        {
            std::ofstream create(path());
        }
        auto connection =
            SqliteConnection::open(path(), SqliteConnection::Access::kReadWrite).value();
        auto const done = connection.execute(sql.c_str());
        ASSERT_TRUE(done) << done.error().message;
    }
    std::filesystem::path path() const { return directory_.path() / "meridian.db"; }

    TemporaryDirectory directory_;
    ManualClock clock_;
    NullLog log_;
};

TEST_P(SqliteVersions, OpensWithEverythingInIt) {
    ASSERT_NO_FATAL_FAILURE(load(GetParam()));
    auto const function = dumped_function();
    for (int times = 0; times < 2; ++times) {  // a database that was migrated opens again, too
        auto const opened = SqliteStore::open({.path = path()}, clock_, log_);
        ASSERT_TRUE(opened) << opened.error().message;
        auto& store = **opened;
        ASSERT_NO_FATAL_FAILURE(expect_what_was_dumped(store));
        if (GetParam() >= 2) expect_dumped_package(store);
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
