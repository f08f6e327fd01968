#include "transfer/import_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "io/sleep.h"
#include "transfer/renaming.h"
#include "transfer/told.h"

namespace meridian::transfer {

using deploy::AwsApi;
using nlohmann::json;

namespace {

// A function that is not ready after all of these waits is a failure of its own.
constexpr std::chrono::milliseconds kSettleFirstWait{10};
constexpr std::chrono::milliseconds kSettleLongestWait{1'000};
constexpr int kSettleTriesMax = 300;
// A role that was just made is not known everywhere at once.
constexpr int kRoleTriesMax = 8;
constexpr std::chrono::milliseconds kRoleFirstWait{100};

// Shared by the lanes of one run.
struct Running {
    ImportPlan plan;
    PackageSource& packages;
    Progress progress;
    ImportResult result = {};
    std::size_t done = 0;
    std::size_t total = 0;
};

// Where a step is being done.
struct Place {
    AwsApi& api;
    std::size_t lane;
};

std::string member_text(json const& body, char const* member) {
    if (!body.is_object() || !body.contains(member) || !body[member].is_string()) return {};
    return body[member].get<std::string>();
}

// The reason why it never becomes ready, or nothing.
io::Task<std::string> settle(Place place, std::string function, std::string qualifier) {
    auto const target =
        function_path("2015-03-31", function, "/configuration") + qualifier_query(qualifier);
    auto wait = kSettleFirstWait;
    for (int tries = 0; tries < kSettleTriesMax; ++tries) {
        MERIDIAN_CO_TRY(auto const answer, co_await ask(place.api, target));
        if (!answer.present()) {
            co_return answer.untold() ? answer.reason : std::string("it is not there");
        }
        auto const state = member_text(answer.body, "State");
        auto const update = member_text(answer.body, "LastUpdateStatus");
        if (state == "Failed" || update == "Failed") {
            co_return fmt::format("{}{}", member_text(answer.body, "StateReason"),
                                  member_text(answer.body, "LastUpdateStatusReason"));
        }
        if (state != "Pending" && update != "InProgress") co_return std::string();
        MERIDIAN_CO_CHECK(co_await io::sleep_for(wait));
        wait = std::min(wait * 2, kSettleLongestWait);
    }
    co_return std::string("it does not become ready");
}

Renaming renaming_of(std::map<std::string, std::string> const& bindings) {
    return {bindings.begin(), bindings.end()};
}

// What the answer's Version, a text or a number, is.
std::string answered_version(json const& body) {
    if (!body.is_object() || !body.contains("Version")) return {};
    auto const& version = body["Version"];
    return version.is_string() ? version.get<std::string>() : version.dump();
}

bool role_is_not_known_yet(deploy::AwsAnswer const& answer) {
    return !answer.ok() &&
           answer.message().find("cannot be assumed by Lambda") != std::string::npos;
}

io::Task<deploy::AwsAnswer> send(Place place, Step const& step) {
    if (!step.action.empty()) co_return co_await place.api.query("iam", step.action, step.body);
    auto wait = kRoleFirstWait;
    for (int tries = 1;; ++tries) {
        MERIDIAN_CO_TRY(auto answer,
                        co_await place.api.rest("lambda", step.method, step.target, step.body));
        if (!role_is_not_known_yet(answer) || tries == kRoleTriesMax) co_return answer;
        MERIDIAN_CO_CHECK(co_await io::sleep_for(wait));
        wait *= 2;
    }
}

// Why the step failed, or nothing.
io::Task<std::string> run_step(Running& running, Place place, std::string function, Step step) {
    if (step.code) {
        auto package = co_await running.packages.fetch(place.lane, *step.code);
        // Where packages are need not be where the API is: the others may still come.
        if (!package) co_return package.error().message;
        step.body[json::json_pointer(step.code_at)] = to_base64(*package);
    }
    rename_in(step.body, renaming_of(running.plan.bindings));
    MERIDIAN_CO_TRY(auto const answer, co_await send(place, step));
    if (!answer.ok()) co_return error_text(answer);
    if (step.version != 0) {
        auto const got = answered_version(answer.body);
        if (got != std::to_string(step.version))
            co_return fmt::format("the target gave the number {} instead of {}", got, step.version);
    }
    if (!step.binds.empty()) {
        auto const config = answer.body.value("CodeSigningConfig", json::object());
        running.plan.bindings[step.binds] = member_text(config, "CodeSigningConfigArn");
    }
    if (!step.settle.empty() && !function.empty()) {
        MERIDIAN_CO_TRY(auto reason, co_await settle(place, function, step.settle));
        co_return reason;
    }
    co_return std::string();
}

io::Task<> run_unit(Running& running, Place place, Unit const& unit) {
    for (auto const& step : unit.steps) {
        MERIDIAN_CO_TRY(auto reason, co_await run_step(running, place, unit.function, step));
        if (reason.empty()) {
            ++running.result.steps_done;
            continue;
        }
        running.result.failures.push_back({unit.subject, step.what, std::move(reason)});
        if (step.vital) break;
    }
    ++running.done;
    if (running.progress) running.progress(running.done, running.total, unit.subject);
    co_return Result<void>{};
}

}  // namespace

io::Task<ImportResult> run_import(Lanes lanes, ImportPlan plan, PackageSource& packages,
                                  Progress progress) {
    Running running{.plan = std::move(plan), .packages = packages, .progress = std::move(progress)};
    running.total = running.plan.unit_count();
    for (auto const& phase : running.plan.phases) {
        MERIDIAN_CO_CHECK(co_await for_each_in_lanes(
            lanes, phase.size(), [&](AwsApi& lane, std::size_t n) -> io::Task<> {
                auto const at = std::ranges::find(lanes, &lane);
                co_return co_await run_unit(
                    running, {lane, static_cast<std::size_t>(at - lanes.begin())}, phase[n]);
            }));
    }
    co_return std::move(running.result);
}

}  // namespace meridian::transfer
