// What every Store must do; runs against each implementation. A new one adds itself to the list at
// the end of this file.

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/sha256.h"
#include "store/memory_store.h"
#include "store/postgres_store.h"
#include "store/postgres_test_support.h"
#include "store/sqlite_store.h"
#include "store/store.h"
#include "store/store_test_support.h"

namespace meridian::store {
namespace {

using model::AccountId;
using nlohmann::json;

AccountId const kOne("111111111111");
AccountId const kTwo("222222222222");

Key function(std::string id, AccountId account = kOne) {
    return {std::move(account), Kind::kFunction, std::move(id)};
}
Key role(std::string id, AccountId account = kOne) {
    return {std::move(account), Kind::kIamRole, std::move(id)};
}

// A store under test, and how it is closed and opened again.
class Subject {
  public:
    virtual ~Subject() = default;
    virtual Store& store() = 0;
    virtual PackageTable& packages() = 0;
    // Closes and opens it again; only for those that are durable.
    virtual void reopen() = 0;
};

class SqliteSubject final : public Subject {
  public:
    explicit SqliteSubject(Clock const& clock) : clock_(clock) { open(); }
    Store& store() override { return *store_; }
    PackageTable& packages() override { return *store_; }
    void reopen() override {
        store_.reset();
        open();
    }

  private:
    void open() {
        auto opened = SqliteStore::open({.path = directory_.path() / "region.db"}, clock_, log_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }

    Clock const& clock_;
    NullLog log_;
    TemporaryDirectory directory_;
    std::unique_ptr<SqliteStore> store_;
};

class PostgresSubject final : public Subject {
  public:
    explicit PostgresSubject(Clock const& clock) : clock_(clock) { open(); }
    Store& store() override { return *store_; }
    PackageTable& packages() override { return *store_; }
    void reopen() override {
        store_.reset();
        open();
    }

  private:
    static std::string next_schema() {
        static int made = 0;
        return fmt::format("contract_{}", ++made);
    }
    void open() {
        auto opened =
            PostgresStore::open({.url = postgres_cluster().url(), .schema = schema_}, clock_, log_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }

    Clock const& clock_;
    NullLog log_;
    std::string const schema_ = next_schema();
    std::unique_ptr<PostgresStore> store_;
};

class MemorySubject final : public Subject {
  public:
    explicit MemorySubject(Clock const& clock) : store_(clock) {}
    Store& store() override { return store_; }
    PackageTable& packages() override { return store_; }
    void reopen() override { std::abort(); }

  private:
    MemoryStore store_;
};

struct Implementation {
    char const* name;
    std::function<std::unique_ptr<Subject>(Clock const&)> make;
};

void PrintTo(Implementation const& implementation, std::ostream* out) {
    *out << implementation.name;
}

class StoreContract : public testing::TestWithParam<Implementation> {
  protected:
    Store& store() { return subject_->store(); }
    PackageTable& packages() { return subject_->packages(); }
    static Package package(std::string const& zip) {
        return {model::CodeSha256(crypto::sha256_base64(zip)), zip};
    }
    std::optional<std::string> zip_of(Package const& package) {
        return wait(packages().get_package(package.sha256)).value();
    }
    // In order.
    std::vector<model::CodeSha256> old_packages(WallTime before) {
        auto old = wait(packages().old_packages(before)).value();
        std::ranges::sort(old);
        return old;
    }

    template <typename T>
    Result<T> wait(io::Task<T> task) {
        return wait_for(std::move(task));
    }
    Sequence must_commit(Transaction transaction) {
        auto const sequence = wait(store().commit(std::move(transaction)));
        EXPECT_TRUE(sequence) << sequence.error().message;
        return sequence.value_or(0);
    }
    Sequence put(Key key, json value) {
        return must_commit({.caller = "arn:me", .changes = {{std::move(key), std::move(value)}}});
    }
    Errc commit_error(Transaction transaction) {
        auto const sequence = wait(store().commit(std::move(transaction)));
        EXPECT_FALSE(sequence);
        return sequence ? Errc::kInternal : sequence.error().code;
    }
    std::optional<Record> get(Key key) { return wait(store().get(std::move(key))).value(); }
    std::vector<std::string> ids(Scan scan) {
        std::vector<std::string> found;
        for (auto& record : wait(store().scan(std::move(scan))).value())
            found.push_back(record.key.id);
        return found;
    }
    std::uint64_t count(Kind kind, AccountId account = kOne) {
        return wait(store().count(std::move(account), kind)).value();
    }

