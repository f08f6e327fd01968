#include "deploy/driver_region.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/random.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How often alarms and signals are looked at.
constexpr milliseconds kWatchPause{1'000};
constexpr milliseconds kShortestPause{50};
constexpr milliseconds kHookPollPause{200};

std::string alias_path(AliasShift const& shift) {
    return function_path(shift.function, "/aliases/" + shift.name);
}

std::string text_of(json const& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

RegionDriver::RegionDriver(Parts parts)
    : parts_(std::move(parts)),
      bench_{.calls = ServiceCalls(*parts_.shared.apis.at(parts_.region), parts_.shared.pause),
             .package = parts_.package,
             .account = parts_.shared.account} {}

io::Task<> RegionDriver::saved(io::Task<> writing) {
    auto done = co_await std::move(writing);
    if (!done) broken_ = done.error();
    co_return done;
}

RegionApply RegionDriver::applier() {
    return RegionApply(
        {.bench = bench_,
         .work = part().work,
         .journal = [this](WorkStep step) { return saved(parts_.step(std::move(step))); },
         .tell = parts_.tell,
         .may_go_on = parts_.may_go_on});
}

io::Task<> RegionDriver::run() {
    while (is_busy(part().phase)) {
        auto const before = part().phase;
        auto done = co_await step();
        if (auto const lost = parts_.lost()) co_return std::unexpected(*lost);
        if (broken_) {
            // A region that died cannot be worked in; the others' records say so.
            if (before == RegionPhase::kRollingBack || !can_go_back(before)) {
                part().problems.push_back(broken_->message);
                if (before != RegionPhase::kRollingBack) co_return std::unexpected(*broken_);
                done = fail(broken_->code, broken_->message);
            }
            if (broken_->code == Errc::kResourceConflict) co_return std::unexpected(*broken_);
            broken_.reset();
        }
        if (!done) {
            parts_.tell(fmt::format("failed: {}", done.error().message));
            if (before == RegionPhase::kRollingBack) {
                MERIDIAN_CO_CHECK(parts_.move(RegionEvent::kUndoFailed));
            } else {
                part().failure = done.error().message;
                MERIDIAN_CO_CHECK(parts_.move(RegionEvent::kFailed));
            }
        }
        MERIDIAN_CO_CHECK(co_await parts_.save_all());
    }
    co_return Result<void>{};
}

io::Task<> RegionDriver::step() {
    auto const phase = part().phase;
    if (phase == RegionPhase::kRollingBack) {
        MERIDIAN_CO_TRY(auto problems, co_await roll_back());
        bool const stuck = !problems.empty();
        part().problems = std::move(problems);
        co_return parts_.move(stuck ? RegionEvent::kUndoFailed : RegionEvent::kUndone);
    }
    struct Work {
        RegionPhase phase;
        io::Task<> (RegionDriver::*run)();
        RegionEvent then;
    };
    static constexpr Work kWorks[] = {
        {RegionPhase::kApplying, &RegionDriver::apply, RegionEvent::kApplied},
        {RegionPhase::kBeforeHooks, &RegionDriver::run_before_hooks, RegionEvent::kHooksPassed},
        {RegionPhase::kShifting, &RegionDriver::shift, RegionEvent::kShifted},
        {RegionPhase::kAfterHooks, &RegionDriver::run_after_hooks, RegionEvent::kHooksPassed},
        {RegionPhase::kBaking, &RegionDriver::bake, RegionEvent::kBaked},
        {RegionPhase::kCleaning, &RegionDriver::clean, RegionEvent::kCleaned},
    };
    for (auto const& work : kWorks) {
        if (work.phase != phase) continue;
        MERIDIAN_CO_CHECK(co_await (this->*work.run)());
        co_return parts_.move(work.then);
    }
    co_return fail(Errc::kInternal, "There is nothing to do in this phase.");
}

io::Task<> RegionDriver::run_before_hooks() { return run_hooks("BeforeAllowTraffic"); }
io::Task<> RegionDriver::run_after_hooks() { return run_hooks("AfterAllowTraffic"); }

io::Task<> RegionDriver::apply() {
    auto apply = applier();
    MERIDIAN_CO_CHECK(co_await apply.apply(part().plan));
    MERIDIAN_CO_CHECK(
        co_await apply.set_head(part().stack, parts_.rollout.id, parts_.rollout.source));
    co_return prepare_shifts();
}

// Which aliases move, now that every version has its number.
Result<void> RegionDriver::prepare_shifts() {
    auto& mine = part();
    mine.shifts.clear();
    auto const known = mine.work.now.known();
    for (auto const& wished : mine.stack.shifts) {
        auto const* const change = mine.plan.find(wished.alias);
        auto const* const alias = mine.work.now.find(wished.alias);
        if (change == nullptr || alias == nullptr || !change->shifts) continue;
        MERIDIAN_TRY(auto const properties, resolve(change->properties, known));
        AliasShift shift{.alias = wished.alias,
                         .function = alias->properties.value("FunctionName", ""),
                         .name = alias->properties.value("Name", ""),
                         .from = alias->properties.value("FunctionVersion", ""),
                         .to = text_of(properties["FunctionVersion"]),
                         .type = wished.type};
        if (shift.from == shift.to) continue;
        MERIDIAN_TRY(shift.steps, parse_traffic_shift(wished.type));
        for (auto const& reference : wished.alarms) {
            MERIDIAN_TRY(auto alarm, resolve(reference, known));
            shift.alarms.push_back(std::move(alarm));
        }
        auto const hook = [&](std::optional<json> const& given) -> Result<std::string> {
            if (!given) return std::string();
            MERIDIAN_TRY(auto const name, resolve(*given, known));
            return text_of(name);
        };
        MERIDIAN_TRY(shift.before_hook, hook(wished.before_allow_traffic));
        MERIDIAN_TRY(shift.after_hook, hook(wished.after_allow_traffic));
        shift.due = parts_.shared.clock.wall_now();
        mine.shifts.push_back(std::move(shift));
    }
    return {};
}

io::Task<> RegionDriver::run_hooks(std::string event) {
    for (std::size_t i = 0; i < part().shifts.size(); ++i) {
        auto const& shift = part().shifts[i];
        auto const function = event == "BeforeAllowTraffic" ? shift.before_hook : shift.after_hook;
        if (function.empty()) continue;
        MERIDIAN_CO_CHECK(co_await run_hook(function, event));
    }
    co_return Result<void>{};
}

// A hook that two aliases share answers once.
io::Task<> RegionDriver::run_hook(std::string function, std::string event) {
    auto& hooks = part().hooks;
    auto const same = [&](HookRun const& each) {
        return each.function == function && each.event == event;
    };
    auto found = std::ranges::find_if(hooks, same);
    if (found == hooks.end()) {
        hooks.push_back({.id = make_uuid(parts_.shared.random),
                         .function = function,
                         .event = event,
                         .begun = parts_.shared.clock.wall_now()});
        MERIDIAN_CO_CHECK(co_await saved(parts_.save({})));  // it may answer at once
    }
    auto const at = static_cast<std::size_t>(std::ranges::find_if(hooks, same) - hooks.begin());
    parts_.tell(fmt::format("{} hook {}", event, function));
    if (!hooks[at].invoked) {
        MERIDIAN_CO_CHECK(parts_.may_go_on());
        MERIDIAN_CO_CHECK(co_await invoke_hook(hooks[at].id, function));
        part().hooks[at].invoked = true;
        MERIDIAN_CO_CHECK(co_await saved(parts_.save({})));
    }
    for (std::size_t pauses = 0;; ++pauses) {
        auto const& signals = parts_.shared.store.signals();
        auto& hook = part().hooks[at];
        if (auto const answer = signals.hooks.find(hook.id); answer != signals.hooks.end())
            hook.status = answer->second;
        if (hook.status == "Succeeded") co_return Result<void>{};
        if (hook.status == "Failed") {
            co_return fail(Errc::kResourceConflict,
                           fmt::format("the {} hook {} says Failed", event, function));
        }
        MERIDIAN_CO_CHECK(parts_.may_go_on());
        if (parts_.shared.clock.wall_now() - hook.begun > kHookLongest) {
            co_return fail(Errc::kDeadlineExceeded,
                           fmt::format("the {} hook {} has not answered within {} minutes", event,
                                       function, kHookLongest / std::chrono::minutes(1)));
        }
        if (pauses == 1) {
            parts_.tell(
                fmt::format("{} has ended and not said how: waiting for its "
                            "PutLifecycleEventHookExecutionStatus, {} minutes at most",
                            function, kHookLongest / std::chrono::minutes(1)));
        }
        MERIDIAN_CO_CHECK(co_await parts_.shared.pause(kHookPollPause));
        // The answer comes with it. For how long no region may be silent, the lease says.
        auto const heard = co_await parts_.shared.store.renew(parts_.rollout.id);
        if (!heard && heard.error().code != Errc::kUnavailable)
            co_return std::unexpected(heard.error());
    }
}

io::Task<> RegionDriver::invoke_hook(std::string id, std::string function) {
    auto const reference = function_reference(function);
    json payload = {{"DeploymentId", parts_.rollout.id}, {"LifecycleEventHookExecutionId", id}};
    auto const target =
        function_path(reference.name, "/invocations") + qualifier_query(reference.qualifier);
    auto const answer =
        co_await bench_.calls.api().rest("lambda", "POST", target, std::move(payload));
    if (!answer) {
        co_return fail(answer.error().code,
                       fmt::format("the hook {}: {}", function, answer.error().message));
    }
    if (!answer->ok()) co_return std::unexpected(error_of("the hook " + function, *answer));
    if (!answer->function_error.empty()) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("the hook {} failed ({}): {}", function, answer->function_error,
                                   answer->body.dump()));
    }
    co_return Result<void>{};
}

