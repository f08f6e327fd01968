#include "deploy/plan_json.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "deploy/region_apply.h"
#include "wire/shown_json.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kActions = {ChangeAction::kNothing, ChangeAction::kCreate,
                                 ChangeAction::kUpdate,  ChangeAction::kReplace,
                                 ChangeAction::kRemove,  ChangeAction::kForget};
constexpr std::size_t kShownBytesMax = 300;
constexpr char const* kHidden = "(hidden)";

json to_json(std::vector<PropertyChange> const& changes) {
    json out = json::array();
    for (auto const& change : changes) {
        out.push_back({{"Property", change.property},
                       {"Before", change.before},
                       {"After", change.after},
                       {"Replaces", change.replaces}});
    }
    return out;
}

std::vector<PropertyChange> changes_of(json const& text) {
    std::vector<PropertyChange> out;
    for (auto const& change : text) {
        out.push_back({.property = change.at("Property").get<std::string>(),
                       .before = change.at("Before"),
                       .after = change.at("After"),
                       .replaces = change.value("Replaces", false)});
    }
    return out;
}

ChangeAction action_of(std::string const& name) {
    auto const* const found = std::ranges::find(
        kActions, name, [](ChangeAction each) { return std::string(name_of(each)); });
    // An exception of the JSON library's kind, as every other thing that is wrong with a record.
    if (found == kActions.end())
        throw json::out_of_range::create(401, "no action " + name, nullptr);
    return *found;
}

PlannedChange change_of(json const& text) {
    PlannedChange out{.action = action_of(text.at("Action").get<std::string>()),
                      .logical_id = text.at("LogicalId").get<std::string>(),
                      .type = text.at("Type").get<std::string>(),
                      .physical_id = text.value("PhysicalId", ""),
                      .new_physical_id = text.value("NewPhysicalId", ""),
                      .properties = text.value("Properties", json())};
    out.changes = changes_of(text.value("Changes", json::array()));
    out.drift = changes_of(text.value("Drift", json::array()));
    out.is_gone = text.value("IsGone", false);
    out.depends_on = text.value("DependsOn", std::vector<std::string>());
    out.deletion_policy = text.value("DeletionPolicy", "Delete");
    out.generated_name = text.value("GeneratedName", false);
    out.shared = text.value("Shared", false);
    out.shifts = text.value("Shifts", false);
    return out;
}

// Environment variables may be secrets: their names alone are shown.
json without_values(json value) {
    if (value.is_object() && value.contains("Variables") && value["Variables"].is_object()) {
        for (auto& variable : value["Variables"]) variable = kHidden;
    }
    return value;
}

json hide(PropertyChange const& change, json const& value) {
    if (change.property == "Environment") return without_values(value);
    if (change.property == "PublishedContent")
        return value.is_object() ? value.value("CodeSha256", json()) : value;
    return value;
}

std::string value_text(json const& value) {
    if (value.is_null()) return "(none)";
    if (!is_resolved(value)) return "(known after the deploy)";
    if (value.is_object() && value.size() == 1 && value.contains("CodeSha256"))
        return value["CodeSha256"].get<std::string>();
    return wire::shown_json(value, kShownBytesMax);
}

// One line a variable whose value differs.
std::string environment_text(PropertyChange const& change) {
    auto const of = [](json const& value) {
        return value.is_object() ? value.value("Variables", json::object()) : json::object();
    };
    auto const before = of(change.before);
    auto const after = of(change.after);
    std::string out;
    for (auto const& [name, value] : after.items()) {
        if (!before.contains(name)) {
            out += fmt::format("    Environment.{}: (none) → {}\n", name, kHidden);
        } else if (before[name] != value) {
            out += fmt::format("    Environment.{}: {} → another value\n", name, kHidden);
        }
    }
    for (auto const& [name, value] : before.items()) {
        if (!after.contains(name))
            out += fmt::format("    Environment.{}: {} → (none)\n", name, kHidden);
    }
    return out;
}

std::string line_of(PropertyChange const& change) {
    bool const plain =
        change.property == "Environment" && change.after.is_object() && !is_reference(change.after);
    if (plain) return environment_text(change);
    return fmt::format(
        "    {}: {} → {}{}\n", change.property, value_text(hide(change, change.before)),
        value_text(hide(change, change.after)), change.replaces ? "  (needs a new resource)" : "");
}

