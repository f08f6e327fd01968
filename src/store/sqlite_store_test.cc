// What is SQLite's own about the store; what every store must do is in store_contract_test.cc.

#include "store/sqlite_store.h"

#include <fstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/sql_packages.h"
#include "store/sql_reads.h"
#include "store/sql_writer.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_schema.h"
#include "store/store_test_support.h"

namespace meridian::store {
namespace {

Key function(std::string id) {
    return {model::AccountId("111111111111"), Kind::kFunction, std::move(id)};
}

class SqliteStoreTest : public testing::Test {
  protected:
    Result<std::unique_ptr<SqliteStore>> open(std::size_t queue_max = 4096) {
        return SqliteStore::open({path(), queue_max}, clock_, log_);
    }
    std::filesystem::path path() const { return directory_.path() / "region.db"; }
    void run_sql(char const* sql) {
        {
            std::ofstream create(path(), std::ios::app);
        }
        auto connection = SqliteConnection::open(path(), SqliteConnection::Access::kReadWrite);
        ASSERT_TRUE(connection);
        auto const done = connection->execute(sql);
        ASSERT_TRUE(done) << done.error().message;
    }

    TemporaryDirectory directory_;
    ManualClock clock_;
    NullLog log_;
};

TEST_F(SqliteStoreTest, RefusesADatabaseOfANewerVersion) {
    {
        ASSERT_TRUE(open());
    }
    run_sql("PRAGMA user_version = 1000");
    auto const store = open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::kCorrupt);
    EXPECT_NE(store.error().message.find("newer version of Meridian"), std::string::npos)
        << store.error().message;
    // And leaves it as it was.
    auto connection = SqliteConnection::open(path(), SqliteConnection::Access::kReadOnly);
    auto version = connection->query("PRAGMA user_version");
    ASSERT_TRUE(version->next().value());
    EXPECT_EQ(version->integer(0), 1000);
}

TEST_F(SqliteStoreTest, RefusesWhatIsNotItsOwn) {
    run_sql("CREATE TABLE precious (x)");
    auto const foreign = open();
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, Errc::kCorrupt);
    EXPECT_NE(foreign.error().message.find("not Meridian's"), std::string::npos)
        << foreign.error().message;

    std::ofstream(path(), std::ios::trunc) << std::string(8192, 'x');
    auto const garbage = open();
    ASSERT_FALSE(garbage);
    EXPECT_EQ(garbage.error().code, Errc::kCorrupt);

    auto const nowhere =
        SqliteStore::open({directory_.path() / "missing" / "region.db"}, clock_, log_);
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, Errc::kIo);
}

TEST_F(SqliteStoreTest, NobodyElseReadsTheFiles) {
    auto const store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(wait_for((*store)->commit({.changes = {{function("f"), 1}}})));
    int files = 0;
    for (auto const& file : std::filesystem::directory_iterator(directory_.path())) {
        struct stat info{};
        ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600u) << file.path();
        ++files;
    }
    EXPECT_GE(files, 2) << "the database and its write-ahead log";
}

TEST_F(SqliteStoreTest, ClosesIntoOneFile) {
    {
        ASSERT_TRUE(wait_for((*open())->commit({.changes = {{function("f"), 1}}})));
    }
    EXPECT_TRUE(std::filesystem::exists(path()));
    EXPECT_FALSE(std::filesystem::exists(path().string() + "-wal"));
}

TEST_F(SqliteStoreTest, RefusesBeyondItsQueue) {
    auto const store = open(0);
    ASSERT_TRUE(store);
    EXPECT_EQ(wait_for((*store)->commit({.changes = {{function("f"), 1}}})).error().code,
              Errc::kUnavailable);
    EXPECT_EQ(wait_for((*store)->get(function("f"))).error().code, Errc::kUnavailable);
}

TEST_F(SqliteStoreTest, FinishesWhatIsQueuedWhenItCloses) {
    constexpr int kCommits = 200;
    auto& context = test_context();
    int done = 0;
    {
        auto store = open();
        ASSERT_TRUE(store);
        for (int i = 0; i < kCommits; ++i) {
            asio::co_spawn(context,
                           (*store)->commit({.changes = {{function(fmt::format("f{}", i)), i}}}),
                           [&](std::exception_ptr e, Result<Sequence> sequence) {
                               EXPECT_FALSE(e);
                               EXPECT_TRUE(sequence);
                               ++done;
                           });
        }
        // Starts every coroutine; most of them are still in the queue when the store closes.
        context.poll();
    }
    context.run();
    EXPECT_EQ(done, kCommits);
    auto const again = open();
    EXPECT_EQ(wait_for((*again)->last_sequence(LogName::kRegion)).value(), kCommits);
}

