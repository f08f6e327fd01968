#include "transfer/function_parts_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "transfer/permission.h"
#include "transfer/told.h"
#include "wire/uri.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

struct Parts {
    FunctionRecord const& wanted;
    json there;  // the target's parts
    FunctionPlanOptions options;
    Unit& unit;

    [[nodiscard]] json want(char const* part) const {
        return wanted.parts.value(part, json::object());
    }
    [[nodiscard]] json have(char const* part) const { return there.value(part, json::object()); }
    [[nodiscard]] std::string path(std::string_view date, std::string_view rest,
                                   std::string const& qualifier = kLatest) const {
        return function_path(date, unit.function, rest) + qualifier_query(qualifier);
    }
    void note_alone(std::string const& what) const {
        unit.notes.push_back(fmt::format("{} is at the target alone, and stays", what));
    }
};

std::string of_qualifier(char const* what, std::string const& qualifier) {
    return qualifier == kLatest ? std::string(what) : fmt::format("{} of {}", what, qualifier);
}

void plan_aliases(Parts& parts) {
    auto const have = parts.have("Aliases");
    for (auto const& [name, alias] : parts.want("Aliases").items()) {
        auto const there = have.value(name, json());
        if (there == alias) continue;
        auto body = alias;
        if (!body.contains("Description")) body["Description"] = "";
        Step step{.what = "alias " + name, .changes = {}};
        if (there.is_null()) {
            body["Name"] = name;
            step.method = "POST";
            step.target = parts.path("2015-03-31", "/aliases");
        } else {
            if (!body.contains("RoutingConfig"))
                body["RoutingConfig"] = {{"AdditionalVersionWeights", json::object()}};
            step.kind = Step::Kind::kUpdate;
            step.changes = differences(there, alias);
            step.method = "PUT";
            step.target = parts.path("2015-03-31", "/aliases/" + wire::percent_encoded(name));
        }
        step.body = std::move(body);
        parts.unit.steps.push_back(std::move(step));
    }
    for (auto const& [name, alias] : have.items()) {
        if (!parts.want("Aliases").contains(name)) parts.note_alone("alias " + name);
    }
}

json const* find_statement(json const& statements, json const& sid) {
    for (auto const& statement : statements) {
        if (statement.value("Sid", json()) == sid) return &statement;
    }
    return nullptr;
}

void plan_statement(Parts& parts, std::string const& qualifier, json const& statement,
                    json const* there) {
    if (there != nullptr && *there == statement) return;
    auto body = permission_of(statement);
    auto const sid = statement.value("Sid", std::string());
    auto const what = of_qualifier(("permission " + sid).c_str(), qualifier);
    if (!body) {
        parts.unit.conflicts.push_back(fmt::format("{}: {}", what, body.error().message));
        return;
    }
    if (there != nullptr) {
        parts.unit.steps.push_back(
            {.kind = Step::Kind::kRemove,
             .what = what + ", which is another one",
             .changes = differences(*there, statement),
             .method = "DELETE",
             .target =
                 parts.path("2015-03-31", "/policy/" + wire::percent_encoded(sid), qualifier)});
    }
    parts.unit.steps.push_back({.what = what,
                                .method = "POST",
                                .target = parts.path("2015-03-31", "/policy", qualifier),
                                .body = std::move(*body)});
}

void plan_policies(Parts& parts) {
    auto const have = parts.have("Policies");
    auto const want = parts.want("Policies");
    for (auto const& [qualifier, statements] : want.items()) {
        auto const there = have.value(qualifier, json::array());
        for (auto const& statement : statements)
            plan_statement(parts, qualifier, statement,
                           find_statement(there, statement.value("Sid", json())));
    }
    for (auto const& [qualifier, statements] : have.items()) {
        for (auto const& statement : statements) {
            auto const sid = statement.value("Sid", json());
            auto const wanted = want.value(qualifier, json::array());
            if (find_statement(wanted, sid) == nullptr)
                parts.note_alone(of_qualifier(("permission " + sid.dump()).c_str(), qualifier));
        }
    }
}