    ManualClock clock_;
    std::unique_ptr<Subject> subject_ = GetParam().make(clock_);
};

TEST_P(StoreContract, KeepsAValueAndItsSequence) {
    EXPECT_FALSE(get(function("f")));
    EXPECT_EQ(put(function("f"), {{"memory", 128}}), 1u);
    auto const record = get(function("f"));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->key, function("f"));
    EXPECT_EQ(record->value, json({{"memory", 128}}));
    EXPECT_TRUE(record->status.is_null());
    EXPECT_EQ(record->sequence, 1u);

    EXPECT_EQ(put(function("f"), {{"memory", 256}}), 2u);
    EXPECT_EQ(get(function("f"))->value["memory"], 256);
    EXPECT_EQ(get(function("f"))->sequence, 2u);
}

TEST_P(StoreContract, KeepsEveryKindOfJson) {
    json const value =
        json::parse(R"([null, true, -1, 1e300, "", "é\u0000\n\"😀", {}, [], {"": 0}])");
    put(function("f"), value);
    EXPECT_EQ(get(function("f"))->value, value);
    put(function("list"), json::array({1}));
    EXPECT_EQ(get(function("list"))->value, json::array({1}));
    // A value that is null is still a value.
    put(function("null"), nullptr);
    ASSERT_TRUE(get(function("null")));
    EXPECT_TRUE(get(function("null"))->value.is_null());
}

TEST_P(StoreContract, RefusesTextThatIsNotUtf8) {
    EXPECT_EQ(commit_error({.changes = {{function("f"), json("\xff")}}}), Errc::kInternal);
    EXPECT_EQ(commit_error({.changes = {{function("f"), JsonText{"\"\xff\""}}}}), Errc::kInternal);
    EXPECT_FALSE(get(function("f")));
    EXPECT_EQ(put(function("f"), 1), 1u);
}

TEST_P(StoreContract, ATransactionIsWrittenWholeOrNotAtAll) {
    put(function("a"), 1);
    EXPECT_EQ(commit_error({.expectations = {{function("a"), 1}, {function("b"), 1}},
                            .changes = {{function("a"), 2}, {function("b"), 2}},
                            .statuses = {{function("a"), "Active"}}}),
              Errc::kConflict);
    EXPECT_EQ(get(function("a"))->value, 1);
    EXPECT_TRUE(get(function("a"))->status.is_null());
    EXPECT_FALSE(get(function("b")));
    EXPECT_EQ(wait(store().last_sequence(LogName::kRegion)).value(), 1u);

    // The last part fails after the first were written.
    EXPECT_EQ(
        commit_error({.changes = {{function("a"), 2}, {function("b"), 2}},
                      .statuses = {{function("a"), "Active"}, {function("missing"), "Active"}}}),
        Errc::kConflict);
    EXPECT_EQ(get(function("a"))->value, 1);
    EXPECT_TRUE(get(function("a"))->status.is_null());
    EXPECT_FALSE(get(function("b")));
    EXPECT_EQ(count(Kind::kFunction), 1u);
    EXPECT_EQ(wait(store().read_log(LogName::kRegion, 0, 10)).value().size(), 1u);

    EXPECT_EQ(must_commit({.expectations = {{function("a"), 1}, {function("b"), std::nullopt}},
                           .changes = {{function("a"), 2}, {function("b"), 3}}}),
              2u);
    EXPECT_EQ(get(function("a"))->sequence, 2u);
    EXPECT_EQ(get(function("b"))->sequence, 2u);
}

TEST_P(StoreContract, ExpectationsAreAboutTheDefinitionThatIsThereNow) {
    EXPECT_EQ(commit_error({.expectations = {{function("f"), 0}}, .changes = {{function("f"), 1}}}),
              Errc::kConflict);
    put(function("f"), 1);
    EXPECT_EQ(commit_error({.expectations = {{function("f"), std::nullopt}},
                            .changes = {{function("f"), 2}}}),
              Errc::kConflict);
    // A deleted key does not exist, with its old sequence or its tombstone's.
    must_commit({.changes = {{function("f"), std::nullopt}}});
    EXPECT_EQ(commit_error({.expectations = {{function("f"), 1}}, .changes = {{function("f"), 2}}}),
              Errc::kConflict);
    EXPECT_EQ(commit_error({.expectations = {{function("f"), 2}}, .changes = {{function("f"), 2}}}),
              Errc::kConflict);
    EXPECT_EQ(must_commit({.expectations = {{function("f"), std::nullopt}},
                           .changes = {{function("f"), 2}}}),
              3u);
    // Of keys that are not written, too; and alone.
    EXPECT_EQ(must_commit({.expectations = {{function("f"), 3}}, .changes = {{function("g"), 1}}}),
              4u);
    EXPECT_EQ(commit_error({.expectations = {{function("f"), 4}}}), Errc::kConflict);
    EXPECT_EQ(must_commit({.expectations = {{function("f"), 3}}}), 0u);
}

TEST_P(StoreContract, ANewKeyHasLeftNoEpitaph) {
    Transaction const create{.expectations = {{function("f"), std::nullopt, true}},
                             .changes = {{function("f"), 1}}};
    must_commit(create);
    EXPECT_EQ(commit_error(create), Errc::kConflict);
    must_commit({.changes = {{function("f"), std::nullopt, 3}}});
    EXPECT_EQ(commit_error(create), Errc::kConflict);
    must_commit({.changes = {{function("f"), std::nullopt}}});
    must_commit(create);
}

TEST_P(StoreContract, ScansInByteOrderByPageAndPrefix) {
    for (auto const* id : {"b", "a", "a:2", "a:10", "a;", "Z", "ä", "a:2x"}) {
        put(function(id), 1);
    }
    put(role("a:9"), 1);
    put(function("a:9", kTwo), 1);
    using Ids = std::vector<std::string>;
    EXPECT_EQ(ids({kOne, Kind::kFunction}), (Ids{"Z", "a", "a:10", "a:2", "a:2x", "a;", "b", "ä"}));
    EXPECT_EQ(ids({kOne, Kind::kFunction, "a:"}), (Ids{"a:10", "a:2", "a:2x"}));
    EXPECT_EQ(ids({kOne, Kind::kFunction, "a:", "a:10"}), (Ids{"a:2", "a:2x"}));
    EXPECT_EQ(ids({kOne, Kind::kFunction, "a:", "b"}), Ids{});
    EXPECT_EQ(ids({kOne, Kind::kFunction, "b", "a"}), (Ids{"b"}));
    EXPECT_EQ(ids({.account = kOne, .kind = Kind::kFunction, .limit = 3}), (Ids{"Z", "a", "a:10"}));
    EXPECT_EQ(ids({.account = kOne, .kind = Kind::kFunction, .after_id = "a:10", .limit = 3}),
              (Ids{"a:2", "a:2x", "a;"}));
    EXPECT_EQ(ids({.account = kOne, .kind = Kind::kFunction, .limit = 0}), Ids{});
    EXPECT_EQ(ids({.account = kOne, .kind = Kind::kFunctionVersion}), Ids{});

    must_commit({.changes = {{function("a:2"), std::nullopt}}});
    EXPECT_EQ(ids({.account = kOne, .kind = Kind::kFunction, .id_prefix = "a:", .limit = 2}),
              (Ids{"a:10", "a:2x"}));
}

TEST_P(StoreContract, PagesMeetEveryRecordOnce) {
    Transaction all;
    for (int i = 0; i < 120; ++i) all.changes.push_back({function(fmt::format("f{:03}", i)), i});
    must_commit(std::move(all));
    std::vector<std::string> seen;
    for (std::string after;;) {
        auto const page = ids({.account = kOne, .kind = Kind::kFunction, .after_id = after});
        if (page.empty()) break;
        EXPECT_LE(page.size(), 50u);
        seen.insert(seen.end(), page.begin(), page.end());
        after = page.back();
    }
    EXPECT_EQ(seen.size(), 120u);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 120u);
}

TEST_P(StoreContract, ATombstoneKeepsItsEpitaph) {
    EXPECT_FALSE(wait(store().epitaph(function("f"))).value());
    put(function("f"), 1);
    EXPECT_FALSE(wait(store().epitaph(function("f"))).value());
    EXPECT_EQ(must_commit({.changes = {{function("f"), std::nullopt, {{"last_version", 7}}}}}), 2u);
    EXPECT_FALSE(get(function("f")));
    auto const epitaph = wait(store().epitaph(function("f"))).value();
    ASSERT_TRUE(epitaph);
    EXPECT_EQ(*epitaph, json({{"last_version", 7}}));

    // It lives again: the epitaph is gone, until it dies without one.
    put(function("f"), 2);
    EXPECT_FALSE(wait(store().epitaph(function("f"))).value());
    must_commit({.changes = {{function("f"), std::nullopt}}});
    auto const empty = wait(store().epitaph(function("f"))).value();
    ASSERT_TRUE(empty);
    EXPECT_TRUE(empty->is_null());
}

TEST_P(StoreContract, AStatusIsBesideTheDefinition) {
    put(function("f"), 1);
    EXPECT_EQ(must_commit({.statuses = {{function("f"), json({{"state", "Active"}})}}}), 0u);
    auto record = get(function("f"));
    EXPECT_EQ(record->status, json({{"state", "Active"}}));
    EXPECT_EQ(record->sequence, 1u) << "a status does not move the definition's sequence";
    EXPECT_EQ(wait(store().last_sequence(LogName::kRegion)).value(), 1u);

    // A new definition keeps the status unless it brings one.
    put(function("f"), 2);
    EXPECT_EQ(get(function("f"))->status, json({{"state", "Active"}}));
    must_commit({.changes = {{function("f"), 3}}, .statuses = {{function("f"), "Pending"}}});
    EXPECT_EQ(get(function("f"))->status, "Pending");
    for (auto const& entry : wait(store().read_log(LogName::kRegion, 0, 10)).value()) {
        EXPECT_EQ(entry.changes.size(), 1u);
        EXPECT_TRUE(entry.changes[0].value->is_number()) << "a status is never logged";
    }

    // The tombstone drops it, for good.
    must_commit({.changes = {{function("f"), std::nullopt}}});
    EXPECT_EQ(commit_error({.statuses = {{function("f"), "Active"}}}), Errc::kConflict);
    put(function("f"), 4);
    EXPECT_TRUE(get(function("f"))->status.is_null());
    EXPECT_EQ(commit_error({.statuses = {{function("never"), "Active"}}}), Errc::kConflict);
}

TEST_P(StoreContract, TwoLogsCountForThemselves) {
    EXPECT_EQ(put(function("f"), 1), 1u);
    EXPECT_EQ(put(role("r"), 1), 1u);
    EXPECT_EQ(put(role("r"), 2), 2u);
    EXPECT_EQ(wait(store().last_sequence(LogName::kRegion)).value(), 1u);
    EXPECT_EQ(wait(store().last_sequence(LogName::kAccount)).value(), 2u);
    EXPECT_EQ(wait(store().read_log(LogName::kAccount, 0, 10)).value().size(), 2u);

    EXPECT_EQ(commit_error({.changes = {{function("f"), 2}, {role("r"), 3}}}), Errc::kInternal);
    EXPECT_EQ(get(function("f"))->value, 1);
    EXPECT_EQ(get(role("r"))->value, 2);
}

TEST_P(StoreContract, TheLogHoldsWhatWasCommitted) {
    clock_.advance(std::chrono::microseconds(123));
    auto const first_time = clock_.wall_now();
    must_commit({.caller = "arn:one",
                 .changes = {{function("f"), json({{"a", 1}})}, {function("g", kTwo), 2}}});
    clock_.advance(std::chrono::seconds(1));
    must_commit({.caller = "arn:two", .changes = {{function("f"), std::nullopt, {{"e", 1}}}}});
    must_commit({.caller = "arn:three", .changes = {{function("h"), json(nullptr)}}});

    auto const log = wait(store().read_log(LogName::kRegion, 0, 10)).value();
    ASSERT_EQ(log.size(), 3u);
    EXPECT_EQ(log[0].log, LogName::kRegion);
    EXPECT_EQ(log[0].sequence, 1u);
    EXPECT_EQ(log[0].epoch, 1u);
    EXPECT_EQ(log[0].caller, "arn:one");
    EXPECT_EQ(log[0].time, first_time);
    ASSERT_EQ(log[0].changes.size(), 2u);
    EXPECT_EQ(log[0].changes[0].key, function("f"));
    EXPECT_EQ(log[0].changes[0].value, json({{"a", 1}}));
    EXPECT_EQ(log[0].changes[1].key, function("g", kTwo));
    EXPECT_EQ(log[1].caller, "arn:two");
    EXPECT_EQ(log[1].time, first_time + std::chrono::seconds(1));
    ASSERT_EQ(log[1].changes.size(), 1u);
    EXPECT_FALSE(log[1].changes[0].value);
    EXPECT_EQ(log[1].changes[0].epitaph, json({{"e", 1}}));
    ASSERT_TRUE(log[2].changes[0].value) << "null is a value, not a tombstone";
    EXPECT_TRUE(log[2].changes[0].value->is_null());

    EXPECT_EQ(wait(store().read_log(LogName::kRegion, 1, 1)).value().at(0).sequence, 2u);
    EXPECT_TRUE(wait(store().read_log(LogName::kRegion, 3, 10)).value().empty());
    EXPECT_TRUE(wait(store().read_log(LogName::kAccount, 0, 10)).value().empty());
}

TEST_P(StoreContract, AFollowerAppliesInOrderAndOnce) {
    LogEntry entry{.log = LogName::kAccount,
                   .sequence = 1,
                   .epoch = 3,
                   .caller = "arn:home",
                   .time = WallTime(std::chrono::microseconds(5)),
                   .changes = {{role("r"), 1}}};
    auto gap = entry;
    gap.sequence = 2;
    EXPECT_EQ(wait(store().apply(gap)).error().code, Errc::kConflict);
    auto zero = entry;
    zero.sequence = 0;
    EXPECT_EQ(wait(store().apply(zero)).error().code, Errc::kConflict);
    EXPECT_FALSE(get(role("r")));

    ASSERT_TRUE(wait(store().apply(entry)));
    must_commit({.statuses = {{role("r"), "Here"}}});
    ASSERT_TRUE(wait(store().apply(entry))) << "one that is here already is accepted";
    auto next = entry;
    next.sequence = 2;
    next.changes = {{role("r"), 2}, {role("s"), 1}};
    ASSERT_TRUE(wait(store().apply(next)));
    ASSERT_TRUE(wait(store().apply(entry))) << "and changes nothing";
    EXPECT_EQ(get(role("r"))->value, 2);
    EXPECT_EQ(get(role("r"))->sequence, 2u);
    EXPECT_EQ(get(role("r"))->status, "Here") << "a follower's status is its own";
    EXPECT_EQ(count(Kind::kIamRole), 2u);

    auto const log = wait(store().read_log(LogName::kAccount, 0, 10)).value();
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0].epoch, 3u);
    EXPECT_EQ(log[0].caller, "arn:home");
    EXPECT_EQ(log[0].time, entry.time);

    // Histories that have parted do not pass for one another.
    auto other = next;
    other.epoch = 4;
    EXPECT_EQ(wait(store().apply(other)).error().code, Errc::kConflict);
    auto old = next;
    old.sequence = 3;
    old.epoch = 2;
    EXPECT_EQ(wait(store().apply(old)).error().code, Errc::kConflict);
    auto wrong = next;
    wrong.sequence = 3;
    wrong.changes = {{function("f"), 1}};
    EXPECT_EQ(wait(store().apply(wrong)).error().code, Errc::kInternal);

    // A region that becomes the home goes on from there.
    EXPECT_EQ(put(role("t"), 1), 3u);
    EXPECT_EQ(wait(store().read_log(LogName::kAccount, 2, 1)).value().at(0).epoch, 3u);
}