io::Task<std::optional<WorkStep>> RegionDriver::set_weights(AliasShift& shift) {
    auto const percent = shift.steps[shift.next].percent;
    json body = {{"FunctionVersion", shift.from},
                 {"RoutingConfig", {{"AdditionalVersionWeights", {{shift.to, percent / 100.0}}}}}};
    if (percent == 100) {
        body = {{"FunctionVersion", shift.to},
                {"RoutingConfig", {{"AdditionalVersionWeights", json::object()}}}};
    }
    parts_.tell(fmt::format("{}:{}: {}% of the traffic to version {}", shift.function, shift.name,
                            percent, shift.to));
    MERIDIAN_CO_CHECK(
        co_await bench_.calls.lambda("UpdateAlias", "PUT", alias_path(shift), std::move(body)));
    auto const* const alias = part().work.now.find(shift.alias);
    if (percent != 100 || alias == nullptr) co_return std::nullopt;
    auto moved = *alias;
    moved.properties["FunctionVersion"] = shift.to;
    moved.properties["RoutingConfig"] = json::object();
    WorkStep step{.now = {std::move(moved)}};
    take_step(part().work, step);
    co_return std::optional(std::move(step));
}

io::Task<> RegionDriver::prove(AliasShift& shift) {
    if (parts_.shared.alarms == nullptr || shift.steps.size() < 2) co_return Result<void>{};
    auto const count = co_await parts_.shared.alarms->invocations(
        bench_.calls, shift.function, shift.name, shift.to, shift.begun);
    if (!count || !*count) co_return Result<void>{};
    shift.proven = **count > 0;
    if (!*shift.proven) {
        part().unproven.push_back(
            fmt::format("{}:{}: nobody called version {} before it got all of the traffic",
                        shift.function, shift.name, shift.to));
        parts_.tell("unproven: " + part().unproven.back());
    }
    co_return Result<void>{};
}