// Settings that one request makes and changes, by qualifier.
struct Keyed {
    char const* part;
    char const* what;
    std::string_view date;
    std::string_view rest;
    char const* create_method;
    char const* update_method;
    // The request's one member where the value is a number.
    char const* member = nullptr;
};

void plan_keyed(Parts& parts, Keyed const& keyed) {
    auto const have = parts.have(keyed.part);
    auto const want = parts.want(keyed.part);
    for (auto const& [qualifier, value] : want.items()) {
        auto const there = have.value(qualifier, json());
        if (there == value) continue;
        bool const is_new = there.is_null();
        parts.unit.steps.push_back(
            {.kind = is_new ? Step::Kind::kCreate : Step::Kind::kUpdate,
             .what = of_qualifier(keyed.what, qualifier),
             .changes = is_new ? std::vector<FieldChange>{} : differences(there, value),
             .method = is_new ? keyed.create_method : keyed.update_method,
             .target = parts.path(keyed.date, keyed.rest, qualifier),
             .body = keyed.member != nullptr ? json{{keyed.member, value}} : value});
    }
    for (auto const& [qualifier, value] : have.items()) {
        if (!want.contains(qualifier)) parts.note_alone(of_qualifier(keyed.what, qualifier));
    }
}

// A setting of the whole function.
struct Single {
    char const* part;
    char const* what;
    std::string_view date;
    std::string_view rest;
    char const* member;
};

void plan_single(Parts& parts, Single const& single) {
    auto const want = parts.wanted.parts.value(single.part, json());
    auto const have = parts.there.value(single.part, json());
    if (want == have) return;
    if (want.is_null()) {
        parts.note_alone(fmt::format("{} ({})", single.what, have.dump()));
        return;
    }
    parts.unit.steps.push_back({.kind = have.is_null() ? Step::Kind::kCreate : Step::Kind::kUpdate,
                                .what = single.what,
                                .changes = {{"", have, want}},
                                .method = "PUT",
                                .target = parts.path(single.date, single.rest),
                                .body = {{single.member, want}}});
}

void plan_tags(Parts& parts) {
    if (!parts.unit.exists) return;  // they come with CreateFunction
    auto const have = parts.have("Tags");
    auto const want = parts.want("Tags");
    json changed = json::object();
    for (auto const& [key, value] : want.items()) {
        if (have.value(key, json()) != value) changed[key] = value;
    }
    for (auto const& [key, value] : have.items()) {
        if (!want.contains(key)) parts.note_alone("tag " + key);
    }
    if (changed.empty()) return;
    parts.unit.steps.push_back(
        {.kind = Step::Kind::kUpdate,
         .what = "tags",
         .changes = differences(have, want),
         .method = "POST",
         .target = "/2017-03-31/tags/" + wire::percent_encoded(parts.wanted.arn),
         .body = {{"Tags", std::move(changed)}}});
}

// A mapping is the same one by what it reads for which qualifier: its UUID is each server's own.
json identity(json const& mapping) {
    json out = json::object();
    for (auto const* const member :
         {"EventSourceArn", "SelfManagedEventSource", "Topics", "Queues", "Qualifier"}) {
        if (mapping.contains(member)) out[member] = mapping[member];
    }
    return out;
}

constexpr char const* kFixedOfMappings[] = {
    "StartingPosition",
    "StartingPositionTimestamp",
    "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig",
};

