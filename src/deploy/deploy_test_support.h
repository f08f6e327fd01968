#pragma once
// What the engine's tests have in common: stacks by hand, two fake regions, and a clock that pauses
// move.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "deploy/driver.h"
#include "deploy/fake_aws_api.h"
#include "deploy/planning.h"

namespace meridian::deploy {

template <typename T>
Result<T> wait_for(io::Task<T> task) {
    asio::io_context context;
    std::optional<Result<T>> outcome;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, Result<T> result) {
        EXPECT_FALSE(e);
        outcome = std::move(result);
    });
    context.run();
    if (!outcome) std::abort();
    return std::move(*outcome);
}

inline nlohmann::json parse(std::string_view text) { return nlohmann::json::parse(text); }

// A role, a function with that code, its version, and an alias on it.
struct StackParts {
    std::string code = "one";
    int memory = 128;
    std::string shift = {};  // a TrafficShift's type
    std::string before_hook = {};
    std::string after_hook = {};
    std::vector<nlohmann::json> alarms = {};
    std::string own_alarm = {};  // the name of an alarm of the stack; empty: none
};
inline PackagedStack make_stack(std::string const& region, StackParts const& parts = {}) {
    PackagedStack out;
    auto const hash = crypto::sha256_base64(parts.code);
    out.packages[hash] = parts.code;
    auto& stack = out.stack;
    stack.name = "shop";
    stack.region = region;
    stack.account = "123456789012";
    auto const add = [&](std::string id, std::string type, nlohmann::json properties) {
        StackResource resource{.logical_id = std::move(id),
                               .type = std::move(type),
                               .properties = std::move(properties)};
        resource.mark = {"template.yaml", static_cast<int>(stack.resources.size()) + 1, 1};
        stack.resources.push_back(std::move(resource));
    };
    add("Role", "AWS::IAM::Role",
        {{"AssumeRolePolicyDocument", parse(R"({"Version":"2012-10-17","Statement":[]})")}});
    add("Function", "AWS::Lambda::Function",
        {{"Code", {{"CodeSha256", hash}}},
         {"Handler", "app.handler"},
         {"Runtime", "python3.11"},
         {"MemorySize", parts.memory},
         {"Role", parse(R"({"Fn::GetAtt":["Role","Arn"]})")}});
    add("Version", "AWS::Lambda::Version", {{"FunctionName", parse(R"({"Ref":"Function"})")}});
    stack.resources.back().auto_publish = true;
    stack.resources.back().deletion_policy = "Retain";
    add("Alias", "AWS::Lambda::Alias",
        {{"FunctionName", parse(R"({"Ref":"Function"})")},
         {"FunctionVersion", parse(R"({"Fn::GetAtt":["Version","Version"]})")},
         {"Name", "live"}});
    if (!parts.own_alarm.empty()) {
        add("Errors", "AWS::CloudWatch::Alarm",
            {{"AlarmName", parts.own_alarm},
             {"Namespace", "AWS/Lambda"},
             {"MetricName", "Errors"},
             {"Statistic", "Sum"},
             {"Period", 1},
             {"EvaluationPeriods", 1},
             {"Threshold", 0},
             {"ComparisonOperator", "GreaterThanThreshold"}});
    }
    if (!parts.shift.empty()) {
        TrafficShift shift{.alias = "Alias", .type = parts.shift};
        if (!parts.before_hook.empty()) shift.before_allow_traffic = parts.before_hook;
        if (!parts.after_hook.empty()) shift.after_allow_traffic = parts.after_hook;
        shift.alarms = parts.alarms;
        stack.shifts.push_back(std::move(shift));
    }
    return out;
}

class FakeAlarms final : public AlarmSource {
  public:
    AlarmState state = AlarmState::kOk;
    std::optional<std::uint64_t> called = 1;

    io::Task<AlarmState> evaluate(ServiceCalls&, nlohmann::json) override { co_return state; }
    io::Task<std::optional<std::uint64_t>> invocations(ServiceCalls&, std::string, std::string,
                                                       std::string, WallTime) override {
        co_return called;
    }
};

// Two regions of one account.
class DeployFixture : public testing::Test {
  protected:
    static constexpr char kFirst[] = "sa-east-1";
    static constexpr char kSecond[] = "us-east-1";