char sign_of(ChangeAction action) {
    switch (action) {
        case ChangeAction::kCreate:
            return '+';
        case ChangeAction::kUpdate:
            return '~';
        case ChangeAction::kReplace:
            return '!';
        case ChangeAction::kRemove:
            return '-';
        case ChangeAction::kForget:
            return 'o';
        case ChangeAction::kNothing:
            break;
    }
    return ' ';
}

std::string drift_lines(PlannedChange const& change) {
    std::string out;
    if (change.is_gone) out += "    changed by hand: it is gone\n";
    for (auto const& drift : change.drift) {
        auto line = line_of(drift);
        if (line.size() > 4) out += "    changed by hand:" + line.substr(3);
    }
    return out;
}

}  // namespace

json to_json(Plan const& plan) {
    json out = json::array();
    for (auto const& change : plan.changes) {
        json one = {{"Action", std::string(name_of(change.action))},
                    {"LogicalId", change.logical_id},
                    {"Type", change.type},
                    {"PhysicalId", change.physical_id},
                    {"Properties", change.properties},
                    {"Changes", to_json(change.changes)},
                    {"DependsOn", change.depends_on},
                    {"DeletionPolicy", change.deletion_policy}};
        if (!change.new_physical_id.empty()) one["NewPhysicalId"] = change.new_physical_id;
        if (!change.drift.empty()) one["Drift"] = to_json(change.drift);
        if (change.is_gone) one["IsGone"] = true;
        if (change.generated_name) one["GeneratedName"] = true;
        if (change.shared) one["Shared"] = true;
        if (change.shifts) one["Shifts"] = true;
        out.push_back(std::move(one));
    }
    return out;
}

Result<Plan> parse_plan(json const& text) {
    try {
        Plan out;
        for (auto const& change : text) out.changes.push_back(change_of(change));
        return out;
    } catch (json::exception const& error) {
        return fail(Errc::kCorrupt, fmt::format("The plan cannot be read: {}", error.what()));
    }
}

json shown_plan(Plan const& plan) {
    json out = json::array();
    for (auto const& change : plan.changes) {
        bool const drifted = change.is_gone || !change.drift.empty();
        if (change.action == ChangeAction::kNothing && !drifted) continue;
        json properties = json::array();
        for (auto const& each : change.changes) {
            properties.push_back({{"Property", each.property},
                                  {"Before", hide(each, each.before)},
                                  {"After", hide(each, each.after)},
                                  {"Replaces", each.replaces}});
        }
        json drift = json::array();
        for (auto const& each : change.drift) {
            drift.push_back({{"Property", each.property},
                             {"Applied", hide(each, each.before)},
                             {"Standing", hide(each, each.after)}});
        }
        out.push_back({{"Action", std::string(name_of(change.action))},
                       {"LogicalId", change.logical_id},
                       {"Type", change.type},
                       {"PhysicalId", change.physical_id},
                       {"Changes", std::move(properties)},
                       {"Drift", std::move(drift)},
                       {"IsGone", change.is_gone},
                       {"ShiftsTraffic", change.shifts}});
    }
    return out;
}

std::string plan_text(Plan const& plan) {
    std::string out;
    for (auto const& change : plan.changes) {
        auto const drift = drift_lines(change);
        if (change.action == ChangeAction::kNothing && drift.empty()) continue;
        out += fmt::format("  {} {} {}{}{}\n", sign_of(change.action), short_type(change.type),
                           change.logical_id,
                           change.physical_id.empty() ? "" : " (" + change.physical_id + ")",
                           change.action == ChangeAction::kForget ? ", stays and is let go" : "");
        out += drift;
        for (auto const& each : change.changes) {
            if (change.action == ChangeAction::kUpdate || change.action == ChangeAction::kReplace)
                out += line_of(each);
        }
        if (change.shifts) out += "    its traffic shifts in steps\n";
    }
    return out;
}

std::string drift_text(Plan const& plan) {
    std::string out;
    for (auto const& change : plan.changes) {
        auto const drift = drift_lines(change);
        if (drift.empty()) continue;
        out += fmt::format("  {} {} ({})\n{}", short_type(change.type), change.logical_id,
                           change.physical_id, drift);
    }
    return out;
}

}  // namespace meridian::deploy
