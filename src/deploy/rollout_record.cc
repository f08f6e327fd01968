#include "deploy/rollout_record.h"

#include <algorithm>

#include <fmt/format.h>

#include "deploy/plan_json.h"
#include "deploy/record_number.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

std::int64_t number_of(WallTime time) {
    return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// No record of ours says anything later: 9999-12-31T23:59:59.999Z.
constexpr std::uint64_t kMillisecondsMax = 253'402'300'799'999;
// It rises by one with a write, and must go on rising.
constexpr std::uint64_t kSequenceMax = UINT64_MAX / 2;
constexpr std::uint64_t kWaveMax = 1'000;  // more than there are regions

WallTime time_of(json const& text, char const* member) {
    return WallTime{
        std::chrono::milliseconds(optional_record_number(text, member, kMillisecondsMax))};
}

TrafficStep step_of(json const& text) {
    TrafficStep const out{.percent = static_cast<int>(record_number(text, "Percent", 100)),
                          .stays = std::chrono::seconds(record_number(
                              text, "Seconds", std::chrono::seconds(kShiftLongest).count()))};
    require_record(out.percent > 0, "Percent");
    return out;
}

json to_json(AliasShift const& shift) {
    json steps = json::array();
    for (auto const& step : shift.steps)
        steps.push_back({{"Percent", step.percent}, {"Seconds", step.stays.count()}});
    json out = {{"Alias", shift.alias},
                {"Function", shift.function},
                {"Name", shift.name},
                {"From", shift.from},
                {"To", shift.to},
                {"Type", shift.type},
                {"Steps", std::move(steps)},
                {"Next", shift.next},
                {"Due", number_of(shift.due)},
                {"Begun", number_of(shift.begun)},
                {"Alarms", shift.alarms},
                {"BeforeHook", shift.before_hook},
                {"AfterHook", shift.after_hook}};
    if (shift.proven) out["Proven"] = *shift.proven;
    return out;
}

AliasShift alias_shift_of(json const& text) {
    AliasShift out{.alias = text.at("Alias").get<std::string>(),
                   .function = text.at("Function").get<std::string>(),
                   .name = text.at("Name").get<std::string>(),
                   .from = text.at("From").get<std::string>(),
                   .to = text.at("To").get<std::string>(),
                   .type = text.value("Type", "")};
    for (auto const& step : text.at("Steps")) out.steps.push_back(step_of(step));
    require_record(!out.steps.empty(), "Steps");
    out.next = record_number(text, "Next", out.steps.size());
    out.due = time_of(text, "Due");
    out.begun = time_of(text, "Begun");
    out.alarms = text.value("Alarms", std::vector<json>());
    out.before_hook = text.value("BeforeHook", "");
    out.after_hook = text.value("AfterHook", "");
    if (text.contains("Proven")) out.proven = text["Proven"].get<bool>();
    return out;
}

json to_json(HookRun const& hook) {
    return {{"Id", hook.id},         {"Function", hook.function},
            {"Event", hook.event},   {"Invoked", hook.invoked},
            {"Status", hook.status}, {"Begun", number_of(hook.begun)}};
}

HookRun hook_of(json const& text) {
    return {.id = text.at("Id").get<std::string>(),
            .function = text.at("Function").get<std::string>(),
            .event = text.at("Event").get<std::string>(),
            .invoked = text.value("Invoked", false),
            .status = text.value("Status", "Pending"),
            .begun = time_of(text, "Begun")};
}

// What changes while the execution runs.
json progress_of(RegionPart const& part) {
    json shifts = json::array();
    for (auto const& shift : part.shifts) shifts.push_back(to_json(shift));
    json hooks = json::array();
    for (auto const& hook : part.hooks) hooks.push_back(to_json(hook));
    json out = {{"Phase", std::string(name_of(part.phase))},
                {"Sequence", part.sequence},
                {"Shifts", std::move(shifts)},
                {"Hooks", std::move(hooks)},
                {"Failure", part.failure},
                {"Problems", part.problems},
                {"Unproven", part.unproven}};
    if (part.bakes_until) out["BakesUntil"] = number_of(*part.bakes_until);
    return out;
}

json to_json(RegionPart const& part) {
    auto out = progress_of(part);
    out["Work"] = to_json(part.work);
    out["Wave"] = part.wave;
    out["Stack"] = to_json(part.stack);
    out["Plan"] = to_json(part.plan);
    return out;
}

Result<RegionPart> part_of(json const& text) {
    RegionPart out;
    out.wave = record_number(text, "Wave", kWaveMax);
    MERIDIAN_TRY(out.phase, parse_region_phase(text.at("Phase").get<std::string>()));
    out.sequence = record_number(text, "Sequence", kSequenceMax);
    MERIDIAN_TRY(out.stack, parse_stack(text.at("Stack")));
    MERIDIAN_TRY(out.plan, parse_plan(text.at("Plan")));
    MERIDIAN_TRY(out.work, parse_region_work(text.at("Work")));
    for (auto const& shift : text.at("Shifts")) out.shifts.push_back(alias_shift_of(shift));
    for (auto const& hook : text.at("Hooks")) out.hooks.push_back(hook_of(hook));
    out.failure = text.value("Failure", "");
    out.problems = text.value("Problems", std::vector<std::string>());
    out.unproven = text.value("Unproven", std::vector<std::string>());
    if (text.contains("BakesUntil")) out.bakes_until = time_of(text, "BakesUntil");
    return out;
}

}  // namespace

