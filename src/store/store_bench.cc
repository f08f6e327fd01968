// What a commit, a group of commits and a read cost. Every commit is durable: the figures are the
// disk's as much as ours, so `bare_sync` is measured beside them.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/unique_fd.h"
#include "store/sqlite_store.h"

namespace {

using namespace meridian;

// About what a function's definition takes.
constexpr std::size_t kValueBytes = 1'500;

store::Key key(std::uint64_t n) {
    return {model::AccountId("123456789012"), store::Kind::kFunction,
            fmt::format("function{:06}", n)};
}

class StoreBench : public benchmark::Fixture {
  public:
    void SetUp(benchmark::State&) override {
        std::string name =
            (std::filesystem::temp_directory_path() / "meridian-bench-XXXXXX").string();
        if (!::mkdtemp(name.data())) std::abort();
        directory = name;
        store = store::SqliteStore::open({.path = directory / "meridian.db"}, clock, log).value();
    }
    void TearDown(benchmark::State&) override {
        store.reset();
        std::filesystem::remove_all(directory);
    }
    // Runs what was spawned to its end.
    void run() {
        context.restart();
        context.run();
    }
    asio::awaitable<void> commit(std::uint64_t n) {
        if (!co_await store->commit(
                {.caller = "bench", .changes = {{key(n), std::string(kValueBytes, 'x')}}})) {
            std::abort();
        }
    }
    void spawn(asio::awaitable<void> work) {
        asio::co_spawn(context, std::move(work), [](std::exception_ptr e) {
            if (e) std::abort();
        });
    }

    std::filesystem::path directory;
    ManualClock clock;
    NullLog log;
    asio::io_context context;
    std::unique_ptr<store::SqliteStore> store;
};

BENCHMARK_DEFINE_F(StoreBench, bare_sync)(benchmark::State& state) {
    io::UniqueFd const file(::open((directory / "bare").c_str(), O_CREAT | O_WRONLY, 0600));
    std::string const bytes(3 * 4096, 'x');
    for (auto _ : state) {
        if (::write(file.get(), bytes.data(), bytes.size()) < 0 || ::fdatasync(file.get()) != 0)
            std::abort();
    }
}

BENCHMARK_DEFINE_F(StoreBench, commit_alone)(benchmark::State& state) {
    std::uint64_t n = 0;
    for (auto _ : state) {
        spawn(commit(n++ % 1'000));
        run();
    }
}

BENCHMARK_DEFINE_F(StoreBench, commit_64_writers)(benchmark::State& state) {
    constexpr int kWriters = 64;
    std::uint64_t n = 0;
    for (auto _ : state) {
        for (int writer = 0; writer < kWriters; ++writer) spawn(commit(n++ % 1'000));
        run();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(n));
}

// Reads over 100,000 records, half of them deleted.
class FullStoreBench : public StoreBench {
  public:
    static constexpr std::uint64_t kRecords = 100'000;
    void SetUp(benchmark::State& state) override {
        StoreBench::SetUp(state);
        for (std::uint64_t n = 0; n < kRecords; n += 1'000) {
            store::Transaction some{.caller = "bench"};
            for (std::uint64_t i = n; i < n + 1'000; ++i)
                some.changes.push_back({key(i), std::string(100, 'x')});
            spawn(commit_all(std::move(some)));
            store::Transaction deleted{.caller = "bench"};
            for (std::uint64_t i = n; i < n + 1'000; i += 2)
                deleted.changes.push_back({key(i), std::nullopt});
            spawn(commit_all(std::move(deleted)));
        }
        run();
    }
    asio::awaitable<void> commit_all(store::Transaction transaction) {
        if (!co_await store->commit(std::move(transaction))) std::abort();
    }
    template <typename Call>
    void measure(benchmark::State& state, Call call) {
        for (auto _ : state) {
            spawn([](Call& c) -> asio::awaitable<void> {
                if (!co_await c()) std::abort();
            }(call));
            run();
        }
    }
};

BENCHMARK_DEFINE_F(FullStoreBench, get)(benchmark::State& state) {
    std::uint64_t n = 1;
    measure(state, [&] { return store->get(key(n = (n + 2) % kRecords)); });
}

BENCHMARK_DEFINE_F(FullStoreBench, scan_50)(benchmark::State& state) {
    measure(state, [&] {
        return store->scan({.account = key(0).account,
                            .kind = store::Kind::kFunction,
                            .after_id = key(70'000).id});
    });
}

BENCHMARK_DEFINE_F(FullStoreBench, count)(benchmark::State& state) {
    measure(state, [&] { return store->count(key(0).account, store::Kind::kFunction); });
}

BENCHMARK_REGISTER_F(StoreBench, bare_sync)->UseRealTime();
BENCHMARK_REGISTER_F(StoreBench, commit_alone)->UseRealTime();
BENCHMARK_REGISTER_F(StoreBench, commit_64_writers)->UseRealTime();
BENCHMARK_REGISTER_F(FullStoreBench, get)->UseRealTime();
BENCHMARK_REGISTER_F(FullStoreBench, scan_50)->UseRealTime();
BENCHMARK_REGISTER_F(FullStoreBench, count)->UseRealTime();

}  // namespace
