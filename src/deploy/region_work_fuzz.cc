// Steps of a rollout, whatever a region holds: each is refused, or can be taken and written, and is
// then read as the same again.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "deploy/region_work.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    auto const input = nlohmann::json::parse(
        std::string_view(reinterpret_cast<char const*>(data), size), nullptr, false);
    auto const step = deploy::parse_work_step(input);
    if (!step) {
        MERIDIAN_ASSERT(step.error().code == Errc::kCorrupt);
        return 0;
    }
    auto const text = deploy::to_json(*step);
    auto const again = deploy::parse_work_step(text);
    MERIDIAN_ASSERT(again && deploy::to_json(*again) == text);
    deploy::RegionWork work;
    deploy::take_step(work, *step);
    auto const whole = deploy::to_json(work);
    auto const read = deploy::parse_region_work(whole);
    MERIDIAN_ASSERT(read && deploy::to_json(*read) == whole);
    return 0;
}