int AliasShift::percent() const { return next == 0 ? 0 : steps[next - 1].percent; }

std::vector<RegionState> RolloutRecord::states() const {
    std::vector<RegionState> out;
    for (auto const& [name, part] : regions) out.push_back({name, part.wave, part.phase});
    return out;
}

json to_json(RolloutRecord const& rollout) {
    json regions = json::object();
    for (auto const& [name, part] : rollout.regions) regions[name] = to_json(part);
    return {{"Format", kRolloutFormat},
            {"Id", rollout.id},
            {"Stack", rollout.stack},
            {"Source", rollout.source},
            {"BakeSeconds", rollout.bake_seconds},
            {"RollBackEarlierWaves", rollout.roll_back_earlier_waves},
            {"RemovesStack", rollout.removes_stack},
            {"Packages", rollout.packages},
            {"Regions", std::move(regions)}};
}

json progress_of(RolloutRecord const& rollout, std::string_view with_work_of) {
    json out = json::object();
    for (auto const& [name, part] : rollout.regions) {
        out[name] = progress_of(part);
        if (name == with_work_of) out[name]["Work"] = to_json(part.work);
    }
    return out;
}

json step_record(std::string_view region, WorkStep const& step) {
    return {{"Region", region}, {"Work", to_json(step)}};
}

Result<void> take_steps(RolloutRecord& rollout, json const& steps) {
    try {
        for (auto const& each : steps) {
            auto const number = record_number(each, "Number", kSequenceMax);
            auto const& text = each.at("Step");
            auto const found = rollout.regions.find(text.at("Region").get<std::string>());
            require_record(found != rollout.regions.end(), "Region");
            MERIDIAN_TRY(auto const step, parse_work_step(text.at("Work")));
            take_step(found->second.work, step);
            found->second.sequence = std::max(found->second.sequence, number);
        }
    } catch (json::exception const& error) {
        return fail(Errc::kCorrupt,
                    fmt::format("A step of the rollout cannot be read: {}", error.what()));
    }
    return {};
}

Result<RolloutRecord> parse_rollout(json const& text) {
    try {
        if (auto const format = record_number(text, "Format", UINT64_MAX);
            format == 0 || format > kRolloutFormat) {
            return fail(Errc::kNotImplemented,
                        fmt::format("The rollout's record has format {}; this program knows 1 to "
                                    "{}.",
                                    format, kRolloutFormat));
        }
        RolloutRecord out{
            .id = text.at("Id").get<std::string>(),
            .stack = text.at("Stack").get<std::string>(),
            .source = text.value("Source", json()),
            .bake_seconds = optional_record_number(text, "BakeSeconds", kBakeSecondsMax)};
        out.roll_back_earlier_waves = text.value("RollBackEarlierWaves", false);
        out.removes_stack = text.value("RemovesStack", false);
        out.packages = text.value("Packages", std::vector<std::string>());
        for (auto const& [name, part] : text.at("Regions").items()) {
            MERIDIAN_TRY(out.regions[name], part_of(part));
        }
        return out;
    } catch (json::exception const& error) {
        return fail(Errc::kCorrupt,
                    fmt::format("The rollout's record cannot be read: {}", error.what()));
    }
}

json summary_of(RolloutRecord const& rollout) {
    json regions = json::object();
    for (auto const& [name, part] : rollout.regions) {
        json shifts = json::array();
        for (auto const& shift : part.shifts) {
            json one = {{"Alias", shift.function + ":" + shift.name},
                        {"From", shift.from},
                        {"To", shift.to},
                        {"Percent", shift.percent()}};
            if (shift.proven) one["Proven"] = *shift.proven;
            shifts.push_back(std::move(one));
        }
        json hooks = json::array();
        for (auto const& hook : part.hooks) {
            hooks.push_back(
                {{"Function", hook.function}, {"Event", hook.event}, {"Status", hook.status}});
        }
        std::size_t changes = 0;
        for (auto const& change : part.plan.changes)
            changes += change.action != ChangeAction::kNothing ? 1U : 0U;
        regions[name] = {{"Wave", part.wave},         {"Phase", std::string(name_of(part.phase))},
                         {"Changes", changes},        {"Shifts", std::move(shifts)},
                         {"Hooks", std::move(hooks)}, {"Failure", part.failure},
                         {"Problems", part.problems}, {"Unproven", part.unproven}};
    }
    return {{"Source", rollout.source},
            {"BakeSeconds", rollout.bake_seconds},
            {"RemovesStack", rollout.removes_stack},
            {"Regions", std::move(regions)}};
}

RolloutRecord merge(RolloutRecord left, RolloutRecord const& right) {
    for (auto const& [name, part] : right.regions) {
        auto const found = left.regions.find(name);
        if (found == left.regions.end() || found->second.sequence < part.sequence)
            left.regions[name] = part;
    }
    return left;
}

}  // namespace meridian::deploy
