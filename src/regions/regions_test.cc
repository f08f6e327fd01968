#include <deque>
#include <filesystem>
#include <functional>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/random.h"
#include "io/sleep.h"
#include "io/task_scope.h"
#include "regions/account_follower.h"
#include "regions/store_change_source.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"

namespace meridian::regions {
namespace {

using namespace std::chrono_literals;
using store::LogName;
using store::Sequence;

// Long enough to fail a test's time limit: what waits this long was not woken.
constexpr auto kForever = std::chrono::hours(1);
constexpr auto kLogOfIam = LogName::kAccount;

store::Transaction role(std::string name, int value = 1) {
    return {.caller = "test",
            .changes = {{{model::AccountId("111111111111"), store::Kind::kIamRole, std::move(name)},
                         value}}};
}

store::LogEntry entry(Sequence sequence, std::uint64_t epoch = 1) {
    return {.log = kLogOfIam,
            .sequence = sequence,
            .epoch = epoch,
            .caller = "test",
            .changes = store::changes_of(role(fmt::format("role{}", sequence)).changes)};
}

class CollectingLog final : public Log {
  public:
    void write(LogLevel level, std::string_view, std::initializer_list<LogField> fields) override {
        lines.emplace_back(level, fields.begin()->value);
    }
    std::vector<std::pair<LogLevel, std::string>> lines;
};

// Answers what the test tells it, then what the store behind it says.
class ScriptedSource final : public ChangeSource {
  public:
    explicit ScriptedSource(ChangeSource& behind) : behind_(behind) {}
    io::Task<ChangePage> read_after(Sequence after, std::size_t limit,
                                    std::chrono::milliseconds wait) override {
        ++pulls;
        if (unavailable) co_return fail(Errc::kUnavailable, "no route to the home");
        if (script.empty()) co_return co_await behind_.read_after(after, limit, wait);
        auto page = std::move(script.front());
        script.pop_front();
        co_return page;
    }
    std::deque<Result<ChangePage>> script;
    bool unavailable = false;
    int pulls = 0;

