#include "api/vault_jobs.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/meridian_json.h"
#include "api/vault_json.h"
#include "vault/people.h"
#include "vault/unless_stopped.h"
#include "wire/event_time.h"

namespace meridian::api {
namespace {

using nlohmann::json;
using Type = json::value_t;
using Wish = vault::Jobs::Wish;

// What was acknowledged before a job was asked for is in what it works with. A vault may have much
// to catch up with.
constexpr auto kJobFollowMax = std::chrono::minutes(10);

std::unexpected<Error> refused(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

Result<std::vector<std::pair<std::string, std::string>>> read_map(json const& input) {
    std::vector<std::pair<std::string, std::string>> map;
    for (auto const& pair : input.value("Map", json::array())) {
        bool const good = pair.is_array() && pair.size() == 2 && pair[0].is_string() &&
                          pair[1].is_string() && !pair[0].get_ref<std::string const&>().empty();
        if (!good) return refused("Map is a list of pairs of texts.");
        map.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
    }
    return map;
}

Result<vault::RestoreRequest> read_restore(Wish const& wish, KeeperOf const& keeper_of) {
    auto const& input = wish.request;
    MERIDIAN_CHECK(check_members(input, {{"Baseline", Type::string},
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
        .caller = wish.by,
        .signer = input.value("Signer", ""),
        .scope = {.account = wish.account, .exact = input.value("Exact", false)},
        .dry_run = input.value("DryRun", false)};
    if (input.contains("Baseline") == input.contains("At"))
        return refused("A restore needs either Baseline or At.");
    if (input.contains("Baseline")) {
        request.baseline = input["Baseline"].get<std::string>();
    } else {
        request.at = wire::parse_iso8601(input["At"].get<std::string>());
        if (!request.at) return refused("At is a time such as 2026-11-23T10:42:07Z.");
    }
    if (input.contains("Function")) {
        request.scope.function = model::FunctionName(input["Function"].get<std::string>());
    }
    if (input.contains("FromRegion")) {
        if (input.contains("Vault")) return refused("FromRegion and Vault exclude each other.");
        auto const region = input["FromRegion"].get<std::string>();
        request.from = keeper_of(region);
        if (request.from == nullptr)
            return refused(
                fmt::format("The region {} keeps no vault here: name its Vault.", region));
    }
    if (input.contains("Vault")) {
        request.vault = input["Vault"].get<std::string>();
        if (!request.vault.is_absolute())
            return refused("Vault is an absolute path on the server's machine.");
    }
    if (input.contains("RecoveryKey")) {
        MERIDIAN_TRY(request.recovery_key,
                     vault::RecoveryKey::parse(input["RecoveryKey"].get<std::string>()));
    }
    MERIDIAN_TRY(request.scope.map, read_map(input));
    return request;
}

// Which of the plan's copies is meant: as it is written there, or as it is shown.
Result<std::string> find_copy(vault::BackupPlan const& plan, std::string const& name) {
    std::string known;
    for (auto const& copy : plan.copies) {
        auto const shown = vault::shown_remote(copy.remote);
        if (name == copy.remote || name == shown) return copy.remote;
        known += fmt::format("{}{}", known.empty() ? "" : ", ", shown);
    }
    return refused(known.empty()
                       ? std::string("The configuration names no copies.")
                       : fmt::format("{} is no copy of this vault; there are {}.", name, known));
}

Result<vault::VerifyRequest> read_verify(Wish const& wish, vault::BackupPlan const& plan) {
    auto const& input = wish.request;
    MERIDIAN_CHECK(check_members(input, {{"Level", Type::string},
                                         {"Baseline", Type::string},
                                         {"Copy", Type::string},
                                         {"Part", Type::number_unsigned},
                                         {"Parts", Type::number_unsigned}}));
    auto const level = vault::parse_verify_level(input.value("Level", "hash"));
    if (!level) return refused("Level is index, hash, restore or invoke.");
    vault::VerifyPart const part{input.value("Part", 1U), input.value("Parts", 1U)};
    if (part.parts == 0 || part.parts > vault::kVerifyPartsMax || part.part == 0 ||
        part.part > part.parts) {
        return refused(
            fmt::format("Part is 1 to Parts, and Parts {} at most.", vault::kVerifyPartsMax));
    }
    if (part.parts != 1 && *level != vault::VerifyLevel::kHash)
        return refused("Only the level hash is done in parts.");
    vault::VerifyRequest request{
        .level = *level, .baseline = input.value("Baseline", ""), .part = part, .by = wish.by};
    if (!input.contains("Copy")) return request;
    if (*level != vault::VerifyLevel::kHash || part.parts != 1 || !request.baseline.empty())
        return refused("A copy is verified as a whole, at the level hash.");
    MERIDIAN_TRY(request.copy, find_copy(plan, input["Copy"].get<std::string>()));
    return request;
}

Result<std::string> read_backup(Wish const& wish) {
    MERIDIAN_CHECK(check_members(wish.request, {{"Message", Type::string}}));
    auto message = wish.request.value("Message", "");
    if (message.size() <= kBaselineMessageBytesMax) return message;
    return refused(fmt::format("Message is longer than {} bytes.", kBaselineMessageBytesMax));
}

io::Task<> follow_region(VaultServices const& services, vault::Progress& progress) {
    progress.begin("following the region");
    vault::Position now;
    MERIDIAN_CO_TRY(now.region, co_await services.store.last_sequence(store::LogName::kRegion));
    MERIDIAN_CO_TRY(now.account, co_await services.store.last_sequence(store::LogName::kAccount));
    co_return co_await vault::unless_stopped(progress,
                                             services.keeper.wait_until(now, kJobFollowMax));
}

io::Task<json> restore(VaultServices const& services, vault::RestoreRequest request) {
    // What the vault has not seen yet could not be brought back either.
    if (request.vault.empty() && request.from == nullptr) {
        MERIDIAN_CO_CHECK(co_await follow_region(services, *request.progress));
    }
    MERIDIAN_CO_TRY(auto const report, co_await services.restorer.restore(std::move(request)));
    co_return shown(report);
}

io::Task<json> back_up(VaultServices const& services, vault::BackupRunner::Wish wish,
                       std::shared_ptr<vault::Progress> progress) {
    MERIDIAN_CO_CHECK(co_await follow_region(services, *progress));
    MERIDIAN_CO_TRY(auto const report,
                    co_await services.backups.back_up(std::move(wish), *progress));
    auto out = shown(report.made);
    out["Copies"] = shown(report.copies);
    co_return out;
}

template <typename Read>
Result<void> outcome_of(Result<Read> const& read) {
    if (read) return {};
    return std::unexpected(read.error());
}

}  // namespace

Result<void> check_job(VaultServices const& services, KeeperOf const& keeper_of, Wish const& wish) {
    switch (wish.kind) {
        case vault::JobKind::kRestore:
            return outcome_of(read_restore(wish, keeper_of));
        case vault::JobKind::kVerify:
            return outcome_of(read_verify(wish, services.backups.plan()));
        case vault::JobKind::kBackup:
            return outcome_of(read_backup(wish));
    }
    return fail(Errc::kInternal, "a job of no kind");
}

io::Task<json> run_job(VaultServices services, KeeperOf keeper_of, vault::Job job,
                       std::shared_ptr<vault::Progress> progress) {
    Wish const wish{
        .kind = job.kind, .account = job.account, .by = job.by, .request = std::move(job.request)};
    switch (job.kind) {
        case vault::JobKind::kRestore: {
            MERIDIAN_CO_TRY(auto request, read_restore(wish, keeper_of));
            request.progress = std::move(progress);
            co_return co_await restore(services, std::move(request));
        }
        case vault::JobKind::kVerify: {
            MERIDIAN_CO_TRY(auto request, read_verify(wish, services.backups.plan()));
            request.progress = std::move(progress);
            MERIDIAN_CO_TRY(auto const proof,
                            co_await services.verifier.verify(std::move(request)));
            co_return shown(proof);
        }
        case vault::JobKind::kBackup: {
            MERIDIAN_CO_TRY(auto message, read_backup(wish));
            auto const tagger =
                vault::person(wish.by, std::chrono::floor<std::chrono::seconds>(job.began));
            co_return co_await back_up(
                services,
                {.message = std::move(message), .tagger = tagger, .again = job.starts > 1},
                std::move(progress));
        }
    }
    co_return fail(Errc::kInternal, "a job of no kind");
}

}  // namespace meridian::api
