#pragma once
// One execution of a deploy, as states: which region is where, and what is to be done next. No
// I/O and no time; the driver (driver.h) does what this says. Values; any thread.
//
// Regions go in waves; a wave ends when each of its regions is kReady. What is given up is removed
// only when every wave has ended: until then everything can go back.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/transitions.h"

namespace meridian::deploy {

// Names are persisted.
enum class RegionPhase : std::uint8_t {
    kWaiting,      // for its wave
    kApplying,     // resources, but for traffic
    kBeforeHooks,  // BeforeAllowTraffic
    kShifting,
    kAfterHooks,  // AfterAllowTraffic
    kBaking,
    kReady,     // waits for the other waves
    kCleaning,  // removes what is given up: the point of no return
    kDone,
    kRollingBack,
    kRolledBack,
    kStuck,    // something could not be rolled back, and is named
    kSkipped,  // never begun
};

enum class RegionEvent : std::uint8_t {
    kBegin,
    kApplied,
    kHooksPassed,
    kShifted,
    kBaked,
    kClean,
    kCleaned,
    kFailed,  // or was aborted
    kUndo,    // an earlier wave's region goes back, too
    kUndone,
    kUndoFailed,
    kSkip,
};

inline constexpr auto kRegionTransitions = std::to_array<Transition<RegionPhase, RegionEvent>>({
    {RegionPhase::kWaiting, RegionEvent::kBegin, RegionPhase::kApplying},
    {RegionPhase::kWaiting, RegionEvent::kSkip, RegionPhase::kSkipped},
    {RegionPhase::kApplying, RegionEvent::kApplied, RegionPhase::kBeforeHooks},
    {RegionPhase::kApplying, RegionEvent::kFailed, RegionPhase::kRollingBack},
    {RegionPhase::kBeforeHooks, RegionEvent::kHooksPassed, RegionPhase::kShifting},
    {RegionPhase::kBeforeHooks, RegionEvent::kFailed, RegionPhase::kRollingBack},
    {RegionPhase::kShifting, RegionEvent::kShifted, RegionPhase::kAfterHooks},
    {RegionPhase::kShifting, RegionEvent::kFailed, RegionPhase::kRollingBack},
    {RegionPhase::kAfterHooks, RegionEvent::kHooksPassed, RegionPhase::kBaking},
    {RegionPhase::kAfterHooks, RegionEvent::kFailed, RegionPhase::kRollingBack},
    {RegionPhase::kBaking, RegionEvent::kBaked, RegionPhase::kReady},
    {RegionPhase::kBaking, RegionEvent::kFailed, RegionPhase::kRollingBack},
    {RegionPhase::kReady, RegionEvent::kClean, RegionPhase::kCleaning},
    {RegionPhase::kReady, RegionEvent::kUndo, RegionPhase::kRollingBack},
    {RegionPhase::kCleaning, RegionEvent::kCleaned, RegionPhase::kDone},
    {RegionPhase::kRollingBack, RegionEvent::kUndone, RegionPhase::kRolledBack},
    {RegionPhase::kRollingBack, RegionEvent::kUndoFailed, RegionPhase::kStuck},
    // When the execution is resumed: perhaps what was in the way is gone.
    {RegionPhase::kStuck, RegionEvent::kUndo, RegionPhase::kRollingBack},
});
static_assert(is_deterministic(kRegionTransitions));

inline constexpr std::size_t kRegionPhases = 13;
inline constexpr std::size_t kRegionEvents = 12;

[[nodiscard]] std::string_view name_of(RegionPhase phase) noexcept;
[[nodiscard]] std::string_view name_of(RegionEvent event) noexcept;
// kCorrupt for a name that is none.
[[nodiscard]] Result<RegionPhase> parse_region_phase(std::string_view name);

// Whether the driver has something to do there.
[[nodiscard]] bool is_busy(RegionPhase phase) noexcept;
// Nothing happens there any more.
[[nodiscard]] bool is_over(RegionPhase phase) noexcept;
// An abort or a failure there leads back.
[[nodiscard]] bool can_go_back(RegionPhase phase) noexcept;

struct RegionState {
    std::string region;
    std::size_t wave = 0;
    RegionPhase phase = RegionPhase::kWaiting;

    bool operator==(RegionState const&) const = default;
};

struct RolloutPolicy {
    bool roll_back_earlier_waves = false;
    bool aborted = false;
};

enum class RolloutOutcome : std::uint8_t { kSucceeded, kRolledBack, kAborted, kRollbackFailed };
// As the record's State has it.
[[nodiscard]] std::string_view name_of(RolloutOutcome outcome) noexcept;

struct RolloutStep {
    // What each region is told; applied to the states before anything is run.
    struct Order {
        std::string region;
        RegionEvent event;

        bool operator==(Order const&) const = default;
    };
    std::vector<Order> orders = {};
    // The regions to work in, side by side, until each has moved to where it waits.
    std::vector<std::string> run = {};
    // The execution is over. Otherwise one of the others is not empty.
    bool finished = false;
    RolloutOutcome outcome = RolloutOutcome::kSucceeded;

    bool operator==(RolloutStep const&) const = default;
};

// What to do next, in states that the driver has brought about.
[[nodiscard]] RolloutStep next_step(std::vector<RegionState> const& regions,
                                    RolloutPolicy const& policy);

// "a;b,c" → {{a}, {b, c}}; every region of `regions` once. No text: all in one wave.
// kInvalidParameterValue.
[[nodiscard]] Result<std::vector<std::vector<std::string>>> parse_waves(
    std::string_view text, std::vector<std::string> const& regions);

}  // namespace meridian::deploy
