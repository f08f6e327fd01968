// Power cuts, full disks and failing syncs at every single write of a workload, over a simulated
// disk: what was acknowledged is there afterwards, what was not is whole or absent, and the store
// goes on.
//
// What is right is not written down here: MemoryStore runs the same transactions, and both must
// hold the same.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/sha256.h"
#include "store/memory_store.h"
#include "store/simulated_disk_test_support.h"
#include "store/sqlite_store.h"
#include "store/store_test_support.h"

namespace meridian::store {
namespace {

using Survivors = SimulatedDisk::Survivors;

constexpr std::uint64_t kSeed = 20'260'801;
constexpr int kSteps = 14;
constexpr int kStepsBeforeReopening = 8;

model::AccountId const kAccount("111111111111");

Key function(int n) { return {kAccount, Kind::kFunction, fmt::format("function{}", n % 4)}; }
Key version(int n) {
    return {kAccount, Kind::kFunctionVersion, fmt::format("function{}:{:012}", n % 4, n)};
}
Key role(int n) { return {kAccount, Kind::kIamRole, fmt::format("role{}", n % 3)}; }

// Its bytes are only as right as its name when the whole of it survived.
Package package(int n) {
    std::string const zip =
        fmt::format("PK{}", n) + std::string(static_cast<std::size_t>(n) * 500, 'z');
    return {model::CodeSha256(crypto::sha256_base64(zip)), zip};
}

// Step 0 is the first. Each one can follow any of those before it, so that one may fail.
Transaction step(int n) {
    using nlohmann::json;
    Transaction transaction{.caller = fmt::format("step{}", n)};
    std::string const big(static_cast<std::size_t>(n % 3) * 3'000, 'x');  // none, or some pages
    json const value = {{"step", n}, {"content", big}};
    switch (n % 4) {
        case 1:
            transaction.changes.push_back({role(n), value});
            break;
        case 3:
            transaction.changes.push_back(
                {function(n - 1), std::nullopt, json{{"last_version", n}}});
            break;
        default:
            transaction.changes.push_back({function(n), value});
            transaction.changes.push_back({version(n), json(n)});
            transaction.statuses.push_back({function(n), json{{"state", n}}});
            transaction.packages.push_back(package(n));
    }
    return transaction;
}

// Everything that a store holds.
template <typename AStore>
nlohmann::json dump(AStore& store) {
    nlohmann::json all;
    for (auto const kind : {Kind::kFunction, Kind::kFunctionVersion, Kind::kIamRole}) {
        auto& records = all["records"];
        for (auto const& record : wait_for(store.scan_all(kind)).value()) {
            records[record.key.id] = {record.value, record.status, record.sequence};
        }
        all["counts"].push_back(wait_for(store.count(kAccount, kind)).value());
    }
    for (int n = 0; n < 4; ++n) {
        auto const epitaph = wait_for(store.epitaph(function(n))).value();
        all["epitaphs"].push_back(epitaph ? *epitaph : nlohmann::json("none"));
    }
    for (int n = 0; n <= kSteps; ++n) {
        auto const zip = wait_for(store.get_package(package(n).sha256)).value();
        all["packages"].push_back(zip.value_or("none"));
    }
    for (auto const log : {LogName::kRegion, LogName::kAccount}) {
        all["last"].push_back(wait_for(store.last_sequence(log)).value());
        for (auto const& entry : wait_for(store.read_log(log, 0, 1'000)).value()) {
            nlohmann::json changes;
            for (auto const& change : entry.changes) {
                changes.push_back({change.key.id,
                                   change.value ? *change.value : nlohmann::json("gone"),
                                   change.epitaph});
            }
            all["log"].push_back({entry.sequence, entry.epoch, entry.caller, changes});
        }
    }
    return all;
}

class SqliteFault : public testing::Test {
  protected:
    Result<std::unique_ptr<SqliteStore>> open(std::filesystem::path const& directory) {
        return SqliteStore::open({.path = directory / "region.db", .checkpoint_pages = 1'000},
                                 clock_, log_);
    }

    // What a store holds after these steps.
    nlohmann::json const& expected(std::vector<int> const& steps) {
        auto& held = expected_[steps];
        if (!held.is_null()) return held;
        MemoryStore memory(clock_);
        for (int const n : steps) EXPECT_TRUE(wait_for(memory.commit(step(n))));
        return held = dump(memory);
    }

    // Opens what is left after a power cut. It must hold `done`, or that and one of `in_doubt`; and
    // it must take another step.
    void expect_survived(std::filesystem::path const& directory, std::vector<int> done,
                         std::vector<int> const& in_doubt) {
        // A healthy disk; the real one's syncs would take most of the time.
        SimulatedDisk disk(kSeed);
        auto store = open(directory);
        ASSERT_TRUE(store) << store.error().message;
        auto const found = dump(**store);
        auto held = expected(done);
        for (auto const maybe : in_doubt) {
            if (found == held) break;
            auto more = done;
            more.push_back(maybe);
            if (found != expected(more)) continue;
            done = std::move(more);
            held = found;
        }
        ASSERT_EQ(found, held);
        ASSERT_TRUE(wait_for((*store)->commit(step(kSteps))));
        done.push_back(kSteps);
        EXPECT_EQ(dump(**store), expected(done));
    }

    ManualClock clock_;
    NullLog log_;

  private:
    std::map<std::vector<int>, nlohmann::json> expected_;
};

class SqlitePowerCut : public SqliteFault, public testing::WithParamInterface<Survivors> {
  protected:
    // How far a run came: the steps below `acknowledged` surely, the next one perhaps.
    struct Progress {
        int acknowledged = 0;
        bool in_doubt = false;
    };

    // All steps, each after the last; the store is closed and opened in between, so that a
    // checkpoint and the removal of the write-ahead log are met, too.
    Progress run(std::filesystem::path const& directory) {
        Progress progress;
        for (int const end : {kStepsBeforeReopening, kSteps}) {
            auto store = open(directory);
            if (!store) return progress;
            while (progress.acknowledged < end) {
                auto const outcome = wait_for((*store)->commit(step(progress.acknowledged)));
                if (!outcome) {
                    progress.in_doubt = outcome.error().code == Errc::kOutcomeUnknown;
                    EXPECT_FALSE(wait_for((*store)->commit(step(kSteps))))
                        << "nothing can be durable now";
                    return progress;
                }
                ++progress.acknowledged;
            }
        }
        return progress;
    }
};

TEST_P(SqlitePowerCut, AtEveryWriteKeepsWhatWasAcknowledged) {
    std::uint64_t calls = 0;
    {
        TemporaryDirectory directory;
        SimulatedDisk disk(kSeed);
        ASSERT_EQ(run(directory.path()).acknowledged, kSteps);
        calls = disk.calls();
    }
    ASSERT_GT(calls, 100u);
    int in_doubt = 0;
    for (std::uint64_t call = 1; call <= calls; ++call) {
        SCOPED_TRACE(fmt::format("power cut at call {} of {}, seed {}", call, calls, kSeed));
        TemporaryDirectory directory;
        TemporaryDirectory after;
        Progress progress;
        {
            SimulatedDisk disk(kSeed + call);
            disk.cut_power_at(call);
            progress = run(directory.path());
            disk.write_survivors(GetParam(), after.path());
        }
        in_doubt += progress.in_doubt ? 1 : 0;
        std::vector<int> done;
        for (int n = 0; n < progress.acknowledged; ++n) done.push_back(n);
        std::vector<int> maybe;
        if (progress.in_doubt) maybe.push_back(progress.acknowledged);
        ASSERT_NO_FATAL_FAILURE(expect_survived(after.path(), done, maybe));
    }
    EXPECT_GE(in_doubt, kSteps) << "each step has a moment at which nobody can know";
}

std::string name_of_survivors(testing::TestParamInfo<Survivors> const& info) {
    if (info.param == Survivors::kEverything) return "EverythingWritten";
    return info.param == Survivors::kSyncedOnly ? "OnlyWhatWasSynced" : "AnySubset";
}

INSTANTIATE_TEST_SUITE_P(, SqlitePowerCut,
                         testing::Values(Survivors::kEverything, Survivors::kSyncedOnly,
                                         Survivors::kAnySubset),
                         name_of_survivors);

// Faults that pass, at every call in turn: each step says what became of it, and says the truth.
class SqlitePassingFault : public SqliteFault,
                           public testing::WithParamInterface<SimulatedDisk::Fault> {};

TEST_P(SqlitePassingFault, IsReportedAndSurvived) {
    std::uint64_t calls = 0;
    int failed = 0;
    int unknown = 0;
    for (std::uint64_t call = 1; calls == 0 || call <= calls; ++call) {
        std::uint64_t const length = call % 3 == 0 ? 4 : 1;
        SCOPED_TRACE(fmt::format("{} calls from {} fail, seed {}", length, call, kSeed));
        TemporaryDirectory directory;
        TemporaryDirectory after;
        std::vector<int> done;
        // Since the last success. A power cut may bring one of them back.
        std::vector<int> in_doubt;
        {
            SimulatedDisk disk(kSeed + call);
            disk.fail(GetParam(), call, length);
            auto store = open(directory.path());
            for (int tries = 0; !store && tries < 5; ++tries) store = open(directory.path());
            ASSERT_TRUE(store) << store.error().message;
            for (int n = 0; n < kSteps; ++n) {
                auto const outcome = wait_for((*store)->commit(step(n)));
                if (outcome) {
                    done.push_back(n);
                    in_doubt.clear();
                    continue;
                }
                ++failed;
                ASSERT_LT(disk.calls(), call + length + 64) << "it did not go on";
                if (outcome.error().code == Errc::kOutcomeUnknown) {
                    ++unknown;
                    in_doubt.push_back(n);
                } else {
                    ASSERT_EQ(outcome.error().code, Errc::kIo) << outcome.error().message;
                }
                // Nobody sees a transaction that failed.
                ASSERT_EQ(dump(**store), expected(done)) << outcome.error().message;
            }
            EXPECT_EQ(dump(**store), expected(done));
            calls = std::max(calls, disk.calls());
            // The power goes with everything else still open.
            disk.write_survivors(call % 2 == 0 ? Survivors::kSyncedOnly : Survivors::kAnySubset,
                                 after.path());
        }
        ASSERT_NO_FATAL_FAILURE(expect_survived(after.path(), done, in_doubt));
    }
    EXPECT_GT(failed, 50);
    EXPECT_GT(unknown, 0) << "a sync that fails leaves everybody in doubt";
}

INSTANTIATE_TEST_SUITE_P(, SqlitePassingFault,
                         testing::Values(SimulatedDisk::Fault::kFull,
                                         SimulatedDisk::Fault::kIoError),
                         [](auto const& info) {
                             return info.param == SimulatedDisk::Fault::kFull ? "FullDisk"
                                                                              : "IoError";
                         });

// Groups: seven writers at once, values large enough that SQLite checkpoints on the way.
TEST_F(SqliteFault, APowerCutHitsGroupsWholeOrNotAtAll) {
    constexpr int kWriters = 7;
    constexpr int kRounds = 12;
    constexpr std::uint64_t kCommits = 6;
    constexpr std::size_t kValueBytes = 30'000;
    auto const key = [](int writer, char part) {
        return Key{kAccount, Kind::kFunction, fmt::format("writer{}-{}", writer, part)};
    };
    auto const value = [](std::uint64_t n) {
        return std::to_string(n) + std::string(kValueBytes, '.');
    };
    SeededRandom random(kSeed);
    std::uint64_t calls = 4'000;
    std::uint64_t acknowledgements = 0;
    for (int round = 0; round < kRounds; ++round) {
        TemporaryDirectory directory;
        TemporaryDirectory after;
        std::map<int, std::uint64_t> acked;
        auto const cut = round == 0 ? ~std::uint64_t{0} : 1 + random.next() % calls;
        SCOPED_TRACE(fmt::format("round {}, power cut at call {}, seed {}", round, cut, kSeed));
        {
            SimulatedDisk disk(kSeed + static_cast<std::uint64_t>(round));
            disk.cut_power_at(cut);
            asio::io_context context;  // outlives the store, whose threads post to it
            auto store = open(directory.path());
            if (store) {
                auto const write = [&](int writer) -> asio::awaitable<void> {
                    for (std::uint64_t n = 1; n <= kCommits; ++n) {
                        auto const outcome =
                            co_await (*store)->commit({.changes = {{key(writer, 'a'), value(n)},
                                                                   {key(writer, 'b'), value(n)}}});
                        if (!outcome) co_return;
                        acked[writer] = n;
                        ++acknowledgements;
                    }
                };
                for (int writer = 0; writer < kWriters; ++writer) {
                    asio::co_spawn(context, write(writer),
                                   [](std::exception_ptr e) { EXPECT_FALSE(e); });
                }
                context.run();
            }
            if (round == 0) {
                ASSERT_EQ(acknowledgements, kWriters * kCommits);
                calls = disk.calls();
            }
            disk.write_survivors(round % 4 == 3 ? Survivors::kSyncedOnly : Survivors::kAnySubset,
                                 after.path());
        }
        SimulatedDisk healthy(kSeed);
        auto store = open(after.path());
        ASSERT_TRUE(store) << store.error().message;
        Sequence commits = 0;
        for (int writer = 0; writer < kWriters; ++writer) {
            auto const a = wait_for((*store)->get(key(writer, 'a'))).value();
            auto const b = wait_for((*store)->get(key(writer, 'b'))).value();
            ASSERT_EQ(a.has_value(), b.has_value());
            auto const n = a ? std::stoull(a->value.get<std::string>()) : 0;
            if (a) {
                EXPECT_EQ(a->value, b->value);
                EXPECT_EQ(a->value, value(n));
            }
            EXPECT_GE(n, acked[writer]);
            EXPECT_LE(n, acked[writer] + 1);
            commits += n;
        }
        EXPECT_EQ(wait_for((*store)->last_sequence(LogName::kRegion)).value(), commits);
        EXPECT_EQ(wait_for((*store)->read_log(LogName::kRegion, 0, 1'000)).value().size(), commits);
    }
    EXPECT_GT(acknowledgements, kRounds * kCommits);
}

}  // namespace
}  // namespace meridian::store
