#include "deploy/region_work.h"

#include <algorithm>

#include <fmt/format.h>

#include "deploy/record_number.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

json to_json(std::vector<ResourceRecord> const& resources) {
    json out = json::array();
    for (auto const& each : resources) out.push_back(deploy::to_json(each));
    return out;
}

Result<std::vector<ResourceRecord>> resources_of(json const& text) {
    std::vector<ResourceRecord> out;
    for (auto const& each : text) {
        MERIDIAN_TRY(auto resource, parse_resource_record(each));
        out.push_back(std::move(resource));
    }
    return out;
}

// As many of them as there may be.
Result<std::vector<ResourceRecord>> optional_resources(json const& text, char const* member) {
    if (!text.contains(member)) return std::vector<ResourceRecord>();
    return resources_of(text[member]);
}

Result<RegionWork> work_of(json const& text) {
    RegionWork out;
    MERIDIAN_TRY(out.before, parse_stack_record(text.at("Before")));
    MERIDIAN_TRY(out.now, parse_stack_record(text.at("Now")));
    out.done = text.at("Done").get<std::set<std::string>>();
    MERIDIAN_TRY(out.obsolete, resources_of(text.at("Obsolete")));
    if (text.contains("Made")) {
        MERIDIAN_TRY(out.made, resources_of(text["Made"]));
    }
    return out;
}

Result<WorkStep> step_of(json const& text) {
    WorkStep out;
    if (text.contains("Head")) {
        auto const& head = text["Head"];
        out.head = StackHead{.outputs = head.at("Outputs").get<std::map<std::string, json>>(),
                             .rollout = head.at("Rollout").get<std::string>(),
                             .source = head.at("Source")};
    }
    MERIDIAN_TRY(out.now, optional_resources(text, "Now"));
    out.gone = text.value("Gone", std::vector<std::string>());
    MERIDIAN_TRY(out.before, optional_resources(text, "Before"));
    out.done = text.value("Done", std::vector<std::string>());
    out.retries_leftovers = text.value("RetriesLeftovers", false);
    MERIDIAN_TRY(out.obsolete, optional_resources(text, "Obsolete"));
    out.obsolete_removed = optional_record_number(text, "ObsoleteRemoved", UINT32_MAX);
    if (text.contains("Made")) {
        MERIDIAN_TRY(out.made, resources_of(text["Made"]));
    }
    out.made_removed = optional_record_number(text, "MadeRemoved", UINT32_MAX);
    for (auto const& leftover : text.value("Leftovers", json::array())) {
        MERIDIAN_TRY(auto resource, parse_resource_record(leftover.at("Resource")));
        out.leftovers.push_back({std::move(resource), leftover.at("Why").get<std::string>()});
    }
    return out;
}

template <typename T>
Result<T> reading(json const& text, std::string_view what, Result<T> (*read)(json const&)) {
    try {
        return read(text);
    } catch (json::exception const& error) {
        return fail(Errc::kCorrupt, fmt::format("The {} cannot be read: {}", what, error.what()));
    }
}

}  // namespace

StackHead head_of(StackRecord const& stack) {
    return {.outputs = stack.outputs, .rollout = stack.rollout, .source = stack.source};
}

void take_step(RegionWork& work, WorkStep const& step) {
    if (step.head) {
        work.now.outputs = step.head->outputs;
        work.now.rollout = step.head->rollout;
        work.now.source = step.head->source;
    }
    for (auto const& each : step.now) work.now.put(each);
    for (auto const& each : step.gone) work.now.erase(each);
    for (auto const& each : step.before) work.before.put(each);
    work.done.insert(step.done.begin(), step.done.end());
    auto& obsolete = work.obsolete;
    if (step.retries_leftovers) {
        for (auto& each : work.now.leftovers) obsolete.push_back(std::move(each.resource));
        work.now.leftovers.clear();
    }
    obsolete.insert(obsolete.end(), step.obsolete.begin(), step.obsolete.end());
    auto const removed = std::min(step.obsolete_removed, obsolete.size());
    obsolete.erase(obsolete.begin(), obsolete.begin() + static_cast<std::ptrdiff_t>(removed));
    if (step.made) work.made = step.made;
    if (work.made)
        work.made->resize(work.made->size() - std::min(step.made_removed, work.made->size()));
    work.now.leftovers.insert(work.now.leftovers.end(), step.leftovers.begin(),
                              step.leftovers.end());
}

json to_json(RegionWork const& work) {
    json out = {{"Before", to_json(work.before)},
                {"Now", to_json(work.now)},
                {"Done", work.done},
                {"Obsolete", to_json(work.obsolete)}};
    if (work.made) out["Made"] = to_json(*work.made);
    return out;
}

json to_json(WorkStep const& step) {
    json out = json::object();
    if (step.head) {
        out["Head"] = {{"Outputs", step.head->outputs},
                       {"Rollout", step.head->rollout},
                       {"Source", step.head->source}};
    }
    if (!step.now.empty()) out["Now"] = to_json(step.now);
    if (!step.gone.empty()) out["Gone"] = step.gone;
    if (!step.before.empty()) out["Before"] = to_json(step.before);
    if (!step.done.empty()) out["Done"] = step.done;
    if (step.retries_leftovers) out["RetriesLeftovers"] = true;
    if (!step.obsolete.empty()) out["Obsolete"] = to_json(step.obsolete);
    if (step.obsolete_removed > 0) out["ObsoleteRemoved"] = step.obsolete_removed;
    if (step.made) out["Made"] = to_json(*step.made);
    if (step.made_removed > 0) out["MadeRemoved"] = step.made_removed;
    for (auto const& leftover : step.leftovers) {
        out["Leftovers"].push_back(
            {{"Resource", to_json(leftover.resource)}, {"Why", leftover.why}});
    }
    return out;
}

Result<RegionWork> parse_region_work(json const& text) {
    return reading(text, "region's work", work_of);
}

Result<WorkStep> parse_work_step(json const& text) {
    return reading(text, "step of a rollout", step_of);
}

}  // namespace meridian::deploy
