#include "vault/restorer.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/encoding.h"
#include "io/all.h"
#include "io/sleep.h"
#include "vault/layout.h"
#include "vault/ssh_signature.h"

namespace meridian::vault {
namespace {

using store::Kind;

constexpr int kPlansMax = 3;
constexpr std::chrono::milliseconds kReadyPoll{10};

constexpr Kind kKeptKinds[] = {Kind::kFunction,
                               Kind::kFunctionVersion,
                               Kind::kAlias,
                               Kind::kResourcePolicy,
                               Kind::kFunctionUrl,
                               Kind::kEventInvokeConfig,
                               Kind::kReservedConcurrency,
                               Kind::kProvisionedConcurrency,
                               Kind::kRuntimeManagement,
                               Kind::kRecursionConfig,
                               Kind::kScalingConfig,
                               Kind::kFunctionCodeSigning,
                               Kind::kTestEvent,
                               Kind::kLayer,
                               Kind::kLayerVersion,
                               Kind::kEventSourceMapping,
                               Kind::kCodeSigningConfig,
                               Kind::kPipeline,
                               Kind::kStack,
                               Kind::kRollout,
                               Kind::kIamRole,
                               Kind::kIamUser,
                               Kind::kIamGroup,
                               Kind::kIamPolicy,
                               Kind::kIamAccessKey,
                               Kind::kIamInstanceProfile};

// What belongs in one transaction with its neighbour: a function's records; of the others, a
// kind's.
std::string unit_of(PlannedChange const& planned) {
    auto const& key = planned.change.key;
    if (auto const function = function_of(key)) return "function " + function->value();
    return store::log_of(key.kind) == store::LogName::kAccount ? "iam" : "region";
}

struct Batch {
    store::Transaction transaction;
    std::set<model::FunctionName> functions = {};
    bool layers = false;
    bool account = false;
};

// Whole units, of one log, as many as fit.
std::vector<Batch> batches_of(std::vector<PlannedChange> changes, std::string const& caller) {
    std::vector<Batch> batches;
    std::string unit;
    for (auto& planned : changes) {
        auto const key = planned.change.key;
        auto const its_unit = unit_of(planned);
        bool const account = store::log_of(key.kind) == store::LogName::kAccount;
        bool const fresh =
            batches.empty() || batches.back().account != account ||
            (its_unit != unit && batches.back().transaction.changes.size() >= kRecordsAtOnceMax);
        if (fresh) batches.push_back({.transaction = {.caller = caller}, .account = account});
        unit = its_unit;
        auto& batch = batches.back();
        batch.transaction.expectations.push_back({key, planned.replaces});
        auto& change = planned.change;
        batch.transaction.changes.push_back(
            {std::move(change.key), std::move(change.value), std::move(change.epitaph)});
        if (auto const function = function_of(key)) batch.functions.insert(*function);
        if (key.kind == Kind::kLayer || key.kind == Kind::kLayerVersion) batch.layers = true;
    }
    return batches;
}

model::CodeSha256 code_name(std::string const& digest) {
    return model::CodeSha256(to_base64(from_hex(digest).value()));
}

Result<Vault::Options> options_of(RestoreRequest const& request,
                                  std::vector<store::SecretMembers> const& secrets,
                                  Clock const& clock) {
    Vault::Options options{.directory = request.vault,
                           .region = {},
                           .keys = std::nullopt,
                           .secrets = secrets,
                           .access = GitRepository::Access::kRead};
    if (!request.recovery_key) return options;
    MERIDIAN_TRY(auto const vault, Vault::open(options, clock));
    MERIDIAN_TRY(auto const manifest, vault->manifest());
    auto failure = fail(Errc::kAccessDenied, "This vault was sealed to no recovery key.");
    for (auto const& kept : manifest.recovery) {
        auto const master = request.recovery_key->recover(kept);
        if (master) {
            options.keys = vault_keys(*master);
            return options;
        }
        failure = std::unexpected(master.error());
    }
    return failure;
}

Result<void> check_signer(Baseline const& baseline,
                          std::optional<crypto::Ed25519PublicKey> const& trusted,
                          std::string const& named) {
    if (!baseline.signer) {
        return fail(
            Errc::kAccessDenied,
            fmt::format("The baseline {} is not signed, or was changed since.", baseline.name));
    }
    auto const fingerprint = ssh_fingerprint(*baseline.signer);
    if (baseline.signer == trusted || fingerprint == named) return {};
    return fail(
        Errc::kAccessDenied,
        fmt::format("The baseline {} is signed by {}, whom nobody here vouches for: give the "
                    "vault's recovery key, or name this signer if you know it.",
                    baseline.name, fingerprint));
}

}  // namespace

io::Task<RestoreReport> Restorer::restore(RestoreRequest request) {
    if (!request.progress) request.progress = std::make_shared<Progress>(parts_.clock);
    auto& progress = *request.progress;
    progress.begin("reading the vault");
    MERIDIAN_CO_TRY(auto const source, co_await open(request));
    for (int plans = 1;; ++plans) {
        MERIDIAN_CO_TRY(auto report, co_await plan(*source, request));
        if (request.dry_run) co_return report;
        MERIDIAN_CO_CHECK(progress.go_on());
        MERIDIAN_CO_CHECK(co_await bring_packages(
            {.source = *source, .commit = report.commit, .digests = report.plan.packages},
            progress));
        auto const applied = co_await apply(request.caller, report.plan.changes, progress);
        if (applied) {
            report.applied = true;
            MERIDIAN_CO_CHECK(co_await wait_until_ready(request.scope.account, report, progress));
            co_return report;
        }
        // Somebody changed what was planned for: what is left is planned again.
        if (applied.error().code != Errc::kConflict || plans == kPlansMax)
            co_return std::unexpected(applied.error());
    }
}

io::Task<std::shared_ptr<VaultReader>> Restorer::open(RestoreRequest const& request) {
    if (request.vault.empty()) {
        auto const& keeper = request.from == nullptr ? parts_.own : *request.from;
        co_return co_await VaultReader::open(keeper.open_reader());
    }
    co_return co_await VaultReader::open([this, request]() -> Result<std::unique_ptr<Vault>> {
        MERIDIAN_TRY(auto options, options_of(request, parts_.secrets, parts_.clock));
        return Vault::open(std::move(options), parts_.clock);
    });
}

io::Task<RestoreReport> Restorer::plan(VaultReader& source, RestoreRequest request) {
    struct Kept {
        ObjectId commit;
        std::string region;
        std::vector<KeptRecord> records;
    };
    MERIDIAN_CO_TRY(auto kept, co_await source.with_vault([request](Vault& vault) -> Result<Kept> {
        Kept out;
        MERIDIAN_TRY(auto const manifest, vault.manifest());
        out.region = manifest.region;
        if (request.baseline) {
            MERIDIAN_TRY(auto const baseline, vault.baseline(*request.baseline));
            MERIDIAN_CHECK(check_signer(baseline, vault.own_signer(), request.signer));
            MERIDIAN_CHECK(vault.check_root(baseline));
            out.commit = baseline.commit;
        } else if (request.commit) {
            out.commit = *request.commit;
        } else {
            MERIDIAN_TRY(out.commit, request.at ? vault.commit_at(*request.at) : vault.head());
        }
        MERIDIAN_TRY(out.records, vault.read_records(out.commit));
        return out;
    }));
    MERIDIAN_CO_TRY(auto const now, co_await read_region(request.scope.account, kept.records));
    request.scope.from_region = model::RegionName(kept.region);
    request.scope.into_region = parts_.region;
    request.scope.secrets = parts_.secrets;
    RestoreReport report{.commit = kept.commit,
                         .region = std::move(kept.region),
                         .plan = plan_restore(std::move(kept.records), now, request.scope)};
    if (!request.baseline && !request.vault.empty())
        report.plan.warnings.emplace_back("a moment is signed by nobody: this vault is believed");
    co_return report;
}

io::Task<RegionState> Restorer::read_region(model::AccountId account,
                                            std::vector<KeptRecord> const& kept) {
    constexpr std::size_t kPage = 1'000;
    RegionState state;
    for (auto const kind : kKeptKinds) {
        std::string after;
        for (;;) {
            store::Scan scan{.account = account,
                             .kind = kind,
                             .id_prefix = {},
                             .after_id = after,
                             .limit = kPage};
            MERIDIAN_CO_TRY(auto page, co_await parts_.store.scan(std::move(scan)));
            bool const last = page.size() < kPage;
            if (!last) after = page.back().key.id;
            for (auto& record : page) {
                store::Change change{record.key, std::move(record.value)};
                MERIDIAN_CO_CHECK(parts_.reveal(change));
                record.value = std::move(*change.value);
                state.records.push_back(std::move(record));
            }
            if (last) break;
        }
    }
    std::set<store::Key> here;
    for (auto const& record : state.records) here.insert(record.key);
    for (auto const& record : kept) {
        bool const numbered = record.key.kind == Kind::kFunction || record.key.kind == Kind::kLayer;
        if (!numbered || record.key.account != account || here.contains(record.key)) continue;
        MERIDIAN_CO_TRY(auto epitaph, co_await parts_.store.epitaph(record.key));
        if (epitaph && !epitaph->is_null()) state.epitaphs.emplace(record.key, *epitaph);
    }
    co_return state;
}

io::Task<> Restorer::bring_packages(Packages packages, Progress& progress) {
    progress.begin("packages", packages.digests.size());
    co_return co_await io::in_lanes(kGroupsAtOnce,
                                    [&] { return bring_groups(packages, progress); });
}

io::Task<> Restorer::bring_groups(Packages& packages, Progress& progress) {
    auto const& all = packages.digests;
    while (packages.next < all.size()) {
        MERIDIAN_CO_CHECK(progress.go_on());
        auto const begin = packages.next;
        auto const count = std::min(kPackagesAGroup, all.size() - begin);
        packages.next += count;
        auto const brought =
            co_await bring_group(packages, std::span(all).subspan(begin, count), progress);
        if (brought) continue;
        packages.next = all.size();  // nor do the others go on
        co_return brought;
    }
    co_return Result<void>{};
}

io::Task<> Restorer::bring_group(Packages& packages, std::span<std::string const> digests,
                                 Progress& progress) {
    std::vector<std::string> missing;
    for (auto const& digest : digests) {
        // Here already: what it holds is checked when it is unpacked.
        if (co_await parts_.code.make_ready(code_name(digest))) {
            progress.step();
        } else {
            missing.push_back(digest);
        }
    }
    for (std::size_t done = 0; done < missing.size();) {
        std::vector<std::string> wanted(missing.begin() + static_cast<std::ptrdiff_t>(done),
                                        missing.end());
        MERIDIAN_CO_TRY(auto read, co_await packages.source.with_vault([commit = packages.commit,
                                                                        wanted](Vault& vault) {
            return vault.read_packages(commit, wanted, kGroupPackageBytesMax);
        }));
        MERIDIAN_CO_TRY(auto const stored, co_await parts_.put_packages(std::move(read)));
        for (std::size_t n = 0; n < stored.size(); ++n) {
            if (stored[n].sha256 == code_name(wanted[n])) continue;
            co_return fail(Errc::kInternal, fmt::format("the package {} was stored as {}",
                                                        wanted[n], stored[n].sha256));
        }
        done += stored.size();
        progress.step(stored.size());
    }
    co_return Result<void>{};
}

io::Task<> Restorer::apply(std::string caller, std::vector<PlannedChange> changes,
                           Progress& progress) {
    if (changes.empty()) co_return Result<void>{};
    auto const account = changes.front().change.key.account;
    for (auto& planned : changes) {
        MERIDIAN_CO_CHECK(parts_.conceal(planned.change));
    }
    auto batches = batches_of(std::move(changes), caller);
    std::size_t functions = 0;
    for (auto const& batch : batches) functions += batch.functions.size();
    progress.begin("functions", functions);
    for (auto& batch : batches) {
        MERIDIAN_CO_CHECK(progress.go_on());
        if (batch.account) {
            MERIDIAN_CO_CHECK(co_await parts_.write_account(std::move(batch.transaction)));
            continue;
        }
        MERIDIAN_CO_CHECK(co_await parts_.store.commit(std::move(batch.transaction)));
        if (batch.layers) {
            MERIDIAN_CO_CHECK(co_await parts_.layers_restored());
        }
        MERIDIAN_CO_CHECK(co_await tell_region(account, std::move(batch.functions), progress));
    }
    co_return Result<void>{};
}

io::Task<> Restorer::tell_region(model::AccountId account, std::set<model::FunctionName> functions,
                                 Progress& progress) {
    auto next = functions.begin();
    auto const tell = [&]() -> io::Task<> {
        while (next != functions.end()) {
            auto const function = *next++;
            MERIDIAN_CO_CHECK(co_await parts_.function_restored(account, function));
            progress.step();
        }
        co_return Result<void>{};
    };
    co_return co_await io::in_lanes(kFunctionsAtOnce, tell);
}

io::Task<> Restorer::wait_until_ready(model::AccountId account, RestoreReport& report,
                                      Progress& progress) {
    progress.begin("functions made ready", report.plan.functions.size());
    auto const over = parts_.clock.monotonic_now() + kReadyWaitMax;
    for (auto const& function : report.plan.functions) {
        auto status = parts_.status_of(account, function);
        while (!status && parts_.clock.monotonic_now() < over) {
            MERIDIAN_CO_CHECK(progress.go_on());
            MERIDIAN_CO_CHECK(progress.go_on());
            MERIDIAN_CO_CHECK(co_await io::sleep_for(kReadyPoll));
            status = parts_.status_of(account, function);
        }
        if (!status) {
            report.not_ready.emplace_back(function, "it is still being prepared");
        } else if (status->state == model::State::kFailed) {
            report.not_ready.emplace_back(function, status->state_reason);
        } else if (status->last_update == model::LastUpdateStatus::kFailed) {
            report.not_ready.emplace_back(function, status->last_update_reason);
        }
        progress.step();
    }
    co_return Result<void>{};
}

}  // namespace meridian::vault
