#include "deploy/plan.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "deploy/lambda_version.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

std::unexpected<Error> refused(SourceMark const& mark, std::string const& text) {
    return fail(Errc::kInvalidParameterValue, fmt::format("{}: {}", describe(mark), text));
}

bool says_nothing(json const& value) {
    return value.is_null() || value == "" || (value.is_structured() && value.empty());
}

// Whether the code of a template's S3 object is the one that was applied last.
void keep_hash_of_same_object(json& properties, ResourceRecord const* record) {
    if (record == nullptr) return;
    for (auto const* const member : {"Code", "Content"}) {
        if (!properties.contains(member) || !properties[member].is_object()) continue;
        auto& code = properties[member];
        auto before = record->properties.value(member, json::object());
        auto const hash = before.value("CodeSha256", json());
        before.erase("CodeSha256");
        if (code.contains("S3Bucket") && code == before && !hash.is_null())
            code["CodeSha256"] = hash;
    }
}

class Planner {
  public:
    explicit Planner(PlanInputs const& inputs) : in_(inputs) {}

    Result<Plan> make() {
        for (auto const& resource : in_.stack.resources) {
            MERIDIAN_CHECK(plan(resource));
        }
        for (auto const& record : in_.record.resources | std::views::reverse) {
            if (plan_.find(record.logical_id) == nullptr) remove(record);
        }
        return std::move(plan_);
    }

  private:
    Result<void> plan(StackResource const& resource) {
        auto const* const type = find_type(resource.type);
        if (type == nullptr)
            return refused(resource.mark,
                           fmt::format("{} is not a type of Meridian's.", resource.type));
        auto const* const record = in_.record.find(resource.logical_id);
        if (record != nullptr && record->type != resource.type) {
            return refused(resource.mark,
                           fmt::format("{} is a {} now; it cannot become a {}: give it another "
                                       "logical id.",
                                       resource.logical_id, record->type, resource.type));
        }
        PlannedChange change{.logical_id = resource.logical_id,
                             .type = resource.type,
                             .depends_on = resource.depends_on,
                             .deletion_policy = resource.deletion_policy,
                             .mark = resource.mark};
        auto given = resolve_known(resource.properties, known_);
        keep_hash_of_same_object(given, record);
        if (!given.is_object()) return refused(resource.mark, "Properties must be an object.");
        change.physical_id = choose_name(*type, record, given, change);
        auto wished = type->normalise(given);
        if (!wished) return refused(resource.mark, wished.error().message);
        change.properties = std::move(*wished);
        if (resource.type == lambda_function_type().name())
            functions_[resource.logical_id] = change.properties;
        if (resource.auto_publish) add_published_content(resource, change);
        MERIDIAN_CHECK(decide(*type, record, change));
        plan_.changes.push_back(std::move(change));
        return {};
    }

    // Gives what has no name in the template one; the physical id that a creation would take.
    std::string choose_name(ResourceType const& type, ResourceRecord const* record, json& given,
                            PlannedChange& change) const {
        auto const generated = physical_name(
            {.stack = in_.stack.name, .logical_id = change.logical_id, .region = in_.stack.region});
        std::string const property(type.name_property());
        if (property.empty()) return record != nullptr ? record->physical_id : generated;
        if (!given.contains(property)) {
            change.generated_name = true;
            bool const keeps = record != nullptr && record->generated_name;
            given[property] =
                keeps ? record->properties.value(property, json(generated)) : json(generated);
        }
        if (record != nullptr) return record->physical_id;
        return given[property].is_string() ? given[property].get<std::string>() : std::string();
    }

    void add_published_content(StackResource const& resource, PlannedChange& change) const {
        auto const& name = resource.properties.value("FunctionName", json());
        if (!name.is_object() || !name.contains("Ref") || !name["Ref"].is_string()) return;
        auto const function = functions_.find(name["Ref"].get<std::string>());
        if (function == functions_.end()) return;
        auto& content = change.properties[kPublishedContent];
        content = published_content(function->second, resource.publish_on_any_change);
        if (!resource.publish_token.empty()) content[kPublishToken] = resource.publish_token;
    }