  private:
    ChangeSource& behind_;
};

class AccountFollowerTest : public testing::Test {
  protected:
    // Runs `body` on the executor that everything here shares; then stops what is in `scope`.
    void run(std::function<asio::awaitable<void>()> body) {
        bool ended = false;
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                co_await body();
                co_await scope.stop();
                ended = true;
            },
            [](std::exception_ptr e) {
                if (e) std::rethrow_exception(e);
            });
        context.run();
        EXPECT_TRUE(ended);
    }
    io::Task<Sequence> commit(std::string name) { return home.commit(role(std::move(name))); }
    void expect_equal(store::Store& a, store::Store& b) {
        run_more([&]() -> asio::awaitable<void> {
            auto const entries = (co_await a.read_log(kLogOfIam, 0, 10'000)).value();
            auto const others = (co_await b.read_log(kLogOfIam, 0, 10'000)).value();
            EXPECT_EQ(entries.size(), others.size());
            for (std::size_t i = 0; i < std::min(entries.size(), others.size()); ++i) {
                EXPECT_EQ(entries[i].sequence, others[i].sequence);
                EXPECT_EQ(entries[i].changes[0].key, others[i].changes[0].key);
                EXPECT_EQ(entries[i].changes[0].value, others[i].changes[0].value);
            }
            auto const records = (co_await a.scan_all(store::Kind::kIamRole)).value();
            auto const copies = (co_await b.scan_all(store::Kind::kIamRole)).value();
            EXPECT_EQ(records.size(), copies.size());
            for (std::size_t i = 0; i < std::min(records.size(), copies.size()); ++i) {
                EXPECT_EQ(records[i].key, copies[i].key);
                EXPECT_EQ(records[i].value, copies[i].value);
                EXPECT_EQ(records[i].sequence, copies[i].sequence);
            }
        });
    }
    void run_more(std::function<asio::awaitable<void>()> const& body) {
        context.restart();
        asio::co_spawn(context, body(), [](std::exception_ptr e) { EXPECT_FALSE(e); });
        context.run();
    }

    ManualClock clock;
    CollectingLog log;
    asio::io_context context;
    io::TaskScope scope{context.get_executor(), log};
    store::MemoryStore home_below{clock};
    WatchedStore home{home_below};
    StoreChangeSource direct{home, kLogOfIam};
    ScriptedSource source{direct};
    store::MemoryStore copy{clock};
    AccountFollower follower{source, copy};
};

TEST_F(AccountFollowerTest, CatchesUpInPagesAndOrder) {
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 600; ++i) (co_await commit(fmt::format("role{}", i % 50))).value();
        EXPECT_TRUE(co_await follower.catch_up());
        EXPECT_EQ(follower.position(), 600u);
        EXPECT_EQ(source.pulls, 3) << "256 entries a page";
    });
    expect_equal(home, copy);
}

TEST_F(AccountFollowerTest, ACommitWakesTheLongPoll) {
    run([&]() -> asio::awaitable<void> {
        scope.spawn("follow", follower.run(kForever, log));
        for (Sequence n = 1; n <= 20; ++n) {
            co_await io::sleep_for(1ms);  // the poll waits by now
            EXPECT_EQ(co_await commit(fmt::format("role{}", n)), n);
            EXPECT_TRUE(co_await follower.wait_until(n, kForever));
        }
        EXPECT_LE(source.pulls, 21) << "one pull a commit, no polling";
    });
    expect_equal(home, copy);
    EXPECT_TRUE(log.lines.empty());
}

TEST_F(AccountFollowerTest, AnotherLogDoesNotGrow) {
    run([&]() -> asio::awaitable<void> {
        auto const before = home.growth(kLogOfIam).generation();
        (co_await home.commit(
             {.changes = {{{model::AccountId("1"), store::Kind::kFunction, "f"}, 1}}}))
            .value();
        EXPECT_EQ(home.growth(kLogOfIam).generation(), before);
        EXPECT_GT(home.growth(LogName::kRegion).generation(), 0u);
        EXPECT_TRUE(co_await home.apply(entry(1)));
        EXPECT_GT(home.growth(kLogOfIam).generation(), before);
        auto const page = co_await direct.read_after(1, 10, 5ms);
        EXPECT_TRUE(page);
        EXPECT_TRUE(page->entries.empty());
        EXPECT_EQ(page->last_sequence, 1u);
    });
}

TEST_F(AccountFollowerTest, GoesOnAfterARestartInTheMiddle) {
    auto const directory =
        std::filesystem::temp_directory_path() / fmt::format("meridian-regions-{}", ::getpid());
    std::filesystem::create_directory(directory);
    run([&]() -> asio::awaitable<void> {
        NullLog quiet;
        for (int round = 1; round <= 3; ++round) {
            for (int i = 0; i < 10; ++i)
                (co_await commit(fmt::format("role{}-{}", round, i))).value();
            // As after a crash: the copy is opened anew, and nothing else remembers anything.
            auto reopened =
                store::SqliteStore::open({.path = directory / "copy.db"}, clock, quiet).value();
            AccountFollower anew(source, *reopened);
            source.script.clear();
            // It gets half of them, then the source is gone.
            auto half = (co_await direct.read_after(Sequence{10} * static_cast<Sequence>(round - 1),
                                                    5, 0ms))
                            .value();
            source.script.emplace_back(std::move(half));
            source.script.emplace_back(fail(Errc::kUnavailable, "gone"));
            EXPECT_FALSE(co_await anew.catch_up());
            EXPECT_EQ(anew.position(), static_cast<Sequence>(10 * round - 5));
            EXPECT_TRUE(co_await anew.catch_up());
            EXPECT_EQ(anew.position(), static_cast<Sequence>(10 * round));
        }
    });
    {
        NullLog quiet;
        auto reopened =
            store::SqliteStore::open({.path = directory / "copy.db"}, clock, quiet).value();
        expect_equal(home, *reopened);
    }
    std::filesystem::remove_all(directory);
}

TEST_F(AccountFollowerTest, TriesAgainWhenTheSourceIsAwayForAWhile) {
    AccountFollower patient(source, copy, {.first = 1ms, .longest = kForever});
    run([&]() -> asio::awaitable<void> {
        source.unavailable = true;
        scope.spawn("follow", patient.run(kForever, log));
        (co_await commit("role")).value();
        auto const early = co_await patient.wait_until(1, 40ms);
        EXPECT_FALSE(early);
        EXPECT_EQ(early.error().code, Errc::kDeadlineExceeded);
        EXPECT_GE(source.pulls, 2);
        EXPECT_LE(source.pulls, 10) << "the waits grow";
        source.unavailable = false;
        // Who waits ends the back-off, which is long by now.
        EXPECT_TRUE(co_await patient.wait_until(1, kForever));
    });
    ASSERT_FALSE(log.lines.empty());
    EXPECT_EQ(log.lines.front(), std::pair(LogLevel::kWarn, std::string("no route to the home")));
    expect_equal(home, copy);
}

TEST_F(AccountFollowerTest, LeavesOutWhatItHas) {
    run([&]() -> asio::awaitable<void> {
        for (int i = 1; i <= 3; ++i) (co_await commit(fmt::format("role{}", i))).value();
        source.script.emplace_back(ChangePage{{entry(1), entry(1), entry(2)}, 2});
        source.script.emplace_back(ChangePage{{entry(1), entry(2), entry(3)}, 3});
        EXPECT_TRUE(co_await follower.catch_up());
        EXPECT_TRUE(co_await follower.catch_up());
        // Two pulls at once meet the same entries.
        (co_await commit("role4")).value();
        int done = 0;
        for (int i = 0; i < 2; ++i) {
            asio::co_spawn(context, follower.catch_up(),
                           [&](std::exception_ptr, Result<void> result) {
                               EXPECT_TRUE(result);
                               ++done;
                           });
        }
        while (done < 2) co_await io::sleep_for(1ms);
    });
    expect_equal(home, copy);
}

TEST_F(AccountFollowerTest, AppliesNothingBeyondAGap) {
    run([&]() -> asio::awaitable<void> {
        for (int i = 1; i <= 5; ++i) (co_await commit(fmt::format("role{}", i))).value();
        source.script.emplace_back(ChangePage{{entry(2), entry(3)}, 5});
        EXPECT_EQ((co_await follower.catch_up()).error().code, Errc::kConflict);
        EXPECT_EQ(follower.position(), 0u);
        source.script.emplace_back(ChangePage{{}, 5});
        EXPECT_EQ((co_await follower.catch_up()).error().code, Errc::kUnavailable)
            << "would ask for ever";
        // What is before the gap is good; the next pull asks for the rest.
        source.script.emplace_back(ChangePage{{entry(1), entry(2), entry(4)}, 5});
        source.script.emplace_back(fail(Errc::kUnavailable, "gone"));
        EXPECT_FALSE(co_await follower.catch_up());
        EXPECT_EQ(follower.position(), 2u);
        EXPECT_TRUE(co_await follower.catch_up());
    });
    expect_equal(home, copy);
}

TEST_F(AccountFollowerTest, SaysWhenTheHistoriesHaveParted) {
    run([&]() -> asio::awaitable<void> {
        // The home was restored from an old backup: it lacks what the copy has.
        for (Sequence n = 1; n <= 3; ++n) EXPECT_TRUE(co_await copy.apply(entry(n, 2)));
        (co_await commit("role1")).value();
        EXPECT_EQ((co_await follower.catch_up()).error().code, Errc::kConflict);
        // It goes on writing, in the old epoch.
        for (int i = 2; i <= 4; ++i) (co_await commit(fmt::format("role{}", i))).value();
        EXPECT_EQ((co_await follower.catch_up()).error().code, Errc::kConflict);
        EXPECT_EQ(co_await copy.last_sequence(kLogOfIam), 3u);
        // Following reports it, and does not spin.
        source.pulls = 0;
        scope.spawn("follow", follower.run(kForever, log));
        co_await io::sleep_for(50ms);
        EXPECT_LE(source.pulls, 2);
    });
    ASSERT_FALSE(log.lines.empty());
    EXPECT_EQ(log.lines.front().first, LogLevel::kError);
}

TEST_F(AccountFollowerTest, AWriteCanWaitUntilEveryRegionHasIt) {
    store::MemoryStore slow_copy{clock};
    ScriptedSource slow_source{direct};
    AccountFollower slow(slow_source, slow_copy, {.first = 1ms, .longest = 1ms});
    run([&]() -> asio::awaitable<void> {
        scope.spawn("follow", follower.run(kForever, log));
        scope.spawn("follow slowly", slow.run(kForever, log));
        AccountFollower* const all[] = {&follower, &slow};
        auto const first = (co_await commit("first")).value();
        EXPECT_TRUE(co_await wait_for_all(all, first, kForever));
        EXPECT_TRUE((co_await copy.get(role("first").changes[0].key)).value());
        EXPECT_TRUE((co_await slow_copy.get(role("first").changes[0].key)).value());

        // One region cannot: the others have it all the same, and the writer is told.
        co_await io::sleep_for(1ms);
        slow_source.unavailable = true;
        slow_source.script.clear();
        auto const second = (co_await commit("second")).value();
        // The poll that was open still sees it; the one after does not.
        EXPECT_TRUE(co_await wait_for_all(all, second, kForever));
        co_await io::sleep_for(1ms);
        auto const third = (co_await commit("third")).value();
        auto const outcome = co_await wait_for_all(all, third, 20ms);
        EXPECT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, Errc::kDeadlineExceeded);
        EXPECT_EQ(follower.position(), third);
        EXPECT_EQ(slow.position(), second);
    });
}

