#include "cli/rollout_commands.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/sleep.h"
#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kDeployApi = "/meridian/v1/";
constexpr std::chrono::milliseconds kWatchPause{500};

io::Task<json> ask(deploy::AwsApi& api, std::string method, std::string path) {
    MERIDIAN_CO_TRY(auto answer, co_await api.rest("meridian", std::move(method),
                                                   std::string(kDeployApi) + path));
    if (!answer.ok()) co_return std::unexpected(deploy::error_of(api.region(), answer));
    co_return std::move(answer.body);
}

std::string rollout_path(std::string const& id) { return "rollouts/" + wire::percent_encoded(id); }

// The first region's that knows it.
io::Task<json> find_rollout(DeploySession& session, std::string id) {
    std::optional<Error> last;
    for (auto const& [region, api] : session.apis()) {
        auto found = co_await ask(*api, "GET", rollout_path(id));
        if (found) co_return std::move(*found);
        if (!last || last->code == Errc::kUnavailable) last = found.error();
    }
    co_return std::unexpected(*last);
}

std::vector<std::string> regions_of(json const& rollout) {
    std::vector<std::string> out;
    auto const summary = rollout.value("Summary", json::object());
    for (auto const& [region, _] : summary.value("Regions", json::object()).items())
        out.push_back(region);
    return out;
}

std::string region_line(std::string const& region, json const& part) {
    auto text = fmt::format("  {} (wave {}): {}", region, part.value("Wave", 0) + 1,
                            part.value("Phase", ""));
    for (auto const& shift : part.value("Shifts", json::array())) {
        text += fmt::format(", {} {}% on version {}", shift.value("Alias", ""),
                            shift.value("Percent", 0), shift.value("To", ""));
    }
    for (auto const& hook : part.value("Hooks", json::array())) {
        text += fmt::format(", {} {}: {}", hook.value("Event", ""), hook.value("Function", ""),
                            hook.value("Status", ""));
    }
    if (auto const failure = part.value("Failure", ""); !failure.empty())
        text += fmt::format(" ({})", failure);
    text += "\n";
    for (auto const* const list : {"Problems", "Unproven"}) {
        for (auto const& problem : part.value(list, json::array()))
            text += fmt::format("    {}: {}\n", list, problem.get<std::string>());
    }
    return text;
}

std::string rollout_text(json const& rollout) {
    auto const summary = rollout.value("Summary", json::object());
    auto text =
        fmt::format("{}  {}  {}  {}{}\n", rollout.value("Id", ""), rollout.value("Created", ""),
                    rollout.value("Stack", ""), rollout.value("State", ""),
                    rollout.value("AbortRequested", false) ? ", abort requested" : "");
    for (auto const& [region, part] : summary.value("Regions", json::object()).items())
        text += region_line(region, part);
    return text;
}

json without_record(json rollout) {
    rollout.erase("Record");
    return rollout;
}

bool is_over(json const& rollout) { return rollout.value("State", "") != "InProgress"; }

void print_json(DeployTools const& tools, json const& value) {
    tools.output.print(value.dump(2) + "\n");
}

io::Task<> drive(DeployTools const& tools, std::vector<std::string> regions, std::string id) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    crypto::SystemRandom random;
    deploy::RolloutStore store(session.apis(), lease_holder(random));
    MERIDIAN_CO_TRY(auto rollout, co_await store.take(id));
    for (auto const& [region, why] : store.unreachable()) {
        if (!tools.output.json)
            tools.output.print(fmt::format("warning: {} does not answer: {}\n", region, why));
    }
    co_return co_await execute(tools, session, store,
                               {.rollout = std::move(rollout), .resumed = true});
}

}  // namespace

io::Task<> list_rollouts(DeployTools tools, std::vector<std::string> regions) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    MERIDIAN_CO_TRY(auto const answer, co_await ask(session.first(), "GET", "rollouts"));
    auto rollouts = answer.value("Rollouts", json::array()).get<std::vector<json>>();
    std::ranges::sort(rollouts, {}, [](json const& each) { return each.value("Created", ""); });
    if (tools.output.json) {
        print_json(tools, {{"Rollouts", rollouts}});
        co_return Result<void>{};
    }
    for (auto const& rollout : rollouts) {
        tools.output.print(fmt::format("{}  {}  {:<24} {}\n", rollout.value("Id", ""),
                                       rollout.value("Created", ""), rollout.value("Stack", ""),
                                       rollout.value("State", "")));
    }
    co_return Result<void>{};
}

io::Task<> show_rollout(DeployTools tools, std::vector<std::string> regions, std::string id) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    MERIDIAN_CO_TRY(auto const rollout, co_await find_rollout(session, id));
    if (tools.output.json) {
        print_json(tools, without_record(rollout));
    } else {
        tools.output.print(rollout_text(rollout));
    }
    co_return Result<void>{};
}

io::Task<> watch_rollout(DeployTools tools, std::vector<std::string> regions, std::string id) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    std::string shown;
    for (;;) {
        MERIDIAN_CO_TRY(auto const rollout, co_await find_rollout(session, id));
        auto const text =
            tools.output.json ? without_record(rollout).dump() + "\n" : rollout_text(rollout);
        // The lease's end moves all the time and says nothing.
        auto const key = rollout_text(rollout);
        if (key != shown) tools.output.print(text);
        shown = key;
        if (is_over(rollout)) co_return Result<void>{};
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kWatchPause));
    }
}

io::Task<> abort_rollout(DeployTools tools, std::vector<std::string> regions, std::string id) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    MERIDIAN_CO_TRY(auto const rollout, co_await find_rollout(session, id));
    if (is_over(rollout)) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("{} is over: {}.", id, rollout.value("State", "")));
    }
    if (tools.output.dry_run) {
        say_intent(tools.output, fmt::format("take {} back to what was before it", id));
        co_return Result<void>{};
    }
    auto const all = regions_of(rollout);
    MERIDIAN_CO_TRY(auto everywhere, DeploySession::open(tools, all.empty() ? regions : all));
    bool driven = false;
    std::size_t told = 0;
    std::optional<Error> last;
    for (auto const& [region, api] : everywhere.apis()) {
        auto const answer = co_await ask(*api, "POST", rollout_path(id) + "/abort");
        if (!answer) {
            last = answer.error();
            continue;
        }
        ++told;
        driven = driven || answer->value("Driven", false);
    }
    if (told == 0) co_return std::unexpected(*last);
    if (driven) {
        if (!tools.output.json) tools.output.print(fmt::format("{} is told to go back.\n", id));
        MERIDIAN_CO_CHECK(co_await watch_rollout(tools, regions, id));
        co_return Result<void>{};
    }
    if (!tools.output.json) tools.output.print("Nobody drives it: it goes back from here.\n");
    auto const done = co_await drive(tools, all, id);
    // Gone back is what was asked for.
    MERIDIAN_CO_TRY(auto const after, co_await find_rollout(session, id));
    if (after.value("State", "") == "Aborted") co_return Result<void>{};
    co_return done;
}

io::Task<> resume_rollout(DeployTools tools, std::vector<std::string> regions, std::string id) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    MERIDIAN_CO_TRY(auto const rollout, co_await find_rollout(session, id));
    if (tools.output.dry_run) {
        say_intent(tools.output,
                   fmt::format("go on with {}, which is {}", id, rollout.value("State", "")));
        co_return Result<void>{};
    }
    auto const all = regions_of(rollout);
    co_return co_await drive(tools, all.empty() ? regions : all, id);
}

}  // namespace meridian::cli