void plan_mapping(Parts& parts, json wanted, json const* there) {
    auto const what = fmt::format(
        "event source mapping of {}",
        wanted.value("EventSourceArn", wanted.value("SelfManagedEventSource", json()).dump()));
    auto const enabled = wanted.value("Enabled", true);
    wanted.erase("UUID");
    auto const qualifier = wanted.value("Qualifier", "");
    auto const function =
        qualifier.empty() ? parts.unit.function : parts.unit.function + ":" + qualifier;
    if (there == nullptr) {
        wanted["Enabled"] = enabled && parts.options.enable_mappings;
        if (enabled && !parts.options.enable_mappings)
            parts.unit.notes.push_back(
                what + " is made disabled, so that two do not read it (--enable-mappings)");
        wanted.erase("Qualifier");
        wanted["FunctionName"] = function;
        parts.unit.steps.push_back({.what = what,
                                    .method = "POST",
                                    .target = "/2015-03-31/event-source-mappings",
                                    .body = std::move(wanted)});
        return;
    }
    auto have = *there;
    auto const uuid = have.value("UUID", "");
    have.erase("UUID");
    if (!parts.options.enable_mappings) wanted["Enabled"] = have["Enabled"];
    // Tags of a mapping are changed by an action of their own.
    wanted.erase("Tags");
    have.erase("Tags");
    if (have == wanted) return;
    json body = {{"FunctionName", function}};
    for (auto const& change : differences(have, wanted)) {
        auto const member = change.path.substr(1, change.path.find('/', 1) - 1);
        if (std::ranges::find(kFixedOfMappings, member) != std::end(kFixedOfMappings)) {
            parts.unit.conflicts.push_back(
                fmt::format("{}: {} cannot be changed afterwards", what, member));
        } else if (wanted.contains(member)) {
            body[member] = wanted[member];
        } else {
            parts.note_alone(fmt::format("{} of {}", member, what));
        }
    }
    if (body.size() == 1) return;
    parts.unit.steps.push_back(
        {.kind = Step::Kind::kUpdate,
         .what = what,
         .changes = differences(have, wanted),
         .method = "PUT",
         .target = "/2015-03-31/event-source-mappings/" + wire::percent_encoded(uuid),
         .body = std::move(body)});
}

void plan_mappings(Parts& parts) {
    auto const have = parts.there.value("EventSourceMappings", json::array());
    for (auto const& mapping : parts.wanted.parts.value("EventSourceMappings", json::array())) {
        auto const found = std::ranges::find_if(
            have, [&](json const& there) { return identity(there) == identity(mapping); });
        plan_mapping(parts, mapping, found == have.end() ? nullptr : &*found);
    }
}

}  // namespace

void plan_function_parts(FunctionRecord const& wanted, std::optional<FunctionRecord> const& current,
                         FunctionPlanOptions options, Unit& unit) {
    Parts parts{.wanted = wanted,
                .there = current ? current->parts : json::object(),
                .options = options,
                .unit = unit};
    plan_tags(parts);
    plan_aliases(parts);
    plan_single(parts, {"ReservedConcurrency", "reserved concurrency", "2017-10-31", "/concurrency",
                        "ReservedConcurrentExecutions"});
    plan_keyed(parts,
               {"ProvisionedConcurrency", "provisioned concurrency", "2019-09-30",
                "/provisioned-concurrency", "PUT", "PUT", "ProvisionedConcurrentExecutions"});
    plan_policies(parts);
    plan_keyed(parts, {"FunctionUrls", "function URL", "2021-10-31", "/url", "POST", "PUT"});
    plan_keyed(parts, {"EventInvokeConfigs", "event invoke config", "2019-09-25",
                       "/event-invoke-config", "PUT", "PUT"});
    plan_single(parts, {"RecursiveLoop", "recursion config", "2024-08-31", "/recursion-config",
                        "RecursiveLoop"});
    plan_keyed(parts, {"RuntimeManagement", "runtime management", "2021-07-20",
                       "/runtime-management-config", "PUT", "PUT"});
    // After the code, which it may not let in.
    plan_single(parts, {"CodeSigningConfigArn", "code signing config", "2020-06-30",
                        "/code-signing-config", "CodeSigningConfigArn"});
    plan_mappings(parts);
}

}  // namespace meridian::transfer