    Result<void> decide(ResourceType const& type, ResourceRecord const* record,
                        PlannedChange& change) {
        auto const found = in_.standing.find(change.logical_id);
        bool const looked = found != in_.standing.end();
        auto const* const standing = looked && found->second ? &*found->second : nullptr;
        if (record == nullptr && standing != nullptr) {
            change.shared = in_.shared.contains(standing->physical_id);
            if (!change.shared) {
                return refused(change.mark, fmt::format("{} {} exists already and is not this "
                                                        "stack's.",
                                                        change.type, standing->physical_id));
            }
        }
        if (record == nullptr || (looked && standing == nullptr)) {
            change.action = ChangeAction::kCreate;
            change.is_gone = record != nullptr;
            if (change.is_gone) change.shared = record->shared;
            for (auto const& property : type.properties()) {
                std::string const name(property.name);
                auto const value = change.properties.value(name, json());
                if (value.is_null() || value == default_of(property)) continue;
                change.changes.push_back({.property = name, .before = nullptr, .after = value});
            }
            return {};
        }
        change.shared = record->shared;
        json const& now = standing != nullptr ? standing->properties : record->properties;
        compare(type, *record, now, change);
        if (change.changes.empty()) {
            change.action = ChangeAction::kNothing;
        } else if (std::ranges::any_of(change.changes, &PropertyChange::replaces)) {
            MERIDIAN_CHECK(replace(type, *record, change));
        } else {
            change.action = ChangeAction::kUpdate;
        }
        bool const same_identity = change.action == ChangeAction::kNothing ||
                                   (change.action == ChangeAction::kUpdate && !publishes(change));
        if (same_identity) {
            known_[change.logical_id] =
                standing != nullptr ? standing->attributes : record->attributes;
        }
        change.shifts = change.action == ChangeAction::kUpdate && is_shifted(change);
        return {};
    }

    static bool publishes(PlannedChange const& change) {
        return change.type == lambda_version_type().name() &&
               std::ranges::any_of(change.changes, [](PropertyChange const& each) {
                   return each.property == kPublishedContent || each.property == "Description";
               });
    }

    [[nodiscard]] bool is_shifted(PlannedChange const& change) const {
        auto const& shifts = in_.stack.shifts;
        return std::ranges::find(shifts, change.logical_id, &TrafficShift::alias) != shifts.end() &&
               std::ranges::find(change.changes, "FunctionVersion", &PropertyChange::property) !=
                   change.changes.end();
    }

    static void compare(ResourceType const& type, ResourceRecord const& record, json const& now,
                        PlannedChange& change) {
        for (auto const& property : type.properties()) {
            std::string const name(property.name);
            auto const wished = change.properties.value(name, json());
            auto const applied = record.properties.value(name, json());
            auto const standing = now.value(name, json());
            bool const ours = !wished.is_null() || !applied.is_null();
            if (!ours && (type.has_service_defaults() || says_nothing(standing))) continue;
            // A version's content is looked at where it is to be published; else it is frozen.
            if (name == kPublishedContent && wished.is_null()) continue;
            if (name != kPublishedContent && !type.same(name, applied, standing) &&
                !(applied.is_null() && says_nothing(standing)))
                change.drift.push_back({.property = name, .before = applied, .after = standing});
            if (wished.is_null() && says_nothing(standing)) continue;
            // Only what changes has no value yet.
            if (is_resolved(wished) && type.same(name, wished, standing)) continue;
            change.changes.push_back({.property = name,
                                      .before = standing,
                                      .after = wished,
                                      .replaces = property.replaces});
        }
    }

    Result<void> replace(ResourceType const& type, ResourceRecord const& record,
                         PlannedChange& change) const {
        change.action = ChangeAction::kReplace;
        std::string const property(type.name_property());
        auto const fresh = physical_name({.stack = in_.stack.name,
                                          .logical_id = change.logical_id,
                                          .region = in_.stack.region,
                                          .generation = record.physical_id});
        if (property.empty()) {
            change.new_physical_id = fresh;
            return {};
        }
        auto& name = change.properties[property];
        bool const same_name = name == record.properties.value(property, json());
        if (same_name && type.is_unique_by_name()) {
            if (!change.generated_name) {
                return refused(change.mark,
                               fmt::format("{} needs a new resource, and its name {} is taken by "
                                           "the one that stands: rename it.",
                                           change.logical_id, name.dump()));
            }
            name = fresh;
        }
        change.new_physical_id = name.is_string() ? name.get<std::string>() : std::string();
        return {};
    }

