// What a sandbox costs: from create() to the first byte that a static program writes inside,
// against plain fork and exec of the same program in the same run. Run as
//   src/sandbox/run_under_jailer.sh root build/release/bin meridian_sandbox_bench
// Percentiles are over the iterations, in microseconds.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/jailer_client.h"

namespace meridian::sandbox {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct World {
    boost::asio::io_context context;
    std::unique_ptr<JailerClient> client;
    std::string task;

    template <typename T>
    Result<T> run(io::Task<T> work) {
        std::optional<Result<T>> outcome;
        boost::asio::co_spawn(context, std::move(work),
                              [&](std::exception_ptr e, Result<T> result) {
                                  if (e) std::rethrow_exception(e);
                                  outcome = std::move(result);
                              });
        context.restart();
        while (!outcome) context.run_one();
        return std::move(*outcome);
    }

    // Null outside of a jailer.
    static World* get() {
        static std::unique_ptr<World> const world = []() -> std::unique_ptr<World> {
            auto peer = JailerClient::take_peer_from_environment();
            char const* const task = std::getenv("MERIDIAN_TEST_TASK");
            if (!peer || task == nullptr) return nullptr;
            auto made = std::make_unique<World>();
            made->task = task;
            auto client =
                made->run(JailerClient::connect(made->context.get_executor(), std::move(*peer)));
            if (!client) return nullptr;
            made->client = std::move(*client);
            return made;
        }();
        return world.get();
    }
};

SandboxSpec spec_of(World const& world) {
    SandboxSpec spec;
    spec.memory_bytes = 128UL << 20;
    spec.cpu_milli = 1000;
    spec.processes = 1024;
    spec.tmp_bytes = 512UL << 20;
    spec.mounts.push_back(
        {io::UniqueFd(::open(world.task.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), "/var/task"});
    return spec;
}

void report(benchmark::State& state, std::string const& name, std::vector<double> micros) {
    if (micros.empty()) return;
    std::ranges::sort(micros);
    auto const at = [&](double q) {
        return micros[std::min(micros.size() - 1,
                               static_cast<std::size_t>(q * static_cast<double>(micros.size())))];
    };
    state.counters[name + "_p50"] = at(0.50);
    state.counters[name + "_p99"] = at(0.99);
}

double micros_since(SteadyClock::time_point start) {
    return std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count();
}

void fork_and_exec(benchmark::State& state) {
    auto* const world = World::get();
    if (world == nullptr) return state.SkipWithError("needs run_under_jailer.sh");
    std::string const program = world->task + "/bootstrap";
    std::vector<double> times;
    for (auto _ : state) {
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return state.SkipWithError("pipe");
        auto const start = SteadyClock::now();
        pid_t const child = ::fork();
        if (child == 0) {
            ::dup2(pipe[1], 1);
            ::execl(program.c_str(), program.c_str(), "echo", "x", nullptr);
            ::_exit(127);
        }
        ::close(pipe[1]);
        char byte = 0;
        if (::read(pipe[0], &byte, 1) != 1) return state.SkipWithError("no byte");
        times.push_back(micros_since(start));
        ::close(pipe[0]);
        ::waitpid(child, nullptr, 0);
    }
    report(state, "byte", std::move(times));
}

// `pause`: time for the jailer to fill its pool, as between two cold starts of a quiet service.
void create_to_first_byte(benchmark::State& state) {
    auto* const world = World::get();
    if (world == nullptr) return state.SkipWithError("needs run_under_jailer.sh");
    auto const pause = std::chrono::milliseconds(state.range(0));
    std::vector<double> created;
    std::vector<double> first_byte;
    for (auto _ : state) {
        auto const start = SteadyClock::now();
        auto sandbox = world->run(world->client->create(spec_of(*world)));
        if (!sandbox) return state.SkipWithError(sandbox.error().message.c_str());
        created.push_back(micros_since(start));
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return state.SkipWithError("pipe");
        io::UniqueFd const read_end(pipe[0]);
        RuntimeCommand command;
        command.argv = {"/var/task/bootstrap", "echo", "x"};
        command.output.reset(pipe[1]);
        if (!world->run((*sandbox)->start(std::move(command)))) return state.SkipWithError("start");
        char byte = 0;
        if (::read(read_end.get(), &byte, 1) != 1) return state.SkipWithError("no byte");
        first_byte.push_back(micros_since(start));
        if (!world->run((*sandbox)->wait_exit())) return state.SkipWithError("exit");
        sandbox->reset();
        if (pause.count() > 0) {
            state.PauseTiming();
            std::ignore = world->run([](std::chrono::milliseconds time) -> io::Task<> {
                boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
                co_await timer.async_wait(io::kNoThrow);
                co_return Result<void>{};
            }(pause));
            state.ResumeTiming();
        }
    }
    report(state, "created", std::move(created));
    report(state, "byte", std::move(first_byte));
}

void freeze_and_thaw(benchmark::State& state) {
    auto* const world = World::get();
    if (world == nullptr) return state.SkipWithError("needs run_under_jailer.sh");
    auto sandbox = world->run(world->client->create(spec_of(*world)));
    if (!sandbox) return state.SkipWithError(sandbox.error().message.c_str());
    for (auto _ : state) {
        if (!(*sandbox)->freeze() || !(*sandbox)->thaw()) return state.SkipWithError("freezer");
    }
}

// Many at once, all alive at the end: how fast can a burst be met?
void create_many(benchmark::State& state) {
    auto* const world = World::get();
    if (world == nullptr) return state.SkipWithError("needs run_under_jailer.sh");
    auto const count = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        std::vector<std::unique_ptr<Sandbox>> alive;
        std::size_t failed = 0;
        world->context.restart();
        for (std::size_t i = 0; i < count; ++i) {
            boost::asio::co_spawn(world->context, world->client->create(spec_of(*world)),
                                  [&](std::exception_ptr, Result<std::unique_ptr<Sandbox>> made) {
                                      if (made) {
                                          alive.push_back(std::move(*made));
                                      } else if (failed++ == 0) {
                                          std::fprintf(stderr, "%s\n",
                                                       made.error().message.c_str());
                                      }
                                  });
        }
        while (alive.size() + failed < count) world->context.run_one();
        state.counters["failed"] = static_cast<double>(failed);
    }
    state.counters["per_second"] =
        benchmark::Counter(static_cast<double>(count) * static_cast<double>(state.iterations()),
                           benchmark::Counter::kIsRate);
}

BENCHMARK(fork_and_exec)->Iterations(200)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(create_to_first_byte)
    ->Arg(20)
    ->Arg(0)
    ->Iterations(200)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(fork_and_exec)->Iterations(200)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(freeze_and_thaw)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(create_many)->Arg(100)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(create_many)->Arg(1000)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace meridian::sandbox
