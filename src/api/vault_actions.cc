#include "api/vault_actions.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "api/meridian_json.h"
#include "api/vault_jobs.h"
#include "api/vault_json.h"
#include "vault/people.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using nlohmann::json;

constexpr std::string_view kVaultPrefix = "/meridian/v1/";
constexpr std::string_view kChangesSuffix = "/changes";
constexpr std::string_view kCancelSuffix = "/cancel";
constexpr std::string_view kGetJob = "meridian:GetJob";
constexpr std::string_view kCancelJob = "meridian:CancelJob";
// A baseline holds everything that was acknowledged before it was asked for.
// Less than what callers wait for an answer: they are told why.
constexpr auto kFollowMax = std::chrono::seconds(20);
constexpr unsigned kJobWaitSecondsMax = 20;
constexpr std::size_t kBaselineNameBytesMax = 100;

std::unexpected<Error> bad(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

bool is_baseline_name(std::string_view name) {
    constexpr std::string_view kFirst =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::string_view kOthers =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return !name.empty() && name.size() <= kBaselineNameBytesMax && kFirst.contains(name.front()) &&
           name.find_first_not_of(kOthers) == name.npos && !name.contains("..") &&
           !name.ends_with('.') && !name.ends_with(".lock");
}

// Entries that are acknowledged are in the vault afterwards.
io::Task<> catch_up(VaultServices services) {
    vault::Position now;
    MERIDIAN_CO_TRY(now.region, co_await services.store.last_sequence(store::LogName::kRegion));
    MERIDIAN_CO_TRY(now.account, co_await services.store.last_sequence(store::LogName::kAccount));
    co_return co_await services.keeper.wait_until(now, kFollowMax);
}

io::Task<json> show_vault(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto const region,
                    co_await call.services.store.last_sequence(store::LogName::kRegion));
    MERIDIAN_CO_TRY(auto const account,
                    co_await call.services.store.last_sequence(store::LogName::kAccount));
    auto const position = call.services.keeper.position();
    struct Found {
        vault::ObjectId head;
        vault::LastProofs proofs;
    };
    MERIDIAN_CO_TRY(auto const found, co_await call.services.keeper.with_vault(
                                          [](vault::Vault& vault) -> Result<Found> {
                                              Found out;
                                              MERIDIAN_TRY(out.head, vault.head());
                                              MERIDIAN_TRY(out.proofs, vault.proofs());
                                              return out;
                                          }));
    json levels = json::array();
    for (auto const level : vault::kVerifyLevels) {
        json one = {{"Level", vault::name_of(level)}};
        if (auto const last = found.proofs.last.find(level); last != found.proofs.last.end())
            one["Last"] = shown(last->second);
        if (auto const proven = found.proofs.proven.find(level);
            proven != found.proofs.proven.end())
            one["Proven"] = shown(proven->second);
        levels.push_back(std::move(one));
    }
    json copies = json::array();
    for (auto const& copy : call.services.backups.copies()) {
        json one = {{"Copy", copy.copy}};
        if (auto const last = found.proofs.last_of_copies.find(copy.copy);
            last != found.proofs.last_of_copies.end())
            one["Last"] = shown(last->second);
        if (auto const proven = found.proofs.proven_of_copies.find(copy.copy);
            proven != found.proofs.proven_of_copies.end())
            one["Proven"] = shown(proven->second);
        copies.push_back(std::move(one));
    }
    json troubles = json::array();
    for (auto const& trouble : call.services.keeper.troubles()) {
        troubles.push_back({{"Log", trouble.log == store::LogName::kRegion ? "region" : "account"},
                            {"Since", wire::format_iso8601(trouble.since)},
                            {"Error", trouble.error}});
    }
    co_return json{{"Head", found.head.hex()},
                   {"Troubles", std::move(troubles)},
                   {"Copies", std::move(copies)},
                   {"RegionSequence", position.region},
                   {"AccountSequence", position.account},
                   {"Behind", region + account - position.region - position.account},
                   {"Levels", std::move(levels)}};
}

io::Task<json> list_baselines(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto const baselines,
                    co_await call.services.keeper.with_vault(
                        [](vault::Vault& vault) { return vault.baselines(); }));
    json out = json::array();
    for (auto const& baseline : baselines) out.push_back(shown(baseline));
    co_return json{{"Baselines", std::move(out)}};
}

vault::Signature tagger_of(VaultCall const& call) {
    return vault::person(call.caller.arn, std::chrono::floor<std::chrono::seconds>(call.now));
}

// "2026-11-23.1", the first that is free.
std::string free_name(std::vector<vault::Baseline> const& taken, WallTime now) {
    auto const day = fmt::format("{:%Y-%m-%d}", std::chrono::floor<std::chrono::seconds>(now));
    for (std::size_t n = 1;; ++n) {
        auto name = fmt::format("{}.{}", day, n);
        if (std::ranges::find(taken, name, &vault::Baseline::name) == taken.end()) return name;
    }
}