io::Task<> RegionDriver::shift() {
    for (;;) {
        MERIDIAN_CO_CHECK(parts_.may_go_on());
        auto const now = parts_.shared.clock.wall_now();
        std::optional<WallTime> next;
        for (std::size_t i = 0; i < part().shifts.size(); ++i) {
            auto& shift = part().shifts[i];
            if (shift.is_over()) continue;
            if (shift.due > now) {
                next = std::min(next.value_or(shift.due), shift.due);
                continue;
            }
            if (shift.next == 0) shift.begun = now;
            bool const last = shift.next + 1 == shift.steps.size();
            if (last) {
                // Before an only step there is nothing to have data of.
                auto const early = shift.steps.size() < 2;
                MERIDIAN_CO_CHECK(
                    co_await check_alarms(early ? NoData::kIsEarly : NoData::kIsUnhealthy));
                MERIDIAN_CO_CHECK(co_await prove(shift));
            }
            MERIDIAN_CO_TRY(auto step, co_await set_weights(shift));
            shift.due = parts_.shared.clock.wall_now() + shift.steps[shift.next].stays;
            ++shift.next;
            MERIDIAN_CO_CHECK(co_await saved(parts_.save(std::move(step))));
            if (!shift.is_over()) next = std::min(next.value_or(shift.due), shift.due);
        }
        if (!next) co_return Result<void>{};
        MERIDIAN_CO_CHECK(co_await watch_until(*next));
    }
}

io::Task<> RegionDriver::watch_until(WallTime until) {
    MERIDIAN_CO_CHECK(co_await check_alarms(NoData::kIsEarly));
    auto const left = std::chrono::ceil<milliseconds>(until - parts_.shared.clock.wall_now());
    co_return co_await parts_.shared.pause(std::clamp(left, kShortestPause, kWatchPause));
}