TEST_F(SqliteStoreTest, NamesADamagedRecord) {
    {
        ASSERT_TRUE(
            wait_for((*open())->commit({.changes = {{function("f"), 1}, {function("g"), 1}}})));
    }
    run_sql(
        "UPDATE records SET value = '{' WHERE id = 'f'; UPDATE records SET format = 9 WHERE id = "
        "'g'");
    auto const store = open();
    auto const broken = wait_for((*store)->get(function("f")));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Errc::kCorrupt);
    EXPECT_NE(broken.error().message.find("111111111111/1/f"), std::string::npos);
    EXPECT_EQ(wait_for((*store)->get(function("g"))).error().code, Errc::kCorrupt);
}

TEST_F(SqliteStoreTest, ALongLogIsMovedIntoTheDatabaseWhenNobodyWrites) {
    constexpr std::size_t kBytes = 8'000'000;  // less than a commit moves by itself
    auto const store = open().value();
    ASSERT_TRUE(wait_for(store->commit({.changes = {{function("f"), std::string(kBytes, 'x')}}})));
    // For as long as it takes.
    while (std::filesystem::file_size(path()) < kBytes) std::this_thread::yield();
    EXPECT_EQ(wait_for(store->get(function("f"))).value()->value.get<std::string>().size(), kBytes);
}

// Group commit, below the threads.
class WriteGroupTest : public SqliteStoreTest {
  protected:
    void SetUp() override {
        {
            ASSERT_TRUE(open());
        }
        auto connection = SqliteConnection::open(path(), SqliteConnection::Access::kReadWrite);
        ASSERT_TRUE(connection);
        connection_.emplace(std::move(*connection));
    }
    std::vector<Result<Sequence>> write(std::vector<Transaction> transactions) {
        std::vector<WriteJob> jobs;
        for (auto& transaction : transactions) {
            jobs.push_back({WriteJob::Commit{std::move(transaction), clock_.wall_now()}, {}});
        }
        return GroupCommit(*connection_, index_, nullptr, log_).write(jobs);
    }

    std::optional<SqliteConnection> connection_;
    PackageIndex index_;
};

TEST_F(WriteGroupTest, AConflictHarmsNobodyElse) {
    auto const outcomes =
        write({{.changes = {{function("a"), 1}}},
               {.expectations = {{function("a"), std::nullopt}}, .changes = {{function("a"), 2}}},
               {.changes = {{function("b"), 3}}, .statuses = {{function("none"), 1}}},
               {.expectations = {{function("a"), 1}}, .changes = {{function("b"), 4}}}});
    ASSERT_EQ(outcomes.size(), 4u);
    EXPECT_EQ(outcomes[0], 1u);
    EXPECT_EQ(outcomes[1].error().code, Errc::kConflict);
    EXPECT_EQ(outcomes[2].error().code, Errc::kConflict);
    EXPECT_EQ(outcomes[3], 2u) << "a refused transaction takes no sequence";
    EXPECT_EQ(read_record(*connection_, function("a")).value()->value, 1);
    EXPECT_EQ(read_record(*connection_, function("b")).value()->value, 4);
    EXPECT_EQ(read_count(*connection_, model::AccountId("111111111111"), Kind::kFunction).value(),
              2u);
}

TEST_F(WriteGroupTest, WhatTheDatabaseRefusesOfOneHarmsNobodyElse) {
    ASSERT_TRUE(
        connection_->execute("CREATE TRIGGER refuse BEFORE INSERT ON records WHEN NEW.id = 'bad' "
                             "BEGIN SELECT RAISE(ABORT, 'it is bad'); END"));
    auto const outcomes = write({{.changes = {{function("a"), 1}}},
                                 {.changes = {{function("c"), 1}, {function("bad"), 1}}},
                                 {.changes = {{function("b"), 1}}}});
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcomes[0], 1u);
    EXPECT_EQ(outcomes[1].error().code, Errc::kIo);
    EXPECT_EQ(outcomes[2], 2u);
    EXPECT_FALSE(read_record(*connection_, function("c")).value());
    EXPECT_EQ(read_count(*connection_, model::AccountId("111111111111"), Kind::kFunction).value(),
              2u);
}