io::Task<json> create_baseline(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto const input,
                    read_members(call.request, {{"Name", json::value_t::string},
                                                {"Message", json::value_t::string}}));
    auto const name = input.value("Name", "");
    auto const message = input.value("Message", "");
    if (!name.empty() && !is_baseline_name(name)) {
        co_return bad(
            fmt::format("{} is no name for a baseline: letters, digits, '.', '_' and '-', "
                        "{} at most.",
                        name, kBaselineNameBytesMax));
    }
    if (message.size() > kBaselineMessageBytesMax)
        co_return bad(fmt::format("Message is longer than {} bytes.", kBaselineMessageBytesMax));
    MERIDIAN_CO_CHECK(co_await catch_up(call.services));
    auto const tagger = tagger_of(call);
    MERIDIAN_CO_TRY(auto const made,
                    co_await call.services.keeper.with_vault(
                        [name, message, tagger](vault::Vault& vault) -> Result<vault::Baseline> {
                            if (!name.empty()) return vault.create_baseline(name, message, tagger);
                            MERIDIAN_TRY(auto const taken, vault.baselines());
                            return vault.create_baseline(free_name(taken, tagger.time), message,
                                                         tagger);
                        }));
    co_return shown(made);
}

io::Task<json> list_backups(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto const baselines,
                    co_await call.services.keeper.with_vault(
                        [](vault::Vault& vault) { return vault.baselines(); }));
    json out = json::array();
    for (auto const& baseline : baselines) {
        if (vault::is_backup(baseline)) out.push_back(shown(baseline));
    }
    co_return json{{"Backups", std::move(out)}, {"Copies", shown(call.services.backups.copies())}};
}

io::Task<json> prune_backups(VaultCall const& call) {
    using Type = json::value_t;
    MERIDIAN_CO_TRY(auto const input, read_members(call.request, {{"Last", Type::number_unsigned},
                                                                  {"Hourly", Type::number_unsigned},
                                                                  {"Daily", Type::number_unsigned},
                                                                  {"DryRun", Type::boolean}}));
    auto keep = call.services.backups.plan().keep;
    keep.last = input.value("Last", keep.last);
    keep.hourly = input.value("Hourly", keep.hourly);
    keep.daily = input.value("Daily", keep.daily);
    MERIDIAN_CO_TRY(auto const removed,
                    co_await call.services.backups.prune(keep, input.value("DryRun", false)));
    co_return json{{"Removed", removed}};
}

io::Task<json> show_baseline(VaultCall const& call, std::string const& name) {
    MERIDIAN_CO_TRY(auto const baseline,
                    co_await call.services.keeper.with_vault(
                        [name](vault::Vault& vault) { return vault.baseline(name); }));
    co_return shown(baseline);
}

// From one commit to another, as a restore of the later into the earlier would plan it.
io::Task<json> show_changes(VaultCall const& call, std::string const& name) {
    std::string to;
    for (auto const& [key, value] : wire::split_query(call.request.query())) {
        if (key == "to") to = wire::percent_decoded_text(value);
    }
    if (to.empty()) {
        MERIDIAN_CO_CHECK(co_await catch_up(call.services));
    }
    vault::RestoreScope scope{.account = call.caller.account, .exact = true};
    MERIDIAN_CO_TRY(
        auto const plan,
        co_await call.services.keeper.with_vault(
            [name, to, scope](vault::Vault& vault) mutable -> Result<vault::RestorePlan> {
                scope.secrets = vault.secrets();
                MERIDIAN_TRY(auto const from, vault.baseline(name));
                MERIDIAN_TRY(auto const head, vault.head());
                auto later = head;
                if (!to.empty()) {
                    MERIDIAN_TRY(auto const baseline, vault.baseline(to));
                    later = baseline.commit;
                }
                MERIDIAN_TRY(auto before, vault.read_records(from.commit));
                MERIDIAN_TRY(auto after, vault.read_records(later));
                vault::RegionState state;
                for (auto& kept : before) {
                    if (kept.is_epitaph) {
                        state.epitaphs.emplace(kept.key, kept.value);
                    } else {
                        state.records.push_back({.key = kept.key, .value = std::move(kept.value)});
                    }
                }
                return vault::plan_restore(std::move(after), state, scope);
            }));
    co_return shown(plan);
}

// Accepted: it is written down, and goes on whatever becomes of the caller.
template <vault::JobKind kKind>
io::Task<json> start_job(VaultCall const& call, std::string const&) {
    MERIDIAN_CO_TRY(auto body, read_object(call.request));
    vault::Jobs::Wish wish{.kind = kKind,
                           .account = call.caller.account,
                           .by = call.caller.arn,
                           .request = std::move(body)};
    MERIDIAN_CO_CHECK(check_job(call.services, call.keeper_of, wish));
    MERIDIAN_CO_TRY(auto job, co_await call.services.jobs.start(std::move(wish)));
    co_return shown(vault::Jobs::Shown{.job = std::move(job)});
}

io::Task<json> list_jobs(VaultCall const& call) {
    json out = json::array();
    for (auto const& job : call.services.jobs.list(call.caller.account)) out.push_back(shown(job));
    co_return json{{"Jobs", std::move(out)}};
}

