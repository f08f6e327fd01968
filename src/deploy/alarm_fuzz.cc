// Alarms of templates and answers of servers, whatever they hold: a list of the two. Every alarm
// that is accepted can be asked for and evaluated, and twice gives the same.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "deploy/alarm.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    constexpr WallTime kNow{std::chrono::seconds{1'700'000'025}};
    auto const input = nlohmann::json::parse(
        std::string_view(reinterpret_cast<char const*>(data), size), nullptr, false);
    if (!input.is_array() || input.size() != 2) return 0;
    auto const alarm = deploy::parse_alarm(input[0]);
    if (!alarm) return 0;
    MERIDIAN_ASSERT(alarm->datapoints_to_alarm <= alarm->evaluation_periods);
    MERIDIAN_ASSERT(deploy::alarm_request(*alarm, kNow).starts_with("/meridian/v1/metrics?"));
    for (auto const before : {deploy::AlarmState::kOk, deploy::AlarmState::kAlarm}) {
        auto const once = deploy::evaluate_alarm(*alarm, input[1], kNow, before);
        auto const twice = deploy::evaluate_alarm(*alarm, input[1], kNow, before);
        MERIDIAN_ASSERT(once.has_value() == twice.has_value());
        MERIDIAN_ASSERT(!once || (once->state == twice->state && once->reason == twice->reason));
    }
    return 0;
}