TEST_P(StoreContract, ALogReplayedElsewhereGivesTheSameRecords) {
    put(function("a"), {{"n", 1}});
    must_commit({.changes = {{function("b"), 2}, {function("a"), json({{"n", 2}})}}});
    must_commit({.changes = {{function("b"), std::nullopt, 9}}});
    auto follower = GetParam().make(clock_);
    for (auto& entry : wait(store().read_log(LogName::kRegion, 0, 100)).value()) {
        ASSERT_TRUE(wait(follower->store().apply(entry)));
    }
    auto const ours = wait(store().scan_all(Kind::kFunction)).value();
    auto const theirs = wait(follower->store().scan_all(Kind::kFunction)).value();
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_EQ(ours[i].key, theirs[i].key);
        EXPECT_EQ(ours[i].value, theirs[i].value);
        EXPECT_EQ(ours[i].sequence, theirs[i].sequence);
    }
    EXPECT_EQ(*wait(follower->store().epitaph(function("b"))).value(), 9);
}

TEST_P(StoreContract, AccountsDoNotSeeEachOther) {
    put(function("f", kOne), 1);
    put(function("f", kTwo), 2);
    put(function("g", kTwo), 3);
    EXPECT_EQ(get(function("f", kOne))->value, 1);
    EXPECT_EQ(get(function("f", kTwo))->value, 2);
    EXPECT_FALSE(get(function("g", kOne)));
    EXPECT_EQ(ids({kOne, Kind::kFunction}), (std::vector<std::string>{"f"}));
    EXPECT_EQ(count(Kind::kFunction, kOne), 1u);
    EXPECT_EQ(count(Kind::kFunction, kTwo), 2u);
    must_commit({.changes = {{function("f", kTwo), std::nullopt}}});
    EXPECT_TRUE(get(function("f", kOne)));
    EXPECT_EQ(wait(store().scan_all(Kind::kFunction)).value().size(), 2u);
}

