#include "cli/deploy_session.h"

#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/progress.h"
#include "deploy/driver.h"
#include "deploy/plan_json.h"
#include "deploy/region_alarms.h"
#include "io/sleep.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kHostBytes = 256;
constexpr std::size_t kTokenChars = 8;

std::string outcome_text(deploy::RolloutRecord const& rollout, deploy::RolloutOutcome outcome) {
    auto text = fmt::format("{} of {}: {}\n", rollout.id, rollout.stack, name_of(outcome));
    for (auto const& [region, part] : rollout.regions) {
        text += fmt::format("  {}: {}{}\n", region, name_of(part.phase),
                            part.failure.empty() ? "" : " (" + part.failure + ")");
        for (auto const& problem : part.problems) text += fmt::format("    {}\n", problem);
        for (auto const& unproven : part.unproven)
            text += fmt::format("    unproven: {}\n", unproven);
        if (outcome != deploy::RolloutOutcome::kSucceeded) continue;
        for (auto const& [name, value] : part.work.now.outputs) {
            text += fmt::format("    {} = {}\n", name,
                                value.is_string() ? value.get<std::string>() : value.dump());
        }
    }
    return text;
}

json outcome_json(deploy::RolloutRecord const& rollout, deploy::RolloutOutcome outcome) {
    auto out = deploy::summary_of(rollout);
    out["Id"] = rollout.id;
    out["Stack"] = rollout.stack;
    out["State"] = std::string(name_of(outcome));
    for (auto const& [region, part] : rollout.regions)
        out["Regions"][region]["Outputs"] = part.work.now.outputs;
    return out;
}

std::string undo_text(deploy::RolloutRecord const& rollout) {
    auto const& source = rollout.source;
    bool const removed = rollout.removes_stack;
    if (removed) return "To have it again, deploy its template again.\n";
    bool const first = std::ranges::all_of(rollout.regions, [](auto const& each) {
        return each.second.work.before.resources.empty();
    });
    if (first) {
        return fmt::format("To undo it: meridian stack delete {}\n", rollout.stack);
    }
    return source.is_object() && source.contains("Commit")
               ? "To undo it, deploy the commit before.\n"
               : "To undo it, deploy the template as it was before (or restore a baseline: "
                 "meridian restore).\n";
}

}  // namespace

Result<DeploySession> DeploySession::open(DeployTools const& tools,
                                          std::vector<std::string> const& regions) {
    DeploySession out;
    for (auto const& region : regions) {
        MERIDIAN_TRY(auto connection, tools.connect(region));
        out.clients_[region] = std::make_unique<AwsClient>(std::move(connection), tools.clock);
    }
    return out;
}

deploy::RolloutStore::Apis DeploySession::apis() const {
    deploy::RolloutStore::Apis out;
    for (auto const& [region, client] : clients_) out[region] = client.get();
    return out;
}

io::Task<std::string> DeploySession::account() {
    std::optional<Error> last;
    for (auto const& [region, client] : clients_) {
        auto const answer = co_await client->query("sts", "GetCallerIdentity", json::object());
        if (answer && answer->ok()) co_return answer->body.value("Account", "");
        last = answer ? deploy::error_of("GetCallerIdentity", *answer) : answer.error();
        // A region that is down tells nothing; one that refuses tells all.
        if (answer) break;
    }
    co_return std::unexpected(*last);
}

std::string lease_holder(Random& random) {
    std::array<char, kHostBytes> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    return fmt::format("{}:{}:{}", host.data(), ::getpid(),
                       make_token(random, kLowerHex, kTokenChars));
}

io::Task<> execute(DeployTools const& tools, DeploySession& session, deploy::RolloutStore& store,
                   Execution execution) {
    MERIDIAN_CO_TRY(auto const account, co_await session.account());
    crypto::SystemRandom random;
    NullLog log;
    ProgressLine line(tools.output.print,
                      {.terminal = tools.terminal, .silent = tools.output.json});
    deploy::RegionAlarms alarms(tools.clock);
    deploy::Driver driver(
        {.apis = session.apis(),
         .store = store,
         .alarms = &alarms,
         .clock = tools.clock,
         .random = random,
         .log = log,
         .pause = [](std::chrono::milliseconds time) { return io::sleep_for(time); },
         .tell = [&line](deploy::Progress const& progress) { line.show(progress); },
         .account = account},
        std::move(execution.rollout), std::move(execution.packages));
    if (execution.resumed) driver.try_again();
    auto const outcome = co_await driver.run();
    line.clear();
    auto const& rollout = driver.rollout();
    if (!outcome) {
        auto error = outcome.error();
        error.message = fmt::format("{} (it goes on with: meridian rollout resume {})",
                                    error.message, rollout.id);
        co_return std::unexpected(std::move(error));
    }
    bool const good = *outcome == deploy::RolloutOutcome::kSucceeded;
    if (tools.output.json) {
        tools.output.print(outcome_json(rollout, *outcome).dump(2) + "\n");
    } else {
        tools.output.print(outcome_text(rollout, *outcome));
        for (auto const& [region, why] : store.unreachable()) {
            tools.output.print(
                fmt::format("warning: {} has not heard of the end ({}): when it is back, meridian "
                            "rollout resume {} --regions {}\n",
                            region, why, rollout.id, region));
        }
        if (good) tools.output.print(undo_text(rollout));
    }
    if (good) co_return Result<void>{};
    co_return fail(Errc::kResourceConflict,
                   fmt::format("{} ended as {}.", rollout.id, name_of(*outcome)));
}

std::string region_plan_text(std::string const& region, deploy::Plan const& plan) {
    auto const text = deploy::plan_text(plan);
    return fmt::format("{}:{}\n{}", region, text.empty() ? " nothing to change" : "", text);
}

}  // namespace meridian::cli
