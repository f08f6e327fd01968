#include "api/vault_actions.h"

#include <algorithm>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "api/meridian_json.h"
#include "vault/ssh_signature.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using nlohmann::json;

constexpr std::string_view kVaultPrefix = "/meridian/v1/";
constexpr std::string_view kChangesSuffix = "/changes";
// A baseline holds everything that was acknowledged before it was asked for.
constexpr auto kFollowMax = std::chrono::seconds(30);
constexpr std::size_t kBaselineNameBytesMax = 100;
constexpr std::size_t kBaselineMessageBytesMax = 64 * 1024;

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

json to_json(vault::Baseline const& baseline) {
    json out = {{"Name", baseline.name},
                {"Message", baseline.message},
                {"Created", wire::format_iso8601(baseline.tagger.time)},
                {"By", baseline.tagger.email},
                {"Region", baseline.region},
                {"Commit", baseline.commit.hex()},
                {"MerkleRoot", baseline.merkle_root},
                {"RegionSequence", baseline.region_sequence},
                {"AccountSequence", baseline.account_sequence}};
    if (baseline.signer) out["Signer"] = vault::ssh_fingerprint(*baseline.signer);
    return out;
}

json shown(vault::Proof const& proof) {
    json out = {{"Level", vault::name_of(proof.level)},
                {"Commit", proof.commit.hex()},
                {"RegionSequence", proof.region_sequence},
                {"AccountSequence", proof.account_sequence},
                {"Began", wire::format_iso8601(proof.began)},
                {"Ended", wire::format_iso8601(proof.ended)},
                {"By", proof.by},
                {"Records", proof.records},
                {"Packages", proof.packages},
                {"Bytes", proof.bytes},
                {"Problems", proof.problems},
                {"Notes", proof.notes},
                {"Proven", proof.is_whole()},
                {"ProvenAsOf", wire::format_iso8601(proof.covered_since)}};
    if (!proof.baseline.empty()) out["Baseline"] = proof.baseline;
    if (proof.part.parts != 1) {
        out["Part"] = proof.part.part;
        out["Parts"] = proof.part.parts;
        out["PartsCovered"] = proof.parts_covered;
    }
    if (proof.level >= vault::VerifyLevel::kRestore) out["Functions"] = proof.functions;
    if (proof.level == vault::VerifyLevel::kInvoke) {
        out["Initialised"] = proof.initialised;
        out["Answered"] = proof.answered;
    }
    return out;
}

char const* name_of(vault::PlannedChange::Action action) {
    switch (action) {
        case vault::PlannedChange::Action::kCreate:
            return "Create";
        case vault::PlannedChange::Action::kChange:
            return "Change";
        case vault::PlannedChange::Action::kDelete:
            return "Delete";
        case vault::PlannedChange::Action::kRemember:
            return "Remember";
    }
    return "?";
}

json to_json(vault::RestorePlan const& plan) {
    json changes = json::array();
    for (auto const& planned : plan.changes) {
        changes.push_back({{"Action", name_of(planned.action)},
                           {"What", vault::describe(planned)},
                           {"Members", planned.members}});
    }
    return {{"Changes", std::move(changes)},
            {"Unchanged", plan.unchanged},
            {"Packages", plan.packages.size()},
            {"Warnings", plan.warnings}};
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
    co_return json{{"Head", found.head.hex()},
                   {"RegionSequence", position.region},
                   {"AccountSequence", position.account},
                   {"Behind", region + account - position.region - position.account},
                   {"Levels", std::move(levels)}};
}

io::Task<json> verify_vault(VaultCall const& call) {
    using Type = json::value_t;
    MERIDIAN_CO_TRY(auto const input,
                    read_members(call.request, {{"Level", Type::string},
                                                {"Baseline", Type::string},
                                                {"Part", Type::number_unsigned},
                                                {"Parts", Type::number_unsigned}}));
    auto const level = vault::parse_verify_level(input.value("Level", "hash"));
    if (!level) co_return bad("Level is index, hash, restore or invoke.");
    vault::VerifyPart const part{input.value("Part", 1U), input.value("Parts", 1U)};
    if (part.parts == 0 || part.parts > vault::kVerifyPartsMax || part.part == 0 ||
        part.part > part.parts) {
        co_return bad(
            fmt::format("Part is 1 to Parts, and Parts {} at most.", vault::kVerifyPartsMax));
    }
    if (part.parts != 1 && *level != vault::VerifyLevel::kHash)
        co_return bad("Only the level hash is done in parts.");
    MERIDIAN_CO_TRY(auto const proof,
                    co_await call.services.verifier.verify({.level = *level,
                                                            .baseline = input.value("Baseline", ""),
                                                            .part = part,
                                                            .by = call.caller.arn}));
    co_return shown(proof);
}

io::Task<json> list_baselines(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto const baselines,
                    co_await call.services.keeper.with_vault(
                        [](vault::Vault& vault) { return vault.baselines(); }));
    json out = json::array();
    for (auto const& baseline : baselines) out.push_back(to_json(baseline));
    co_return json{{"Baselines", std::move(out)}};
}

vault::Signature tagger_of(VaultCall const& call) {
    return {.name = call.caller.arn.substr(call.caller.arn.rfind(':') + 1),
            .email = call.caller.arn,
            .time = std::chrono::floor<std::chrono::seconds>(call.now)};
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
    co_return to_json(made);
}

json shown(std::vector<vault::BackupRunner::CopyState> const& copies) {
    json out = json::array();
    for (auto const& copy : copies) {
        json one = {{"Copy", copy.copy}};
        if (copy.sent) one["Sent"] = wire::format_iso8601(*copy.sent);
        if (!copy.error.empty()) one["Error"] = copy.error;
        out.push_back(std::move(one));
    }
    return out;
}

