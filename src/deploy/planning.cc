#include "deploy/planning.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "deploy/traffic.h"
#include "io/all.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

// Packages on their way to the regions at one time; each is held in memory whole.
constexpr std::size_t kUploadsSideBySide = 4;

Workbench bench_for_reading(PlanningParts const& parts, std::string const& region) {
    return {.calls = ServiceCalls(*parts.apis.at(region), parts.pause),
            .package = [](std::string) -> io::Task<std::string> {
                co_return fail(Errc::kInternal, "a plan needs no package");
            },
            .account = parts.account};
}

// Names in IAM that a region's stack owns or will.
void add_shared(Plan const& plan, std::string const& account, std::set<std::string>& shared) {
    for (auto const& change : plan.changes) {
        auto const* const type = find_type(change.type);
        bool const stays =
            change.action != ChangeAction::kRemove && change.action != ChangeAction::kForget;
        if (type == nullptr || !type->is_global() || change.shared || !stays) continue;
        auto const& id = change.physical_id;
        shared.insert(id);
        if (change.type == iam_managed_policy_type().name() && !id.starts_with("arn:")) {
            shared.insert(fmt::format("arn:aws:iam::{}:policy{}{}", account,
                                      change.properties.value("Path", "/"), id));
        }
    }
}

bool overwrites_code(PlannedChange const& change) {
    return change.type == lambda_function_type().name() && change.action == ChangeAction::kUpdate &&
           std::ranges::find(change.changes, "Code", &PropertyChange::property) !=
               change.changes.end();
}

using PackageBytes = std::map<std::string, std::string>;  // by CodeSha256

// One lane of those that share `next`.
io::Task<> put_packages(PlanningParts const& parts, std::string rollout,
                        PackageBytes::const_iterator& next, PackageBytes::const_iterator end) {
    while (next != end) {
        auto const& [hash, bytes] = *next++;
        MERIDIAN_CO_CHECK(co_await parts.store.put_package(rollout, hash, bytes));
    }
    co_return Result<void>{};
}

// The stack's record in a region, and how what it names stands.
io::Task<> read_standing_of(PlanningParts const& parts, RegionPlan& one) {
    auto const& stack = one.wished.stack;
    MERIDIAN_CO_TRY(auto record, co_await parts.store.stack(stack.region, stack.name));
    one.record =
        record ? std::move(*record)
               : StackRecord{.name = stack.name, .region = stack.region, .account = parts.account};
    MERIDIAN_CO_TRY(auto wishes, wishes_to_read(stack, one.record));
    auto bench = bench_for_reading(parts, stack.region);
    MERIDIAN_CO_TRY(one.standing, co_await read_standing(bench, std::move(wishes), one.record));
    co_return Result<void>{};
}

}  // namespace

io::Task<RegionPlan> read_region(PlanningParts const& parts, std::string region,
                                 std::string stack) {
    RegionPlan out{.wished = {.stack = {.name = std::move(stack), .region = std::move(region)}}};
    MERIDIAN_CO_CHECK(co_await read_standing_of(parts, out));
    co_return out;
}

io::Task<std::map<std::string, RegionPlan>> plan_regions(
    PlanningParts const& parts, std::map<std::string, PackagedStack> wished,
    std::vector<std::vector<std::string>> waves) {
    std::map<std::string, RegionPlan> out;
    std::vector<io::Task<>> reads;
    for (auto const& wave : waves) {
        for (auto const& region : wave) {
            auto& one = out[region];
            one.wished = std::move(wished.at(region));
            MERIDIAN_CO_CHECK(check_shifts(one.wished.stack));
            reads.push_back(read_standing_of(parts, one));
        }
    }
    MERIDIAN_CO_CHECK(co_await io::all(std::move(reads)));
    std::set<std::string> shared;
    for (auto const& wave : waves) {
        for (auto const& region : wave) {
            auto& one = out[region];
            MERIDIAN_CO_TRY(one.plan, make_plan({.stack = one.wished.stack,
                                                 .record = one.record,
                                                 .standing = one.standing,
                                                 .shared = shared}));
            add_shared(one.plan, parts.account, shared);
        }
    }
    co_return out;
}

