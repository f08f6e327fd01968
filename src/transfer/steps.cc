#include "transfer/steps.h"

#include <fmt/format.h>

#include "wire/shown_json.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

constexpr std::size_t kShownBytesMax = 80;

std::string_view name_of(Step::Kind kind) {
    switch (kind) {
        case Step::Kind::kCreate:
            return "create";
        case Step::Kind::kUpdate:
            return "update";
        case Step::Kind::kRemove:
            return "remove";
    }
    return "";
}

bool is_secret(std::string const& path) {
    return path.find("/Environment/Variables/") != std::string::npos;
}

std::string escaped(std::string key) {
    for (std::size_t at = 0; (at = key.find_first_of("~/", at)) != std::string::npos; at += 2)
        key.replace(at, 1, key[at] == '~' ? "~0" : "~1");
    return key;
}

void compare(json const& from, json const& to, std::string const& path,
             std::vector<FieldChange>& out) {
    if (from == to) return;
    if (!from.is_object() || !to.is_object()) {
        bool const hide = is_secret(path);
        auto const shown = [&](json const& value) {
            return hide && !value.is_null() ? json("(hidden)") : value;
        };
        out.push_back({path, shown(from), shown(to)});
        return;
    }
    for (auto const& [key, value] : from.items())
        compare(value, to.value(key, json()), path + "/" + escaped(key), out);
    for (auto const& [key, value] : to.items()) {
        if (!from.contains(key)) compare(json(), value, path + "/" + escaped(key), out);
    }
}

std::string shown(json const& value) {
    if (value.is_null()) return "nothing";
    return wire::shown_json(value, kShownBytesMax);
}

}  // namespace

std::vector<FieldChange> differences(json const& from, json const& to) {
    std::vector<FieldChange> out;
    // An object of variables that appears or goes is shown by its members, each hidden.
    auto const opened = [](json value) {
        if (value.is_object() && !value.contains("Environment")) value["Environment"] = {};
        if (value.is_object() && value["Environment"].is_null())
            value["Environment"] = {{"Variables", json::object()}};
        return value;
    };
    bool const has_environment = (from.is_object() && from.contains("Environment")) ||
                                 (to.is_object() && to.contains("Environment"));
    if (has_environment)
        compare(opened(from), opened(to), "", out);
    else
        compare(from, to, "", out);
    return out;
}

std::string step_text(Step const& step) {
    auto text = fmt::format("  {} {}\n", name_of(step.kind), step.what);
    for (auto const& change : step.changes) {
        text += fmt::format("    {}: {} -> {}\n", change.path.empty() ? "value" : change.path,
                            shown(change.from), shown(change.to));
    }
    return text;
}

std::string unit_text(Unit const& unit) {
    auto const state = !unit.refused.empty() ? "refused"
                       : unit.same()         ? "same"
                       : unit.exists         ? "update"
                                             : "create";
    auto text = fmt::format("{}: {}\n", unit.subject, state);
    if (!unit.refused.empty()) text += fmt::format("  {}\n", unit.refused);
    for (auto const& step : unit.steps) text += step_text(step);
    for (auto const& conflict : unit.conflicts) text += fmt::format("  cannot: {}\n", conflict);
    for (auto const& note : unit.notes) text += fmt::format("  note: {}\n", note);
    return text;
}

json unit_json(Unit const& unit) {
    json steps = json::array();
    for (auto const& step : unit.steps) {
        json changes = json::array();
        for (auto const& change : step.changes)
            changes.push_back({{"Path", change.path}, {"From", change.from}, {"To", change.to}});
        steps.push_back(
            {{"Do", name_of(step.kind)}, {"What", step.what}, {"Changes", std::move(changes)}});
    }
    json out = {{"Subject", unit.subject},
                {"Exists", unit.exists},
                {"Steps", std::move(steps)},
                {"Conflicts", unit.conflicts},
                {"Notes", unit.notes}};
    if (!unit.refused.empty()) out["Refused"] = unit.refused;
    return out;
}

}  // namespace meridian::transfer