    FakeAccount account;
    FakeFate fate;
    FakeAwsApi first{kFirst, account, fate};
    FakeAwsApi second{kSecond, account, fate};
    ManualClock clock;
    SeededRandom random{1};
    NullLog log;
    FakeAlarms alarms;
    std::vector<std::string> told;
    // Runs whenever something is told, with the text.
    std::function<void(std::string const&)> on_tell;
    // Runs whenever something waits.
    std::function<void()> on_pause;

    [[nodiscard]] std::map<std::string, AwsApi*> apis() {
        return {{kFirst, &first}, {kSecond, &second}};
    }
    [[nodiscard]] Pause pause() {
        return [this](std::chrono::milliseconds time) -> io::Task<> {
            clock.advance(time);
            if (on_pause) on_pause();
            co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            co_return Result<void>{};
        };
    }
    [[nodiscard]] DriverParts driver_parts(RolloutStore& store) {
        return {.apis = apis(),
                .store = store,
                .alarms = &alarms,
                .clock = clock,
                .random = random,
                .log = log,
                .pause = pause(),
                .tell =
                    [this](Progress const& progress) {
                        told.push_back(progress.region + ": " + progress.text);
                        if (on_tell) on_tell(told.back());
                    },
                .account = "123456789012"};
    }

    struct Run {
        Result<RolloutOutcome> outcome = fail(Errc::kInternal, "not run");
        RolloutRecord rollout = {};
    };
    struct RunOptions {
        std::vector<std::vector<std::string>> waves = {{kFirst, kSecond}};
        std::uint64_t bake_seconds = 0;
        bool roll_back_earlier_waves = false;
    };

    Result<std::map<std::string, RegionPlan>> plan(StackParts const& parts,
                                                   std::vector<std::vector<std::string>> waves) {
        RolloutStore store(apis(), "planner");
        PlanningParts const planning{
            .apis = apis(), .store = store, .pause = pause(), .account = "123456789012"};
        std::map<std::string, PackagedStack> wished;
        for (auto const& wave : waves) {
            for (auto const& region : wave) wished[region] = make_stack(region, parts);
        }
        return wait_for(plan_regions(planning, std::move(wished), std::move(waves)));
    }

    Run deploy(StackParts const& parts) { return deploy(parts, {}); }
    Run deploy(StackParts const& parts, RunOptions const& options) {
        Run run;
        auto const plans = plan(parts, options.waves);
        if (!plans) {
            run.outcome = std::unexpected(plans.error());
            return run;
        }
        RolloutStore store(apis(), "driver");
        auto rollout = make_rollout(make_rollout_id(random), "shop", *plans, options.waves);
        rollout.bake_seconds = options.bake_seconds;
        rollout.roll_back_earlier_waves = options.roll_back_earlier_waves;
        PlanningParts const planning{
            .apis = apis(), .store = store, .pause = pause(), .account = "123456789012"};
        auto packages = wait_for(collect_packages(planning, *plans));
        if (!packages) {
            run.outcome = std::unexpected(packages.error());
            return run;
        }
        if (auto const made = wait_for(store.create(rollout)); !made) {
            run.outcome = std::unexpected(made.error());
            return run;
        }
        last_id = rollout.id;
        for (auto const& [hash, bytes] : *packages) {
            if (auto const put = wait_for(store.put_package(rollout.id, hash, bytes)); !put) {
                run.outcome = std::unexpected(put.error());
                return run;
            }
        }
        Driver driver(driver_parts(store), std::move(rollout), std::move(*packages));
        run.outcome = wait_for(driver.run());
        run.rollout = driver.rollout();
        return run;
    }

    // Another machine's driver, which has nothing but the records.
    Run resume() {
        Run run;
        RolloutStore store(apis(), "another");
        auto taken = wait_for(store.take(last_id));
        if (!taken) {
            run.outcome = std::unexpected(taken.error());
            return run;
        }
        Driver driver(driver_parts(store), std::move(*taken), {});
        driver.try_again();
        run.outcome = wait_for(driver.run());
        run.rollout = driver.rollout();
        return run;
    }

    // Of the alias in a region: its version, and its weights.
    static std::string alias_of(FakeAwsApi const& api) {
        if (api.functions.empty()) return "no function";
        auto const& aliases = api.functions.begin()->second.aliases;
        if (aliases.empty()) return "no alias";
        auto const& alias = aliases.begin()->second;
        return alias.value("FunctionVersion", "") +
               (alias.contains("RoutingConfig") ? " " + alias["RoutingConfig"].dump() : "");
    }

    std::string last_id;
};

}  // namespace meridian::deploy