Result<void> check_shifts(Stack const& stack) {
    for (auto const& shift : stack.shifts) {
        auto const alias =
            std::ranges::find(stack.resources, shift.alias, &StackResource::logical_id);
        if (alias == stack.resources.end()) {
            return fail(
                Errc::kInvalidParameterValue,
                fmt::format("Traffic of {} cannot shift: there is no such alias.", shift.alias));
        }
        if (auto const steps = parse_traffic_shift(shift.type); !steps) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{}: {}", describe(alias->mark), steps.error().message));
        }
        auto const& routing = alias->properties.value("RoutingConfig", json());
        if (!routing.is_null() && !routing.empty()) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{}: an alias whose traffic shifts can have no RoutingConfig "
                                    "of its own.",
                                    describe(alias->mark)));
        }
    }
    return {};
}

RolloutRecord make_rollout(std::string id, std::string stack,
                           std::map<std::string, RegionPlan> const& plans,
                           std::vector<std::vector<std::string>> const& waves) {
    RolloutRecord out{.id = std::move(id), .stack = std::move(stack)};
    for (std::size_t wave = 0; wave < waves.size(); ++wave) {
        for (auto const& region : waves[wave]) {
            auto const& one = plans.at(region);
            auto& part = out.regions[region];
            part.wave = wave;
            part.stack = one.wished.stack;
            part.plan = one.plan;
            part.work.before = one.record;
            part.work.now = one.record;
        }
    }
    return out;
}

io::Task<std::map<std::string, std::string>> collect_packages(
    PlanningParts const& parts, std::map<std::string, RegionPlan> const& plans) {
    std::map<std::string, std::string> out;
    for (auto const& [region, one] : plans) {
        for (auto const& change : one.plan.changes) {
            if (change.action == ChangeAction::kNothing || !change.properties.is_object()) continue;
            for (auto const* const member : {"Code", "Content"}) {
                auto const code = change.properties.value(member, json::object());
                auto const hash = code.is_object() ? code.value("CodeSha256", "") : std::string();
                auto const found = one.wished.packages.find(hash);
                if (found != one.wished.packages.end()) out[hash] = found->second;
            }
            auto const standing = one.standing.find(change.logical_id);
            if (!overwrites_code(change) || standing == one.standing.end() || !standing->second)
                continue;
            auto const before =
                standing->second->properties.value("Code", json::object()).value("CodeSha256", "");
            if (before.empty() || out.contains(before)) continue;
            ServiceCalls calls(*parts.apis.at(region), parts.pause);
            MERIDIAN_CO_TRY(
                auto const function,
                co_await calls.lambda("GetFunction", "GET", function_path(change.physical_id)));
            auto const link = function.value("Code", json::object()).value("Location", "");
            MERIDIAN_CO_TRY(auto bytes, co_await calls.api().download(link));
            if (crypto::sha256_base64(bytes) != before) {
                co_return fail(
                    Errc::kConflict,
                    fmt::format("The code of {} changed while it was read.", change.physical_id));
            }
            out[before] = std::move(bytes);
        }
    }
    co_return out;
}

io::Task<std::map<std::string, std::string>> begin_rollout(
    PlanningParts const& parts, std::map<std::string, RegionPlan> const& plans,
    RolloutRecord& rollout) {
    MERIDIAN_CO_TRY(auto packages, co_await collect_packages(parts, plans));
    for (auto const& [hash, bytes] : packages) rollout.packages.push_back(hash);
    MERIDIAN_CO_CHECK(co_await parts.store.create(rollout));
    auto next = packages.cbegin();
    MERIDIAN_CO_CHECK(co_await io::in_lanes(kUploadsSideBySide, [&] {
        return put_packages(parts, rollout.id, next, packages.cend());
    }));
    co_return packages;
}

}  // namespace meridian::deploy
