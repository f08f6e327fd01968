#include "deploy/region_apply.h"

#include <algorithm>

#include <fmt/format.h>

#include "deploy/lambda_version.h"
#include "io/all.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

// Changes of one region side by side. The regions of a wave add up, and Lambda's control plane
// takes 15 requests a second of an account.
constexpr std::size_t kSideBySide = 4;

// What the service alone can say of code in S3.
void take_hash(json& properties, json const& standing) {
    for (auto const* const member : {"Code", "Content"}) {
        if (properties.contains(member) && properties[member].contains("S3Bucket") &&
            standing.contains(member))
            properties[member]["CodeSha256"] = standing[member].value("CodeSha256", json());
    }
    // A version freezes what the function had by then.
    if (properties.contains(kPublishedContent) && standing.contains(kPublishedContent))
        properties[kPublishedContent]["CodeSha256"] =
            standing[kPublishedContent].value("CodeSha256", json());
}

ResourceRecord record_of(PlannedChange const& change, json properties, Standing standing) {
    take_hash(properties, standing.properties);
    return {.logical_id = change.logical_id,
            .type = change.type,
            .physical_id = std::move(standing.physical_id),
            .properties = std::move(properties),
            .attributes = std::move(standing.attributes),
            .depends_on = change.depends_on,
            .deletion_policy = change.deletion_policy,
            .generated_name = change.generated_name,
            .shared = change.shared};
}

std::string named(std::string_view verb, std::string_view type, std::string_view logical_id,
                  std::string_view physical_id) {
    return fmt::format("{} {} {}{}", verb, short_type(type), logical_id,
                       physical_id.empty() ? std::string() : fmt::format(" ({})", physical_id));
}

// Creations and updates, those first that need none of the others.
std::vector<std::vector<PlannedChange const*>> layers_of(Plan const& plan) {
    std::vector<std::vector<PlannedChange const*>> out;
    std::map<std::string_view, std::size_t> depths;
    for (auto const& change : plan.changes) {
        if (change.action == ChangeAction::kRemove || change.action == ChangeAction::kForget)
            continue;
        std::size_t depth = 0;
        for (auto const& needed : change.depends_on) {
            // It stands before this one in the plan, or is none of it.
            auto const found = depths.find(needed);
            if (found != depths.end()) depth = std::max(depth, found->second + 1);
        }
        depths[change.logical_id] = depth;
        if (out.size() <= depth) out.resize(depth + 1);
        out[depth].push_back(&change);
    }
    return out;
}

Error at(std::string_view type, std::string_view logical_id, Error error) {
    error.message = fmt::format("{} {}: {}", short_type(type), logical_id, error.message);
    return error;
}

}  // namespace

std::string short_type(std::string_view type) {
    std::string out(type.starts_with("AWS::") ? type.substr(5) : type);
    if (auto const at = out.find("::"); at != std::string::npos) out.replace(at, 2, " ");
    return out;
}

namespace {

struct StandingReads {
    Workbench& bench;
    StackRecord const& record;
    std::vector<Wish> wishes;
    std::size_t next = 0;
    StandingResources found = {};
};

// One lane of those that share the wishes.
io::Task<> read_next(StandingReads& reads) {
    while (reads.next < reads.wishes.size()) {
        auto wish = std::move(reads.wishes[reads.next++]);
        auto const logical_id = wish.logical_id;
        auto const* const recorded = reads.record.find(logical_id);
        ResourceType const* type = recorded != nullptr ? find_type(recorded->type) : nullptr;
        if (type == nullptr) type = find_type(wish.type);
        if (type == nullptr) continue;
        auto standing = co_await type->read(reads.bench, std::move(wish));
        if (!standing) co_return std::unexpected(at(type->name(), logical_id, standing.error()));
        reads.found[logical_id] = std::move(*standing);
    }
    co_return Result<void>{};
}

}  // namespace

io::Task<StandingResources> read_standing(Workbench& bench, std::vector<Wish> wishes,
                                          StackRecord const& record) {
    StandingReads reads{.bench = bench, .record = record, .wishes = std::move(wishes)};
    MERIDIAN_CO_CHECK(co_await io::in_lanes(kSideBySide, [&] { return read_next(reads); }));
    co_return std::move(reads.found);
}

io::Task<> RegionApply::take(WorkStep step) {
    take_step(parts_.work, step);
    co_return co_await parts_.journal(std::move(step));
}

