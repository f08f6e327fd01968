#include "deploy/rollout.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/contains.h"

namespace meridian::deploy {
namespace {

constexpr std::array<std::string_view, kRegionPhases> kPhaseNames = {
    "Waiting",  "Applying", "BeforeHooks", "Shifting",   "AfterHooks", "Baking",  "Ready",
    "Cleaning", "Done",     "RollingBack", "RolledBack", "Stuck",      "Skipped",
};
constexpr std::array<std::string_view, kRegionEvents> kEventNames = {
    "Begin",   "Applied", "HooksPassed", "Shifted", "Baked",      "Clean",
    "Cleaned", "Failed",  "Undo",        "Undone",  "UndoFailed", "Skip",
};

bool is_failure(RegionPhase phase) {
    return phase == RegionPhase::kRolledBack || phase == RegionPhase::kStuck;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size();) {
        auto const end = std::min(text.find(separator, at), text.size());
        out.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

}  // namespace

std::string_view name_of(RegionPhase phase) noexcept {
    return kPhaseNames.at(static_cast<std::size_t>(phase));
}

std::string_view name_of(RegionEvent event) noexcept {
    return kEventNames.at(static_cast<std::size_t>(event));
}

Result<RegionPhase> parse_region_phase(std::string_view name) {
    for (std::size_t i = 0; i < kPhaseNames.size(); ++i) {
        if (kPhaseNames.at(i) == name) return static_cast<RegionPhase>(i);
    }
    return fail(Errc::kCorrupt, fmt::format("{} is no phase of a rollout.", name));
}

bool is_busy(RegionPhase phase) noexcept {
    return !is_over(phase) && phase != RegionPhase::kWaiting && phase != RegionPhase::kReady;
}

bool is_over(RegionPhase phase) noexcept {
    return phase == RegionPhase::kDone || phase == RegionPhase::kRolledBack ||
           phase == RegionPhase::kStuck || phase == RegionPhase::kSkipped;
}

bool can_go_back(RegionPhase phase) noexcept {
    return next_state(kRegionTransitions, phase, RegionEvent::kFailed).has_value();
}

std::string_view name_of(RolloutOutcome outcome) noexcept {
    switch (outcome) {
        case RolloutOutcome::kSucceeded:
            return "Succeeded";
        case RolloutOutcome::kRolledBack:
            return "RolledBack";
        case RolloutOutcome::kAborted:
            return "Aborted";
        case RolloutOutcome::kRollbackFailed:
            return "RollbackFailed";
    }
    return "?";
}

RolloutStep next_step(std::vector<RegionState> const& regions, RolloutPolicy const& policy) {
    RolloutStep step;
    for (auto const& region : regions) {
        if (is_busy(region.phase)) step.run.push_back(region.region);
    }
    if (!step.run.empty()) return step;  // what was cut short goes on first

    auto const any = [&](auto condition) { return std::ranges::any_of(regions, condition); };
    bool const failed = any([](RegionState const& each) { return is_failure(each.phase); });
    bool const waiting =
        any([](RegionState const& each) { return each.phase == RegionPhase::kWaiting; });
    bool const over =
        std::ranges::all_of(regions, [](RegionState const& each) { return is_over(each.phase); });
    // Once everything is clean, an abort comes too late.
    bool const done = std::ranges::all_of(
        regions, [](RegionState const& each) { return each.phase == RegionPhase::kDone; });
    if (over) {
        step.finished = true;
        bool const stuck =
            any([](RegionState const& each) { return each.phase == RegionPhase::kStuck; });
        step.outcome = stuck            ? RolloutOutcome::kRollbackFailed
                       : done           ? RolloutOutcome::kSucceeded
                       : policy.aborted ? RolloutOutcome::kAborted
                                        : RolloutOutcome::kRolledBack;
        return step;
    }
    if (failed || policy.aborted) {
        for (auto const& region : regions) {
            if (region.phase == RegionPhase::kWaiting) {
                step.orders.push_back({region.region, RegionEvent::kSkip});
            } else if (region.phase == RegionPhase::kReady) {
                step.orders.push_back({region.region, policy.roll_back_earlier_waves
                                                          ? RegionEvent::kUndo
                                                          : RegionEvent::kClean});
                step.run.push_back(region.region);
            }
        }
        return step;
    }
    std::size_t wave = 0;
    if (waiting) {
        wave = std::ranges::min(regions, {}, [](RegionState const& each) {
                   return each.phase == RegionPhase::kWaiting ? each.wave : SIZE_MAX;
               }).wave;
    }
    for (auto const& region : regions) {
        if (waiting && (region.phase != RegionPhase::kWaiting || region.wave != wave)) continue;
        if (!waiting && region.phase != RegionPhase::kReady) continue;
        step.orders.push_back({region.region, waiting ? RegionEvent::kBegin : RegionEvent::kClean});
        step.run.push_back(region.region);
    }
    return step;
}

Result<std::vector<std::vector<std::string>>> parse_waves(std::string_view text,
                                                          std::vector<std::string> const& regions) {
    if (text.empty()) return std::vector<std::vector<std::string>>(1, regions);
    std::vector<std::vector<std::string>> waves;
    std::vector<std::string> seen;
    for (auto const& wave : split(text, ';')) {
        waves.push_back(split(wave, ','));
        for (auto const& region : waves.back()) {
            if (!contains(regions, region)) {
                return fail(Errc::kInvalidParameterValue,
                            fmt::format("--waves names '{}', which is not in --regions.", region));
            }
            if (contains(seen, region)) {
                return fail(Errc::kInvalidParameterValue,
                            fmt::format("--waves names {} twice.", region));
            }
            seen.push_back(region);
        }
    }
    for (auto const& region : regions) {
        if (!contains(seen, region)) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("--waves leaves out {}.", region));
        }
    }
    return waves;
}

}  // namespace meridian::deploy
