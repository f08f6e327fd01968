// What recording costs: once an invocation, on its path.

#include <benchmark/benchmark.h>

#include "io/system_clock.h"
#include "telemetry/invocation_metrics.h"

namespace {

using namespace meridian;
using namespace meridian::telemetry;

// One warm invocation of one of `functions`, which are called in turn.
void BM_RecordInvocation(benchmark::State& state) {
    io::SystemClock const clock;
    InvocationMetrics metrics(clock);
    model::AccountId const account{"123456789012"};
    model::Qualifier const live{"live"};
    model::Version const version{"17"};
    std::vector<model::FunctionName> functions;
    for (int i = 0; i < state.range(0); ++i)
        functions.emplace_back("order-service-" + std::to_string(i));
    std::uint32_t spread = 0;
    std::size_t next = 0;
    for (auto _ : state) {
        auto running = metrics.begin({account, functions[next], live, version}, {});
        // A spread as of a function of one or two milliseconds.
        spread = spread * 1'664'525 + 1'013'904'223;
        running.finish({.duration = std::chrono::microseconds(1'000 + (spread >> 22)),
                        .billed_ms = 2,
                        .memory_mb = 128});
        next = next + 1 == functions.size() ? 0 : next + 1;
    }
}
BENCHMARK(BM_RecordInvocation)->Arg(1)->Arg(100)->Arg(1'000);

// The tick of a region whose functions have all been called each second for a quarter of an hour.
void BM_Advance(benchmark::State& state) {
    ManualClock clock;
    InvocationMetrics metrics(clock);
    model::AccountId const account{"123456789012"};
    model::Qualifier const none;
    model::Version const version{"$LATEST"};
    auto const second = [&] {
        for (int i = 0; i < state.range(0); ++i) {
            model::FunctionName const function{"order-service-" + std::to_string(i)};
            metrics.begin({account, function, none, version}, {})
                .finish({.duration = std::chrono::microseconds(1'000 + i)});
        }
        clock.advance(std::chrono::seconds(1));
    };
    for (int i = 0; i < 900; ++i) {
        second();
        metrics.advance();
    }
    for (auto _ : state) {
        state.PauseTiming();
        second();
        state.ResumeTiming();
        metrics.advance();
    }
    state.counters["bytes"] = static_cast<double>(metrics.bytes());
}
BENCHMARK(BM_Advance)->Arg(100)->Arg(1'000)->Iterations(120);

}  // namespace