io::Task<json> create_backup(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto const input,
                    read_members(call.request, {{"Message", json::value_t::string}}));
    auto const message = input.value("Message", "");
    if (message.size() > kBaselineMessageBytesMax)
        co_return bad(fmt::format("Message is longer than {} bytes.", kBaselineMessageBytesMax));
    MERIDIAN_CO_CHECK(co_await catch_up(call.services));
    MERIDIAN_CO_TRY(auto const report,
                    co_await call.services.backups.back_up(message, tagger_of(call)));
    auto out = to_json(report.made);
    out["Copies"] = shown(report.copies);
    co_return out;
}

io::Task<json> list_backups(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto const baselines,
                    co_await call.services.keeper.with_vault(
                        [](vault::Vault& vault) { return vault.baselines(); }));
    json out = json::array();
    for (auto const& baseline : baselines) {
        if (vault::is_backup(baseline)) out.push_back(to_json(baseline));
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
    co_return to_json(baseline);
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
    vault::RestoreScope const scope{.account = call.caller.account, .exact = true};
    MERIDIAN_CO_TRY(
        auto const plan,
        co_await call.services.keeper.with_vault(
            [name, to, scope](vault::Vault& vault) -> Result<vault::RestorePlan> {
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
    co_return to_json(plan);
}

Result<std::vector<std::pair<std::string, std::string>>> read_map(json const& input) {
    std::vector<std::pair<std::string, std::string>> map;
    for (auto const& pair : input.value("Map", json::array())) {
        bool const good = pair.is_array() && pair.size() == 2 && pair[0].is_string() &&
                          pair[1].is_string() && !pair[0].get_ref<std::string const&>().empty();
        if (!good) return bad("Map is a list of pairs of texts.");
        map.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
    }
    return map;
}

Result<vault::RestoreRequest> read_restore(VaultCall const& call) {
    using Type = json::value_t;
    MERIDIAN_TRY(auto const input, read_members(call.request, {{"Baseline", Type::string},
                                                               {"At", Type::string},
                                                               {"Function", Type::string},
                                                               {"FromRegion", Type::string},
                                                               {"Vault", Type::string},
                                                               {"RecoveryKey", Type::string},
                                                               {"Signer", Type::string},
                                                               {"Exact", Type::boolean},
                                                               {"Map", Type::array},
                                                               {"DryRun", Type::boolean}}));
    vault::RestoreRequest request{
        .caller = call.caller.arn,
        .signer = input.value("Signer", ""),
        .scope = {.account = call.caller.account, .exact = input.value("Exact", false)},
        .dry_run = input.value("DryRun", false)};
    if (input.contains("Baseline") == input.contains("At"))
        return bad("A restore needs either Baseline or At.");
    if (input.contains("Baseline")) {
        request.baseline = input["Baseline"].get<std::string>();
    } else {
        request.at = wire::parse_iso8601(input["At"].get<std::string>());
        if (!request.at) return bad("At is a time such as 2026-11-23T10:42:07Z.");
    }
    if (input.contains("Function")) {
        request.scope.function = model::FunctionName(input["Function"].get<std::string>());
    }
    if (input.contains("FromRegion")) {
        if (input.contains("Vault")) return bad("FromRegion and Vault exclude each other.");
        auto const region = input["FromRegion"].get<std::string>();
        request.from = call.keeper_of(region);
        if (request.from == nullptr)
            return bad(fmt::format("The region {} keeps no vault here: name its Vault.", region));
    }
    if (input.contains("Vault")) {
        request.vault = input["Vault"].get<std::string>();
        if (!request.vault.is_absolute())
            return bad("Vault is an absolute path on the server's machine.");
    }
    if (input.contains("RecoveryKey")) {
        MERIDIAN_TRY(request.recovery_key,
                     vault::RecoveryKey::parse(input["RecoveryKey"].get<std::string>()));
    }
    MERIDIAN_TRY(request.scope.map, read_map(input));
    return request;
}

io::Task<json> restore(VaultCall const& call) {
    MERIDIAN_CO_TRY(auto request, read_restore(call));
    // What the vault has not seen yet could not be brought back either.
    if (request.vault.empty() && request.from == nullptr) {
        MERIDIAN_CO_CHECK(co_await catch_up(call.services));
    }
    MERIDIAN_CO_TRY(auto const report, co_await call.services.restorer.restore(std::move(request)));
    auto out = to_json(report.plan);
    out["Commit"] = report.commit.hex();
    out["FromRegion"] = report.region;
    out["Applied"] = report.applied;
    co_return out;
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
    if (post && path == "vault/verify")
        return Route{"meridian:VerifyVault", without_name<verify_vault>};
    if (get && path == "backups") return Route{"meridian:ListBackups", without_name<list_backups>};
    if (post && path == "backups")
        return Route{"meridian:CreateBackup", without_name<create_backup>};
    if (post && path == "backups/prune")
        return Route{"meridian:PruneBackups", without_name<prune_backups>};
    if (get && path == "baselines")
        return Route{"meridian:ListBaselines", without_name<list_baselines>};
    if (post && path == "baselines")
        return Route{"meridian:CreateBaseline", without_name<create_baseline>};
    if (post && path == "restores") return Route{"meridian:Restore", without_name<restore>};
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
    MERIDIAN_CO_CHECK(authorizer.authorize_vault(call.caller, route->action, call.origin));
    auto const done = co_await route->run(call, route->name);
    if (done) co_return json_answer(*done);
    auto error = done.error();
    if (error.code == Errc::kCorrupt || error.code == Errc::kConflict)
        error.code = Errc::kResourceConflict;
    co_return std::unexpected(std::move(error));
}

}  // namespace meridian::api