io::Task<json> show_job(VaultCall const& call, std::string const& id) {
    unsigned wait_seconds = 0;
    for (auto const& [key, value] : wire::split_query(call.request.query())) {
        if (key != "wait") continue;
        auto const text = wire::percent_decoded_text(value);
        auto const* const end = text.data() + text.size();
        auto const [stop, error] = std::from_chars(text.data(), end, wait_seconds);
        if (error != std::errc{} || stop != end || wait_seconds > kJobWaitSecondsMax)
            co_return bad(fmt::format("wait is seconds, {} at most.", kJobWaitSecondsMax));
    }
    MERIDIAN_CO_TRY(auto const found,
                    co_await call.services.jobs.wait(call.caller.account, id,
                                                     std::chrono::seconds(wait_seconds)));
    auto out = shown(found);
    if (found.job.state == vault::JobState::kSucceeded) out["Result"] = found.job.result;
    co_return out;
}

io::Task<json> cancel_job(VaultCall const& call, std::string const& id) {
    MERIDIAN_CO_CHECK(read_members(call.request, {}));
    MERIDIAN_CO_TRY(auto job,
                    co_await call.services.jobs.cancel(
                        {.account = call.caller.account, .id = id, .by = call.caller.arn}));
    co_return shown(vault::Jobs::Shown{.job = std::move(job)});
}

// Which action a request is; nothing for what is none.
struct Route {
    std::string_view action;
    io::Task<json> (*run)(VaultCall const& call, std::string const& name);
    std::string name = {};
};

template <io::Task<json> (*kRun)(VaultCall const&)>
io::Task<json> without_name(VaultCall const& call, std::string const&) {
    return kRun(call);
}

std::optional<Route> route_of(HttpRequest const& request) {
    auto path = std::string_view(request.path());
    if (!path.starts_with(kVaultPrefix)) return std::nullopt;
    path.remove_prefix(kVaultPrefix.size());
    bool const get = request.method == "GET";
    bool const post = request.method == "POST";
    if (get && path == "vault") return Route{"meridian:GetVault", without_name<show_vault>};
    if (get && path == "vault/jobs") return Route{"meridian:ListJobs", without_name<list_jobs>};
    if (post && path == "vault/verify")
        return Route{"meridian:VerifyVault", start_job<vault::JobKind::kVerify>};
    if (get && path == "backups") return Route{"meridian:ListBackups", without_name<list_backups>};
    if (post && path == "backups")
        return Route{"meridian:CreateBackup", start_job<vault::JobKind::kBackup>};
    if (post && path == "backups/prune")
        return Route{"meridian:PruneBackups", without_name<prune_backups>};
    if (get && path == "baselines")
        return Route{"meridian:ListBaselines", without_name<list_baselines>};
    if (post && path == "baselines")
        return Route{"meridian:CreateBaseline", without_name<create_baseline>};
    if (post && path == "restores")
        return Route{"meridian:Restore", start_job<vault::JobKind::kRestore>};
    constexpr std::string_view kJob = "vault/jobs/";
    if (path.starts_with(kJob)) {
        path.remove_prefix(kJob.size());
        bool const cancels = post && path.ends_with(kCancelSuffix);
        if (cancels) path.remove_suffix(kCancelSuffix.size());
        auto id = wire::percent_decoded_text(path);
        if (!vault::is_job_id(id) || !(get || cancels)) return std::nullopt;
        if (cancels) return Route{kCancelJob, cancel_job, std::move(id)};
        return Route{kGetJob, show_job, std::move(id)};
    }
    constexpr std::string_view kOne = "baselines/";
    if (!get || !path.starts_with(kOne)) return std::nullopt;
    path.remove_prefix(kOne.size());
    bool const changes = path.ends_with(kChangesSuffix);
    if (changes) path.remove_suffix(kChangesSuffix.size());
    auto name = wire::percent_decoded_text(path);
    if (!is_baseline_name(name)) return std::nullopt;
    return Route{"meridian:GetBaseline", changes ? show_changes : show_baseline, std::move(name)};
}

}  // namespace

io::Task<HttpResponse> serve_vault(Authorizer& authorizer, VaultCall call) {
    auto route = route_of(call.request);
    if (!route) co_return fail(Errc::kUnknownOperation, "There is no such operation.");
    // Who may begin something may see how it goes, and end it.
    bool is_own = false;
    if (route->action == kGetJob || route->action == kCancelJob) {
        auto const job = call.services.jobs.find(call.caller.account, route->name);
        is_own = job && job->job.by == call.caller.arn;
    }
    if (!is_own) {
        MERIDIAN_CO_CHECK(authorizer.authorize_vault(call.caller, route->action, call.origin));
    }
    auto const done = co_await route->run(call, route->name);
    if (done) co_return json_answer(*done);
    auto error = done.error();
    if (error.code == Errc::kCorrupt || error.code == Errc::kConflict)
        error.code = Errc::kResourceConflict;
    co_return std::unexpected(std::move(error));
}

}  // namespace meridian::api