io::Task<> RegionDriver::check_alarms(NoData no_data) {
    for (std::size_t i = 0; i < part().shifts.size(); ++i) {
        for (auto const& name : std::vector(part().shifts[i].alarms)) {
            MERIDIAN_CO_CHECK(co_await check_alarm(name, no_data));
        }
    }
    co_return Result<void>{};
}

io::Task<> RegionDriver::check_alarm(json name, NoData no_data) {
    auto const alarm = text_of(name);
    json properties;
    for (auto const& resource : part().work.now.resources) {
        if (resource.type == "AWS::CloudWatch::Alarm" && resource.physical_id == alarm)
            properties = resource.properties;
    }
    if (properties.is_null()) {
        co_return fail(Errc::kInvalidParameterValue,
                       fmt::format("the alarm {} is none of this stack's", alarm));
    }
    if (parts_.shared.alarms == nullptr) {
        co_return fail(
            Errc::kNotImplemented,
            fmt::format("the alarm {} cannot be evaluated here: the region keeps no metrics",
                        alarm));
    }
    MERIDIAN_CO_TRY(auto const state,
                    co_await parts_.shared.alarms->evaluate(bench_.calls, properties));
    if (state == AlarmState::kAlarm)
        co_return fail(Errc::kResourceConflict, fmt::format("the alarm {} is on", alarm));
    if (state == AlarmState::kInsufficientData && no_data == NoData::kIsUnhealthy) {
        co_return fail(
            Errc::kResourceConflict,
            fmt::format("the alarm {} has no data, which is not healthy: watch for longer than its "
                        "Period, or say with TreatMissingData: notBreaching that no data is well",
                        alarm));
    }
    co_return Result<void>{};
}

io::Task<> RegionDriver::bake() {
    auto& mine = part();
    if (!mine.bakes_until) {
        mine.bakes_until = parts_.shared.clock.wall_now() + seconds(parts_.rollout.bake_seconds);
        MERIDIAN_CO_CHECK(co_await saved(parts_.save({})));
    }
    if (parts_.rollout.bake_seconds > 0)
        parts_.tell(fmt::format("bakes for {} s", parts_.rollout.bake_seconds));
    while (parts_.shared.clock.wall_now() < *part().bakes_until) {
        MERIDIAN_CO_CHECK(parts_.may_go_on());
        MERIDIAN_CO_CHECK(co_await watch_until(*part().bakes_until));
    }
    MERIDIAN_CO_CHECK(parts_.may_go_on());
    bool const watched = parts_.rollout.bake_seconds > 0;
    co_return co_await check_alarms(watched ? NoData::kIsUnhealthy : NoData::kIsEarly);
}

io::Task<> RegionDriver::clean() {
    auto apply = applier();
    MERIDIAN_CO_CHECK(co_await apply.clean());
    for (auto const& leftover : part().work.now.leftovers) {
        part().problems.push_back(fmt::format("{} {} could not be removed: {}",
                                              short_type(leftover.resource.type),
                                              leftover.resource.physical_id, leftover.why));
    }
    co_return Result<void>{};
}

// Before anything else: callers get what worked.
io::Task<> RegionDriver::traffic_back(std::vector<std::string>& problems) {
    for (std::size_t i = 0; i < part().shifts.size(); ++i) {
        auto& shift = part().shifts[i];
        if (shift.next == 0) continue;
        parts_.tell(fmt::format("{}:{}: all of the traffic back to version {}", shift.function,
                                shift.name, shift.from));
        json body = {{"FunctionVersion", shift.from},
                     {"RoutingConfig", {{"AdditionalVersionWeights", json::object()}}}};
        auto const done =
            co_await bench_.calls.lambda("UpdateAlias", "PUT", alias_path(shift), std::move(body));
        if (!done) {
            problems.push_back(fmt::format("{}:{} still has traffic on version {}: {}",
                                           shift.function, shift.name, shift.to,
                                           done.error().message));
            continue;
        }
        shift.next = 0;
        MERIDIAN_CO_CHECK(co_await saved(parts_.save({})));
    }
    co_return Result<void>{};
}

io::Task<std::vector<std::string>> RegionDriver::roll_back() {
    std::vector<std::string> problems;
    MERIDIAN_CO_CHECK(co_await traffic_back(problems));
    auto apply = applier();
    MERIDIAN_CO_TRY(auto const others, co_await apply.roll_back());
    problems.insert(problems.end(), others.begin(), others.end());
    co_return problems;
}

}  // namespace meridian::deploy
