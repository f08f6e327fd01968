// Records of stacks, whatever a region holds: each is refused, or is read as the same again when it
// is written, and can be planned against.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "deploy/plan.h"
#include "deploy/plan_json.h"
#include "deploy/stack_record.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    auto const input = nlohmann::json::parse(
        std::string_view(reinterpret_cast<char const*>(data), size), nullptr, false);
    auto const record = deploy::parse_stack_record(input);
    if (!record) {
        MERIDIAN_ASSERT(record.error().code == Errc::kCorrupt);
        return 0;
    }
    auto const text = deploy::to_json(*record);
    auto const again = deploy::parse_stack_record(text);
    MERIDIAN_ASSERT(again && deploy::to_json(*again) == text);
    // A deploy of nothing: what is there goes, or stays and is let go.
    deploy::Stack const nothing{
        .name = record->name, .region = record->region, .account = record->account};
    auto const wishes = deploy::wishes_to_read(nothing, *record);
    if (!wishes) return 0;
    deploy::StandingResources standing;
    for (auto const& resource : record->resources) standing[resource.logical_id] = std::nullopt;
    auto const plan = deploy::make_plan(
        {.stack = nothing, .record = *record, .standing = standing, .shared = {}});
    if (!plan) return 0;
    (void)deploy::plan_text(*plan);
    auto const plan_again = deploy::parse_plan(deploy::to_json(*plan));
    MERIDIAN_ASSERT(plan_again && deploy::to_json(*plan_again) == deploy::to_json(*plan));
    (void)deploy::drift_text(deploy::find_drift(*record, standing));
    return 0;
}