// Each sees what those before it in the group have left.
TEST_F(WriteGroupTest, OneGroupCountsAsItsTransactionsOneByOne) {
    auto const outcomes = write(
        {{.changes = {{function("a"), 1}, {function("b"), 1}}, .statuses = {{function("a"), 1}}},
         {.expectations = {{function("a"), 1}}, .changes = {{function("a"), 2}}},
         {.changes = {{function("b"), std::nullopt, 5}, {function("b"), 3}},
          .statuses = {{function("b"), 3}}},
         {.changes = {{function("a"), std::nullopt, 7}}},
         {.expectations = {{function("a"), std::nullopt, true}}, .changes = {{function("a"), 3}}},
         {.statuses = {{function("b"), 4}}}});
    std::vector<Result<Sequence>> const expected{1, 2, 3, 4, outcomes[4], 0};
    EXPECT_EQ(outcomes, expected);
    EXPECT_EQ(outcomes[4].error().code, Errc::kConflict);
    auto const b = read_record(*connection_, function("b")).value();
    EXPECT_EQ(b->value, 3);
    EXPECT_EQ(b->status, 4);
    EXPECT_EQ(b->sequence, 3u);
    EXPECT_EQ(read_epitaph(*connection_, function("a")).value(), 7);
    EXPECT_EQ(read_count(*connection_, model::AccountId("111111111111"), Kind::kFunction).value(),
              1u);
    EXPECT_EQ(read_last_sequence(*connection_, LogName::kRegion).value(), 4u);
}

TEST_F(WriteGroupTest, APackageThatHasRottedIsReplacedWhenItIsCarriedAgain) {
    Package const package{model::CodeSha256("name"), "PK"};
    auto const carry = [&] { return write({{.packages = {package}}}).at(0).has_value(); };
    ASSERT_TRUE(carry());
    ASSERT_TRUE(connection_->execute("UPDATE packages SET zip = x'00'"));
    ASSERT_TRUE(carry());
    EXPECT_EQ(read_package(*connection_, index_, package.sha256).value(), "PK");
    ASSERT_TRUE(connection_->execute("UPDATE packages SET format = 9"));
    EXPECT_EQ(read_package(*connection_, index_, package.sha256).error().code, Errc::kCorrupt);
}

// Its commits succeed, but nobody learns of it.
class SilentConnection final : public SqliteConnection {
  public:
    explicit SilentConnection(SqliteConnection connection)
        : SqliteConnection(std::move(connection)) {}
    Result<void> commit() override {
        EXPECT_TRUE(SqliteConnection::commit());
        return fail(Errc::kOutcomeUnknown, "");
    }
};

TEST_F(WriteGroupTest, APackageOfACommitOfUnknownOutcomeIsFoundAndNotWrittenTwice) {
    Package const package{model::CodeSha256("name"), "PK"};
    SilentConnection silent(
        SqliteConnection::open(path(), SqliteConnection::Access::kReadWrite).value());
    WriteJob job{WriteJob::Commit{{.packages = {package}}, clock_.wall_now()}, {}};
    auto const outcomes = GroupCommit(silent, index_, nullptr, log_).write(std::span(&job, 1));
    EXPECT_EQ(outcomes.at(0).error().code, Errc::kOutcomeUnknown);
    EXPECT_EQ(read_package(*connection_, index_, package.sha256).value(), "PK");
    ASSERT_TRUE(write({{.packages = {package}}}).at(0));
    EXPECT_FALSE(index_.in_doubt());
    auto count = connection_->query("SELECT count(*) FROM packages").value();
    ASSERT_TRUE(count.next().value());
    EXPECT_EQ(count.integer(0), 1);
}

TEST_F(WriteGroupTest, AFullDiskFailsTheWholeGroupAndNothingOfItStays) {
    ASSERT_EQ(write({{.changes = {{function("a"), 1}}}}).at(0), 1u);
    ASSERT_TRUE(
        connection_->execute("PRAGMA max_page_count = 1"));  // SQLite takes the least it can
    auto const big = std::string(1 << 20, 'x');
    auto const outcomes =
        write({{.changes = {{function("b"), 2}}}, {.changes = {{function("c"), big}}}});
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_EQ(outcomes[0].error().code, Errc::kIo);
    EXPECT_EQ(outcomes[1].error().code, Errc::kIo);
    EXPECT_FALSE(read_record(*connection_, function("b")).value());
    // There is space again.
    ASSERT_TRUE(connection_->execute("PRAGMA max_page_count = 100000"));
    EXPECT_EQ(write({{.changes = {{function("c"), big}}}}).at(0), 2u);
}

TEST(EndOfPrefix, IsTheLeastStringThatIsGreaterThanAllOfThem) {
    EXPECT_EQ(end_of_prefix(""), std::nullopt);
    EXPECT_EQ(end_of_prefix("a"), "b");
    EXPECT_EQ(end_of_prefix("a:"), "a;");
    EXPECT_EQ(end_of_prefix("a\xff\xff"), "b");
    EXPECT_EQ(end_of_prefix("\xff"), std::nullopt);
}

}  // namespace
}  // namespace meridian::store
