#include "deploy/stack_record.h"

#include <algorithm>

#include <fmt/format.h>

#include "deploy/record_number.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::uint64_t kPlaceMax = INT32_MAX;  // a line or a column of a template

// Runs `read` over a record of ours; what it does not find or finds of another type is corrupt.
template <typename Read>
auto reading(std::string_view what, Read read) -> Result<decltype(read())> {
    try {
        return read();
    } catch (json::exception const& error) {
        return fail(Errc::kCorrupt, fmt::format("The {} cannot be read: {}", what, error.what()));
    }
}

ResourceRecord resource_of(json const& text) {
    ResourceRecord out{.logical_id = text.at("LogicalId").get<std::string>(),
                       .type = text.at("Type").get<std::string>(),
                       .physical_id = text.at("PhysicalId").get<std::string>(),
                       .properties = text.at("Properties")};
    out.attributes.ref = text.value("Ref", json());
    out.attributes.attributes = text.value("Attributes", std::map<std::string, json>());
    out.depends_on = text.value("DependsOn", std::vector<std::string>());
    out.deletion_policy = text.value("DeletionPolicy", "Delete");
    out.generated_name = text.value("GeneratedName", false);
    out.shared = text.value("Shared", false);
    return out;
}

StackRecord stack_record_of(json const& text) {
    StackRecord out{.name = text.at("Name").get<std::string>(),
                    .region = text.at("Region").get<std::string>(),
                    .account = text.at("Account").get<std::string>()};
    for (auto const& resource : text.at("Resources"))
        out.resources.push_back(resource_of(resource));
    for (auto const& leftover : text.value("Leftovers", json::array()))
        out.leftovers.push_back({resource_of(leftover.at("Resource")), leftover.value("Why", "")});
    out.outputs = text.value("Outputs", std::map<std::string, json>());
    out.rollout = text.value("Rollout", "");
    out.source = text.value("Source", json());
    return out;
}

StackResource stack_resource_of(json const& text) {
    StackResource out{.logical_id = text.at("LogicalId").get<std::string>(),
                      .type = text.at("Type").get<std::string>(),
                      .properties = text.at("Properties")};
    out.depends_on = text.value("DependsOn", std::vector<std::string>());
    auto const mark = text.value("Mark", json::object());
    auto const place = [&](char const* member) {
        return static_cast<int>(optional_record_number(mark, member, kPlaceMax));
    };
    out.mark = {mark.value("File", ""), place("Line"), place("Column")};
    out.deletion_policy = text.value("DeletionPolicy", "Delete");
    out.auto_publish = text.value("AutoPublish", false);
    out.publish_on_any_change = text.value("PublishOnAnyChange", false);
    out.publish_token = text.value("PublishToken", "");
    return out;
}

TrafficShift shift_of(json const& text) {
    TrafficShift out{.alias = text.at("Alias").get<std::string>(),
                     .type = text.at("Type").get<std::string>()};
    out.alarms = text.value("Alarms", std::vector<json>());
    if (text.contains("BeforeAllowTraffic")) out.before_allow_traffic = text["BeforeAllowTraffic"];
    if (text.contains("AfterAllowTraffic")) out.after_allow_traffic = text["AfterAllowTraffic"];
    return out;
}

Stack stack_of(json const& text) {
    Stack out{.name = text.at("Name").get<std::string>(),
              .region = text.at("Region").get<std::string>(),
              .account = text.at("Account").get<std::string>()};
    for (auto const& resource : text.at("Resources"))
        out.resources.push_back(stack_resource_of(resource));
    for (auto const& shift : text.at("Shifts")) out.shifts.push_back(shift_of(shift));
    out.outputs = text.value("Outputs", std::map<std::string, json>());
    out.ignored = text.value("Ignored", std::vector<std::string>());
    return out;
}

}  // namespace

ResourceRecord const* StackRecord::find(std::string_view logical_id) const {
    auto const found = std::ranges::find(resources, logical_id, &ResourceRecord::logical_id);
    return found == resources.end() ? nullptr : &*found;
}

void StackRecord::put(ResourceRecord resource) {
    auto const found =
        std::ranges::find(resources, resource.logical_id, &ResourceRecord::logical_id);
    if (found == resources.end()) {
        resources.push_back(std::move(resource));
    } else {
        *found = std::move(resource);
    }
}

void StackRecord::erase(std::string_view logical_id) {
    std::erase_if(resources,
                  [&](ResourceRecord const& each) { return each.logical_id == logical_id; });
}

KnownAttributes StackRecord::known() const {
    KnownAttributes out;
    for (auto const& resource : resources) out[resource.logical_id] = resource.attributes;
    return out;
}

json to_json(ResourceRecord const& resource) {
    json out = {
        {"LogicalId", resource.logical_id},   {"Type", resource.type},
        {"PhysicalId", resource.physical_id}, {"Properties", resource.properties},
        {"Ref", resource.attributes.ref},     {"Attributes", resource.attributes.attributes},
        {"DependsOn", resource.depends_on},   {"DeletionPolicy", resource.deletion_policy}};
    if (resource.generated_name) out["GeneratedName"] = true;
    if (resource.shared) out["Shared"] = true;
    return out;
}

json to_json(StackRecord const& stack) {
    json resources = json::array();
    for (auto const& resource : stack.resources) resources.push_back(to_json(resource));
    json leftovers = json::array();
    for (auto const& leftover : stack.leftovers)
        leftovers.push_back({{"Resource", to_json(leftover.resource)}, {"Why", leftover.why}});
    return {{"Name", stack.name},       {"Region", stack.region},
            {"Account", stack.account}, {"Resources", std::move(resources)},
            {"Outputs", stack.outputs}, {"Leftovers", std::move(leftovers)},
            {"Rollout", stack.rollout}, {"Source", stack.source}};
}

Result<ResourceRecord> parse_resource_record(json const& text) {
    return reading("resource's record", [&] { return resource_of(text); });
}

Result<StackRecord> parse_stack_record(json const& text) {
    return reading("stack's record", [&] { return stack_record_of(text); });
}

json to_json(Stack const& stack) {
    json resources = json::array();
    for (auto const& resource : stack.resources) {
        resources.push_back({{"LogicalId", resource.logical_id},
                             {"Type", resource.type},
                             {"Properties", resource.properties},
                             {"DependsOn", resource.depends_on},
                             {"Mark",
                              {{"File", resource.mark.file},
                               {"Line", resource.mark.line},
                               {"Column", resource.mark.column}}},
                             {"DeletionPolicy", resource.deletion_policy},
                             {"AutoPublish", resource.auto_publish},
                             {"PublishOnAnyChange", resource.publish_on_any_change},
                             {"PublishToken", resource.publish_token}});
    }
    json shifts = json::array();
    for (auto const& shift : stack.shifts) {
        json one = {{"Alias", shift.alias}, {"Type", shift.type}, {"Alarms", shift.alarms}};
        if (shift.before_allow_traffic) one["BeforeAllowTraffic"] = *shift.before_allow_traffic;
        if (shift.after_allow_traffic) one["AfterAllowTraffic"] = *shift.after_allow_traffic;
        shifts.push_back(std::move(one));
    }
    return {{"Name", stack.name},       {"Region", stack.region},
            {"Account", stack.account}, {"Resources", std::move(resources)},
            {"Outputs", stack.outputs}, {"Shifts", std::move(shifts)},
            {"Ignored", stack.ignored}};
}

Result<Stack> parse_stack(json const& text) {
    return reading("stack", [&] { return stack_of(text); });
}

}  // namespace meridian::deploy
