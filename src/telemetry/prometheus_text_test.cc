#include "telemetry/prometheus_text.h"

#include <array>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/invocation_exposition.h"

namespace meridian::telemetry {
namespace {

using namespace std::chrono_literals;
using Type = PrometheusText::Type;

TEST(PrometheusText, WritesFamiliesWithEscapedLabels) {
    PrometheusText out(1'000);
    out.family("a_total", Type::kCounter, "How \"many\"\nper C:\\");
    std::array<PrometheusLabel, 2> const labels{{{"x", "quote \" slash \\ line \n"}, {"y", ""}}};
    out.sample(labels, std::uint64_t{18'446'744'073'709'551'615U});
    out.family("b", Type::kGauge, "b");
    out.sample({}, 0.1);
    out.sample({}, std::numeric_limits<double>::infinity());
    out.sample({}, std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(out.take(),
              "# HELP a_total How \"many\"\\nper C:\\\\\n# TYPE a_total counter\n"
              "a_total{x=\"quote \\\" slash \\\\ line \\n\",y=\"\"} 18446744073709551615\n"
              "# HELP b b\n# TYPE b gauge\nb 0.1\nb +Inf\nb NaN\n");
}

TEST(PrometheusText, LeavesOutWholeSamplesWhenThereIsNoRoom) {
    PrometheusText out(40);
    out.family("a", Type::kGauge, "a");
    out.sample({}, 1.0);
    std::array<PrometheusLabel, 1> const labels{{{"x", std::string_view("0123456789")}}};
    out.sample(labels, 1.0);
    out.sample({}, 2.0);
    EXPECT_EQ(out.omitted(), 1U);
    EXPECT_EQ(out.take(), "# HELP a a\n# TYPE a gauge\na 1\na 2\n");
}

TEST(InvocationExposition, CountsSinceTheStart) {
    ManualClock const clock;
    InvocationMetrics metrics(clock);
    model::AccountId const account{"123456789012"};
    model::FunctionName const function{"f"};
    model::Qualifier const live{"live"};
    model::Version const version{"7"};
    InvocationTarget const target{account, function, live, version};
    metrics.begin(target, {}).finish({.duration = 2ms, .billed_ms = 2, .memory_mb = 512});
    metrics.begin(target, {}).finish({.duration = 901s, .error = true});
    metrics.throttled(target);
    auto const running = metrics.begin(target, {});
    PrometheusText out(100'000);
    expose_invocations({{model::RegionName{"us-east-1"}, metrics}}, out);
    auto const text = out.take();
    auto const labels =
        R"(region="us-east-1",account="123456789012",function="f",resource="f:live")";
    auto const one = [&](std::string const& name, std::string const& more, char const* value) {
        auto const line = name + "{" + labels + more + "} " + value + "\n";
        EXPECT_THAT(text, testing::HasSubstr("\n" + line));
    };
    auto const lambda = std::string("meridian_lambda_");
    auto const executed = std::string(R"(,executed_version="7")");
    one(lambda + "invocations_total", executed, "2");
    one(lambda + "errors_total", executed, "1");
    one(lambda + "throttles_total", executed, "1");
    one(lambda + "billed_gb_seconds_total", executed, "0.001");
    one(lambda + "concurrent_executions", "", "1");
    one(lambda + "duration_seconds_bucket", executed + R"(,le="0.001")", "0");
    one(lambda + "duration_seconds_bucket", executed + R"(,le="0.0025")", "1");
    one(lambda + "duration_seconds_bucket", executed + R"(,le="900")", "1");
    one(lambda + "duration_seconds_bucket", executed + R"(,le="+Inf")", "2");
    one(lambda + "duration_seconds_sum", executed, "901.002");
    one(lambda + "duration_seconds_count", executed, "2");
}

}  // namespace
}  // namespace meridian::telemetry