TEST_P(StoreContract, CountsLiveRecords) {
    EXPECT_EQ(count(Kind::kFunction), 0u);
    put(function("a"), 1);
    put(function("a"), 2);
    put(function("b"), 1);
    EXPECT_EQ(count(Kind::kFunction), 2u);
    must_commit({.changes = {{function("a"), std::nullopt}}});
    must_commit({.changes = {{function("a"), std::nullopt}, {function("never"), std::nullopt}}});
    EXPECT_EQ(count(Kind::kFunction), 1u);
    // Within one transaction the later change of a key counts.
    must_commit(
        {.changes = {{function("c"), 1}, {function("c"), std::nullopt}, {function("c"), 2}}});
    EXPECT_EQ(count(Kind::kFunction), 2u);
    EXPECT_EQ(get(function("c"))->value, 2);
    EXPECT_EQ(count(Kind::kFunctionVersion), 0u);
}

// 64 coroutines in one thread commit at once: group commit must lose and mix up nothing.
TEST_P(StoreContract, ManyWritersAtOnceEachGetTheirOwnResult) {
    constexpr int kWriters = 64;
    constexpr int kRounds = 8;
    auto& context = test_context();
    std::set<Sequence> sequences;
    int wins = 0;
    int losses = 0;
    for (int writer = 0; writer < kWriters; ++writer) {
        asio::co_spawn(
            context,
            [&, writer]() -> asio::awaitable<void> {
                for (int round = 0; round < kRounds; ++round) {
                    auto const own = function(fmt::format("own{}-{}", writer, round));
                    auto const mine = co_await store().commit({.changes = {{own, writer}}});
                    EXPECT_TRUE(mine) << mine.error().message;
                    EXPECT_TRUE(sequences.insert(mine.value_or(0)).second);
                    auto const read = co_await store().get(own);
                    // What is acknowledged is seen.
                    EXPECT_TRUE(read && *read && (*read)->value == writer &&
                                (*read)->sequence == *mine);
                    // Everyone wants the same key; one a round gets it.
                    auto const prize = function(fmt::format("prize{}", round));
                    auto const claim = co_await store().commit(
                        {.expectations = {{prize, std::nullopt}}, .changes = {{prize, writer}}});
                    if (claim) {
                        ++wins;
                        EXPECT_TRUE(sequences.insert(*claim).second);
                    } else {
                        EXPECT_EQ(claim.error().code, Errc::kConflict);
                        ++losses;
                    }
                }
            },
            [](std::exception_ptr e) { EXPECT_FALSE(e); });
    }
    context.run();
    EXPECT_EQ(wins, kRounds);
    EXPECT_EQ(losses, kRounds * (kWriters - 1));
    auto const commits = std::uint64_t{kWriters} * kRounds + kRounds;
    EXPECT_EQ(*sequences.begin(), 1u);
    EXPECT_EQ(*sequences.rbegin(), commits);
    EXPECT_EQ(wait(store().last_sequence(LogName::kRegion)).value(), commits);
    EXPECT_EQ(wait(store().read_log(LogName::kRegion, 0, 10'000)).value().size(), commits);
    EXPECT_EQ(count(Kind::kFunction), commits);
}

TEST_P(StoreContract, ACommitCarriesPackages) {
    // Any bytes, of any length that is carried.
    auto const first = package(std::string("PK\0\xff\n'\\x", 8));
    auto const large = package(std::string(kCarriedPackageBytesMax - 1, '\0'));
    EXPECT_EQ(zip_of(first), std::nullopt);
    must_commit({.changes = {{function("f"), 1}}, .packages = {first, large}});
    EXPECT_EQ(zip_of(first), first.zip_bytes);
    EXPECT_EQ(zip_of(large), large.zip_bytes);
    must_commit({.changes = {{function("g"), 1}}, .packages = {first}});
    EXPECT_EQ(zip_of(first), first.zip_bytes);
    auto const entries = wait(store().read_log(LogName::kRegion, 0, 10)).value();
    ASSERT_EQ(entries.size(), 2u) << "packages are no part of the log";
    EXPECT_EQ(entries[0].changes.size(), 1u);
}

TEST_P(StoreContract, APackageOfACommitThatFailsIsNotKept) {
    put(function("f"), 1);
    auto const carried = package("PK");
    EXPECT_EQ(commit_error({.expectations = {{function("f"), std::nullopt}},
                            .changes = {{function("f"), 2}},
                            .packages = {carried}}),
              Errc::kConflict);
    EXPECT_EQ(commit_error({.changes = {{function("f"), 2}},
                            .statuses = {{function("none"), "Active"}},
                            .packages = {carried}}),
              Errc::kConflict);
    EXPECT_EQ(zip_of(carried), std::nullopt);
}

TEST_P(StoreContract, PackagesAreRemovedUnlessTheyWereCarriedSince) {
    std::vector<Package> all;
    for (int n = 0; n < 5; ++n) all.push_back(package(std::to_string(n)));
    std::ranges::sort(all, {}, &Package::sha256);
    must_commit({.changes = {{function("f"), 1}}, .packages = all});
    auto const begin = clock_.wall_now();
    EXPECT_TRUE(old_packages(begin).empty());
    clock_.advance(std::chrono::hours(2));
    must_commit({.changes = {{function("f"), 2}}, .packages = {all[1]}});
    auto const before = begin + std::chrono::hours(1);
    EXPECT_EQ(old_packages(before),
              (std::vector{all[0].sha256, all[2].sha256, all[3].sha256, all[4].sha256}));
    ASSERT_TRUE(wait(packages().remove_packages(
        {all[0].sha256, all[1].sha256, all[4].sha256, package("unknown").sha256}, before)));
    std::vector<bool> there;
    for (auto const& each : all) there.push_back(zip_of(each).has_value());
    EXPECT_EQ(there, (std::vector{false, true, true, true, false}));
    must_commit({.changes = {{function("f"), 3}}, .packages = {all[0]}});
    EXPECT_EQ(zip_of(all[0]), all[0].zip_bytes);
}

class DurableStoreContract : public StoreContract {};

TEST_P(DurableStoreContract, EverythingIsThereAfterReopening) {
    put(function("f"), 1);
    must_commit({.statuses = {{function("f"), "Active"}}});
    put(role("r"), 1);
    auto const carried = package("PK");
    must_commit({.changes = {{function("dead"), std::nullopt, 3}}, .packages = {carried}});
    subject_->reopen();
    EXPECT_EQ(zip_of(carried), carried.zip_bytes);
    EXPECT_EQ(get(function("f"))->value, 1);
    EXPECT_EQ(get(function("f"))->status, "Active");
    EXPECT_EQ(*wait(store().epitaph(function("dead"))).value(), 3);
    EXPECT_EQ(count(Kind::kFunction), 1u);
    EXPECT_EQ(wait(store().read_log(LogName::kRegion, 0, 10)).value().size(), 2u);
    EXPECT_EQ(put(function("g"), 1), 3u) << "sequences go on";
    EXPECT_EQ(put(role("r"), 2), 2u);
}

Implementation const kSqlite{"Sqlite",
                             [](Clock const& c) { return std::make_unique<SqliteSubject>(c); }};
Implementation const kPostgres{"Postgres",
                               [](Clock const& c) { return std::make_unique<PostgresSubject>(c); }};
Implementation const kMemory{"Memory",
                             [](Clock const& c) { return std::make_unique<MemorySubject>(c); }};
auto const kName = [](auto const& info) { return std::string(info.param.name); };

INSTANTIATE_TEST_SUITE_P(, StoreContract, testing::Values(kSqlite, kPostgres, kMemory), kName);
INSTANTIATE_TEST_SUITE_P(, DurableStoreContract, testing::Values(kSqlite, kPostgres), kName);

}  // namespace
}  // namespace meridian::store