TEST_F(AccountFollowerTest, StopsWhereverItWaits) {
    for (bool const away : {false, true}) {
        context.restart();
        source.unavailable = away;
        io::TaskScope mine(context.get_executor(), log);
        bool stopped = false;
        AccountFollower waiting(source, copy, {.first = kForever, .longest = kForever});
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                mine.spawn("follow", waiting.run(kForever, log));
                mine.spawn("wait", waiting.wait_until(1'000, kForever));
                co_await io::sleep_for(5ms);
                co_await mine.stop();
                stopped = true;
            },
            [](std::exception_ptr e) { EXPECT_FALSE(e); });
        context.run();
        EXPECT_TRUE(stopped);
    }
    for (auto const& [level, message] : log.lines) EXPECT_EQ(message, "no route to the home");
}

// Whatever the source does, the copy ends equal and is a prefix of the home at every moment.
TEST_F(AccountFollowerTest, SurvivesABadNetwork) {
    constexpr std::uint64_t kSeed = 7;
    SCOPED_TRACE(fmt::format("seed {}", kSeed));
    SeededRandom random(kSeed);
    run([&]() -> asio::awaitable<void> {
        Sequence written = 0;
        for (int round = 0; round < 400; ++round) {
            if (random.next() % 2 == 0)
                written = (co_await commit(fmt::format("role{}", round % 30))).value();
            auto page = (co_await direct.read_after(random.next() % (written + 1),
                                                    1 + random.next() % 8, 0ms))
                            .value();
            auto& entries = page.entries;
            switch (random.next() % 5) {
                case 0:  // one is lost
                    if (!entries.empty())
                        entries.erase(entries.begin() +
                                      static_cast<long>(random.next() % entries.size()));
                    break;
                case 1:  // one comes twice
                    if (!entries.empty()) entries.push_back(entries.front());
                    break;
                case 2:  // they come in another order
                    if (entries.size() > 1) std::swap(entries.front(), entries.back());
                    break;
                case 3:
                    source.script.emplace_back(fail(Errc::kUnavailable, "gone"));
                    break;
                default:
                    break;
            }
            source.script.emplace_back(std::move(page));
            // Each round may be another process: nothing but the copy is kept.
            AccountFollower anew(source, copy);
            (void)co_await anew.catch_up();
            source.script.clear();
            auto const here = (co_await copy.last_sequence(kLogOfIam)).value();
            EXPECT_LE(here, written);
        }
        AccountFollower last(source, copy);
        EXPECT_TRUE(co_await last.catch_up());
        EXPECT_EQ(last.position(), written);
    });
    expect_equal(home, copy);
}

TEST(BackOff, DoublesUpToItsLimitAndStartsAgain) {
    BackOff back_off({.first = 100ms, .longest = 350ms});
    EXPECT_EQ(back_off.failed(), 100ms);
    EXPECT_EQ(back_off.failed(), 200ms);
    EXPECT_EQ(back_off.failed(), 350ms);
    EXPECT_EQ(back_off.failed(), 350ms);
    back_off.succeeded();
    EXPECT_EQ(back_off.failed(), 100ms);
}

TEST(EntriesToApply, RefusesAnotherLog) {
    auto other = entry(1);
    other.log = LogName::kRegion;
    EXPECT_EQ(entries_to_apply({{other}, 1}, kLogOfIam, 0).error().code, Errc::kConflict);
}

}  // namespace
}  // namespace meridian::regions