io::Task<> RegionApply::apply(Plan plan) {
    for (auto const& layer : layers_of(plan)) {
        MERIDIAN_CO_CHECK(co_await apply_layer(layer));
    }
    for (auto const& change : plan.changes) {
        if (parts_.work.done.contains(change.logical_id)) continue;
        MERIDIAN_CO_CHECK(parts_.may_go_on());
        WorkStep step{.gone = {change.logical_id}, .done = {change.logical_id}};
        auto const* const gone = parts_.work.now.find(change.logical_id);
        if (gone != nullptr && change.action == ChangeAction::kRemove)
            step.obsolete.push_back(*gone);
        MERIDIAN_CO_CHECK(co_await take(std::move(step)));
    }
    co_return Result<void>{};
}

io::Task<> RegionApply::apply_layer(std::vector<PlannedChange const*> layer) {
    Turn turn;
    co_return co_await io::in_lanes(kSideBySide, [&] { return apply_next(layer, turn); });
}

io::Task<> RegionApply::apply_next(std::vector<PlannedChange const*> const& layer, Turn& turn) {
    while (turn.next < layer.size() && !turn.failed) {
        auto const& change = *layer[turn.next++];
        if (parts_.work.done.contains(change.logical_id)) continue;
        if (change.action == ChangeAction::kNothing) {
            parts_.work.done.insert(change.logical_id);
            continue;
        }
        auto done = parts_.may_go_on();
        if (done) {
            auto step = co_await apply(change);
            if (step) {
                step->done.push_back(change.logical_id);
                done = co_await take(std::move(*step));
            } else {
                done = std::unexpected(at(change.type, change.logical_id, step.error()));
            }
        }
        if (done) continue;
        turn.failed = true;
        co_return done;
    }
    co_return Result<void>{};
}

io::Task<WorkStep> RegionApply::apply(PlannedChange change) {
    auto const* const type = find_type(change.type);
    if (type == nullptr) co_return fail(Errc::kInternal, change.type + " is not known.");
    auto& work = parts_.work;
    MERIDIAN_CO_TRY(auto resolved, resolve(change.properties, work.now.known()));
    MERIDIAN_CO_TRY(auto properties, type->normalise(resolved));
    auto const* const before = work.now.find(change.logical_id);
    Wish wish{.logical_id = change.logical_id,
              .physical_id = change.physical_id,
              .type = change.type,
              .properties = properties,
              .before = before != nullptr ? before->properties : json()};
    auto const old = before != nullptr ? std::optional(*before) : std::nullopt;
    Result<Standing> made = fail(Errc::kInternal, "nothing was done");
    if (change.action == ChangeAction::kUpdate) {
        parts_.tell(named("update", change.type, change.logical_id, change.physical_id));
        MERIDIAN_CO_TRY(auto standing, co_await type->read(parts_.bench, wish));
        if (standing && change.shifts) {
            // The rollout moves these two.
            for (auto const* const member : {"FunctionVersion", "RoutingConfig"})
                wish.properties[member] = standing->properties[member];
        }
        if (standing) {
            made = co_await type->update(parts_.bench, wish, std::move(*standing));
        } else {
            made = co_await type->create(parts_.bench, wish);
        }
    } else {
        bool const replaces = change.action == ChangeAction::kReplace;
        if (replaces) wish.physical_id = change.new_physical_id;
        parts_.tell(named(replaces ? "replace" : "create", change.type, change.logical_id,
                          wish.physical_id));
        made = co_await type->create(parts_.bench, wish);
    }
    if (!made) co_return std::unexpected(made.error());
    bool const is_another = old && made->physical_id != old->physical_id && !change.is_gone;
    WorkStep step;
    if (is_another && old->deletion_policy != "Retain") step.obsolete.push_back(*old);
    step.now.push_back(record_of(change, wish.properties, std::move(*made)));
    co_return step;
}

io::Task<> RegionApply::set_head(Stack const& stack, std::string rollout, json source) {
    StackHead head{.rollout = std::move(rollout), .source = std::move(source)};
    auto const known = parts_.work.now.known();
    for (auto const& [name, value] : stack.outputs) {
        MERIDIAN_CO_TRY(head.outputs[name], resolve(value, known));
    }
    co_return co_await take({.head = std::move(head)});
}

