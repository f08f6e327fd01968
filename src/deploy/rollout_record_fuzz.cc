// Records of executions, whatever a region holds: each is refused, or can be shown, stepped and
// written, and is then read as the same again.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "deploy/driver.h"
#include "deploy/rollout_record.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    auto const input = nlohmann::json::parse(
        std::string_view(reinterpret_cast<char const*>(data), size), nullptr, false);
    auto const rollout = deploy::parse_rollout(input);
    if (!rollout) {
        auto const code = rollout.error().code;
        MERIDIAN_ASSERT(code == Errc::kCorrupt || code == Errc::kNotImplemented);
        return 0;
    }
    auto const text = deploy::to_json(*rollout);
    auto const again = deploy::parse_rollout(text);
    MERIDIAN_ASSERT(again && deploy::to_json(*again) == text);
    MERIDIAN_ASSERT(deploy::to_json(deploy::merge(*rollout, *again)) == text);
    MERIDIAN_ASSERT(!deploy::summary_of(*rollout).dump().empty());
    auto const step = deploy::next_step(rollout->states(), {});
    MERIDIAN_ASSERT(step.finished || !step.orders.empty() || !step.run.empty());
    auto const done = deploy::share_done(*rollout);
    MERIDIAN_ASSERT(done >= 0 && done <= 1);
    constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};
    MERIDIAN_ASSERT(deploy::time_left(*rollout, kNow).count() >= 0);
    return 0;
}