    void remove(ResourceRecord const& record) {
        bool const stays = record.deletion_policy == "Retain" || record.shared;
        plan_.changes.push_back({.action = stays ? ChangeAction::kForget : ChangeAction::kRemove,
                                 .logical_id = record.logical_id,
                                 .type = record.type,
                                 .physical_id = record.physical_id,
                                 .properties = record.properties,
                                 .deletion_policy = record.deletion_policy});
    }

    PlanInputs const& in_;
    Plan plan_;
    KnownAttributes known_;
    std::map<std::string, json> functions_;
};

}  // namespace

std::string_view name_of(ChangeAction action) noexcept {
    switch (action) {
        case ChangeAction::kNothing:
            return "Nothing";
        case ChangeAction::kCreate:
            return "Create";
        case ChangeAction::kUpdate:
            return "Update";
        case ChangeAction::kReplace:
            return "Replace";
        case ChangeAction::kRemove:
            return "Remove";
        case ChangeAction::kForget:
            return "Forget";
    }
    return "?";
}

bool Plan::changes_nothing() const {
    return std::ranges::all_of(changes, [](PlannedChange const& change) {
        return change.action == ChangeAction::kNothing;
    });
}

bool Plan::has_drift() const {
    return std::ranges::any_of(changes, [](PlannedChange const& change) {
        return change.is_gone || !change.drift.empty();
    });
}

PlannedChange const* Plan::find(std::string_view logical_id) const {
    auto const found = std::ranges::find(changes, logical_id, &PlannedChange::logical_id);
    return found == changes.end() ? nullptr : &*found;
}

json resolve_known(json const& value, KnownAttributes const& known) {
    if (is_reference(value)) {
        auto const resolved = resolve(value, known);
        return resolved ? *resolved : value;
    }
    if (!value.is_structured()) return value;
    auto out = value;
    for (auto& inner : out) inner = resolve_known(inner, known);
    return out;
}

Result<std::vector<Wish>> wishes_to_read(Stack const& stack, StackRecord const& record) {
    std::vector<Wish> out;
    for (auto const& resource : record.resources) {
        out.push_back({.logical_id = resource.logical_id,
                       .physical_id = resource.physical_id,
                       .type = resource.type,
                       .properties = resource.properties,
                       .before = resource.properties});
    }
    auto const known = record.known();
    for (auto const& resource : stack.resources) {
        auto const* const type = find_type(resource.type);
        if (type == nullptr || record.find(resource.logical_id) != nullptr) continue;
        auto given = resolve_known(resource.properties, known);
        std::string const property(type->name_property());
        auto const name = physical_name(
            {.stack = stack.name, .logical_id = resource.logical_id, .region = stack.region});
        if (!property.empty() && !given.contains(property)) given[property] = name;
        auto const wished = type->normalise(given);
        if (!wished) continue;  // make_plan() says where
        bool const identified = std::ranges::all_of(type->properties(), [&](Property const& each) {
            return !each.replaces || is_resolved(wished->value(std::string(each.name), json()));
        });
        if (!identified) continue;
        out.push_back(
            {.logical_id = resource.logical_id,
             .physical_id = property.empty() ? name : (*wished)[property].get<std::string>(),
             .type = resource.type,
             .properties = *wished});
    }
    return out;
}

Result<Plan> make_plan(PlanInputs const& inputs) { return Planner(inputs).make(); }

Plan find_drift(StackRecord const& record, StandingResources const& standing) {
    Plan out;
    for (auto const& resource : record.resources) {
        PlannedChange change{.logical_id = resource.logical_id,
                             .type = resource.type,
                             .physical_id = resource.physical_id};
        auto const found = standing.find(resource.logical_id);
        if (found == standing.end()) continue;
        auto const* const type = find_type(resource.type);
        if (!found->second) {
            change.is_gone = true;
        } else if (type != nullptr) {
            for (auto const& property : type->properties()) {
                std::string const name(property.name);
                if (name == kPublishedContent) continue;
                auto const applied = resource.properties.value(name, json());
                auto const now = found->second->properties.value(name, json());
                bool const unsaid =
                    applied.is_null() && (type->has_service_defaults() || says_nothing(now));
                if (unsaid || type->same(name, applied, now)) continue;
                change.drift.push_back({.property = name, .before = applied, .after = now});
            }
        }
        out.changes.push_back(std::move(change));
    }
    return out;
}

}  // namespace meridian::deploy