io::Task<> RegionApply::restore(ResourceRecord wanted) {
    auto const* const type = find_type(wanted.type);
    if (type == nullptr) co_return fail(Errc::kInternal, wanted.type + " is not known.");
    auto const* const now = parts_.work.now.find(wanted.logical_id);
    Wish wish{.logical_id = wanted.logical_id,
              .physical_id = wanted.physical_id,
              .type = wanted.type,
              .properties = wanted.properties,
              // What it has now and is to lose.
              .before = now != nullptr && now->physical_id == wanted.physical_id
                            ? now->properties
                            : wanted.properties};
    WorkStep step;
    MERIDIAN_CO_TRY(auto standing, co_await type->read(parts_.bench, wish));
    bool const is_version = wanted.type == lambda_version_type().name();
    if (!standing && is_version)
        co_return fail(Errc::kResourceNotFound, wanted.physical_id + " is gone.");
    if (standing) {
        bool differs = false;
        for (auto const& property : type->properties()) {
            std::string const name(property.name);
            auto const was = wanted.properties.value(name, json());
            auto const is = standing->properties.value(name, json());
            bool const unsaid = was.is_null() && type->has_service_defaults();
            if (name != kPublishedContent && !unsaid && !type->same(name, was, is)) differs = true;
        }
        if (now != nullptr && now->properties != wanted.properties && !is_version) differs = true;
        if (differs) {
            parts_.tell(named("restore", wanted.type, wanted.logical_id, wanted.physical_id));
            MERIDIAN_CO_CHECK(co_await type->update(parts_.bench, wish, std::move(*standing)));
        }
    } else {
        parts_.tell(named("make again", wanted.type, wanted.logical_id, wanted.physical_id));
        MERIDIAN_CO_TRY(auto const made, co_await type->create(parts_.bench, wish));
        wanted.physical_id = made.physical_id;
        wanted.attributes = made.attributes;
        // Or whoever goes on after an interruption would look for the one that is gone, and make
        // another.
        step.before.push_back(wanted);
    }
    step.now.push_back(std::move(wanted));
    co_return co_await take(std::move(step));
}

io::Task<std::vector<std::string>> RegionApply::roll_back() {
    std::vector<std::string> problems;
    auto& work = parts_.work;
    if (!work.made) {
        // What the execution made and the old state does not have.
        std::vector<ResourceRecord> made;
        for (auto const& resource : work.now.resources) {
            auto const* const old = work.before.find(resource.logical_id);
            bool const is_new = old == nullptr || old->physical_id != resource.physical_id;
            if (is_new && !resource.shared) made.push_back(resource);
        }
        MERIDIAN_CO_CHECK(co_await take({.made = std::move(made)}));
    }
    auto const before = work.before.resources;
    for (auto const& resource : before) {
        auto const done = co_await restore(resource);
        if (!done) {
            problems.push_back(fmt::format("{} {}: {}", short_type(resource.type),
                                           resource.physical_id, done.error().message));
        }
    }
    while (!work.made->empty()) {
        auto const resource = work.made->back();
        auto const done = co_await remove(resource);
        WorkStep step{.made_removed = 1};
        if (!done) {
            problems.push_back(fmt::format("{} {} stays: {}", short_type(resource.type),
                                           resource.physical_id, done.error().message));
            step.leftovers.push_back({resource, done.error().message});
        }
        auto const* const standing = work.now.find(resource.logical_id);
        if (standing != nullptr && standing->physical_id == resource.physical_id)
            step.gone.push_back(resource.logical_id);
        MERIDIAN_CO_CHECK(co_await take(std::move(step)));
    }
    auto head = head_of(work.now);
    head.outputs = work.before.outputs;
    MERIDIAN_CO_CHECK(
        co_await take({.head = std::move(head), .obsolete_removed = work.obsolete.size()}));
    co_return problems;
}

io::Task<> RegionApply::remove(ResourceRecord const& gone) {
    auto const* const type = find_type(gone.type);
    if (type == nullptr) co_return fail(Errc::kInternal, gone.type + " is not known.");
    parts_.tell(named("remove", gone.type, gone.logical_id, gone.physical_id));
    Wish wish{.logical_id = gone.logical_id,
              .physical_id = gone.physical_id,
              .type = gone.type,
              .properties = gone.properties,
              .before = gone.properties};
    co_return co_await type->remove(parts_.bench, std::move(wish));
}

io::Task<> RegionApply::clean() {
    auto& work = parts_.work;
    // Those that an execution before could not remove are tried again.
    if (!work.now.leftovers.empty()) {
        MERIDIAN_CO_CHECK(co_await take({.retries_leftovers = true}));
    }
    // They were collected in the order of the stack, removals in the opposite one already.
    while (!work.obsolete.empty()) {
        auto const gone = work.obsolete.front();
        auto const done = co_await remove(gone);
        WorkStep step{.obsolete_removed = 1};
        if (!done) step.leftovers.push_back({gone, done.error().message});
        MERIDIAN_CO_CHECK(co_await take(std::move(step)));
    }
    co_return Result<void>{};
}

}  // namespace meridian::deploy
