#include "vault/verifier.h"

#include <set>

#include <fmt/format.h>

#include "base/counted.h"
#include "base/encoding.h"
#include "io/all.h"
#include "vault/backup_plan.h"
#include "vault/layout.h"
#include "vault/unless_stopped.h"

namespace meridian::vault {
namespace {

using nlohmann::json;
using store::Kind;

// What was acknowledged before the verification began is in what it looks at.
constexpr auto kFollowMax = std::chrono::seconds(60);

std::set<model::AccountId> accounts_of(std::vector<KeptRecord> const& records) {
    std::set<model::AccountId> accounts;
    for (auto const& record : records) accounts.insert(record.key.account);
    return accounts;
}

model::Version version_in(std::string const& id) {
    auto const digits = id.find_first_not_of('0', id.find(':') + 1);
    return model::Version(digits == std::string::npos ? "0" : id.substr(digits));
}

model::FunctionName function_in(std::string const& id) {
    return model::FunctionName(id.substr(0, id.find(':')));
}

void count(Proof& proof, Vault::Verification const& found) {
    proof.records = found.records;
    proof.packages = found.packages;
    proof.bytes = found.bytes;
    proof.problems.insert(proof.problems.end(), found.problems.begin(), found.problems.end());
}

Result<Vault::Verification> verify_in(Vault& vault, Proof const& proof, Progress* progress) {
    if (proof.level == VerifyLevel::kIndex) return vault.verify_index(proof.commit);
    MERIDIAN_TRY(auto out, vault.verify(proof.commit, proof.part, progress));
    if (proof.baseline.empty()) return out;
    MERIDIAN_TRY(auto const baseline, vault.baseline(proof.baseline));
    if (baseline.signer != vault.own_signer()) {
        out.problems.push_back(
            fmt::format("the baseline {} is not signed by this vault's key", baseline.name));
    }
    if (auto const root = vault.check_root(baseline); !root)
        out.problems.push_back(root.error().message);
    return out;
}

Result<Position> position_of(Vault& vault, ObjectId const& id) {
    MERIDIAN_TRY(auto const commit, vault.read_commit(id));
    return position_in(commit.message).value_or(Position{});
}

// Versions that are unpacked at the same time.
constexpr std::size_t kUnpackedAtOnce = 4;

}  // namespace

io::Task<Proof> Verifier::verify(VerifyRequest request) {
    if (!request.progress) request.progress = std::make_shared<Progress>(parts_.clock);
    // Those that wait begin in any order.
    if (running_) request.progress->begin("waiting for the verification that runs");
    while (running_) {
        MERIDIAN_CO_CHECK(
            co_await unless_stopped(*request.progress, ended_.wait(ended_.generation())));
    }
    running_ = true;
    auto proof = co_await verify_alone(std::move(request));
    running_ = false;
    ended_.raise();
    co_return proof;
}

io::Task<Proof> Verifier::verify_alone(VerifyRequest request) {
    Proof proof{.level = request.level,
                .baseline = request.baseline,
                .copy = shown_remote(request.copy),
                .began = parts_.clock.wall_now(),
                .by = request.by,
                .part = request.part};
    request.progress->begin("following the region");
    Position acknowledged;
    MERIDIAN_CO_TRY(acknowledged.region,
                    co_await parts_.store.last_sequence(store::LogName::kRegion));
    MERIDIAN_CO_TRY(acknowledged.account,
                    co_await parts_.store.last_sequence(store::LogName::kAccount));
    MERIDIAN_CO_CHECK(co_await unless_stopped(*request.progress,
                                              parts_.keeper.wait_until(acknowledged, kFollowMax)));
    auto const done = request.copy.empty()
                          ? co_await verify_own(std::move(request), acknowledged, &proof)
                          : co_await verify_copy(std::move(request), &proof);
    // A vault that is damaged so that it cannot be opened is one with a problem.
    if (!done && done.error().code != Errc::kCorrupt) co_return std::unexpected(done.error());
    if (!done) proof.problems.push_back(done.error().message);
    proof.ended = parts_.clock.wall_now();
    co_return co_await keep(std::move(proof));
}

io::Task<Proof> Verifier::keep(Proof proof) {
    co_return co_await parts_.keeper.with_vault([proof](Vault& vault) mutable -> Result<Proof> {
        MERIDIAN_TRY(auto const before, vault.proofs());
        auto const last = before.last.find(proof.level);
        bool const continues = proof.copy.empty() && last != before.last.end();
        count_coverage(proof, continues ? &last->second : nullptr);
        MERIDIAN_CHECK(vault.keep_proof(proof));
        return proof;
    });
}

io::Task<> Verifier::verify_own(VerifyRequest request, Position acknowledged, Proof* proof) {
    MERIDIAN_CO_TRY(proof->commit,
                    co_await parts_.keeper.with_vault([](Vault& vault) { return vault.head(); }));
    MERIDIAN_CO_TRY(auto const reader, co_await VaultReader::open(parts_.keeper.open_reader()));
    auto const name = request.baseline;
    MERIDIAN_CO_TRY(proof->commit,
                    co_await reader->with_vault([name](Vault& vault) -> Result<ObjectId> {
                        if (name.empty()) return vault.head();
                        MERIDIAN_TRY(auto const baseline, vault.baseline(name));
                        return baseline.commit;
                    }));
    MERIDIAN_CO_TRY(auto const position,
                    co_await reader->with_vault(
                        [at = proof->commit](Vault& vault) { return position_of(vault, at); }));
    proof->region_sequence = position.region;
    proof->account_sequence = position.account;
    bool const is_stale = name.empty() && (position.region < acknowledged.region ||
                                           position.account < acknowledged.account);
    if (is_stale) {
        proof->problems.push_back(fmt::format(
            "the vault stands at {} and {}, the region at {} and "
            "{}: it is not the newest state",
            position.region, position.account, acknowledged.region, acknowledged.account));
    }
    MERIDIAN_CO_TRY(
        auto const found,
        co_await reader->with_vault([proof = *proof, progress = request.progress](Vault& vault) {
            return verify_in(vault, proof, progress.get());
        }));
    count(*proof, found);
    bool const restores = request.level >= VerifyLevel::kRestore;
    if (restores && proof->problems.empty()) {
        MERIDIAN_CO_CHECK(
            co_await prove_restore(proof, request.level == VerifyLevel::kInvoke, request.progress));
    } else if (restores) {
        proof->notes.emplace_back("nothing was restored: its files are damaged");
    }
    co_return Result<void>{};
}

// Fetched, its objects are read and compared by git; what it has is then verified as a vault, and
// compared with this one.
io::Task<> Verifier::verify_copy(VerifyRequest request, Proof* proof) {
    request.progress->begin("fetching the copy");
    auto const fetched =
        co_await unless_stopped(*request.progress, parts_.fetch_copy(request.copy));
    if (!fetched) {
        if (fetched.error().code != Errc::kUnavailable) co_return std::unexpected(fetched.error());
        proof->problems.push_back("it cannot be read: " + fetched.error().message);
        co_return Result<void>{};
    }
    MERIDIAN_CO_TRY(auto const reader, co_await VaultReader::open([this, folder = *fetched] {
                        return parts_.open_copy(*folder);
                    }));
    struct Found {
        Vault::References references;
        ObjectId commit;
        Position position;
        Vault::Verification index, hash;
    };
    MERIDIAN_CO_TRY(
        auto const found,
        co_await reader->with_vault([progress = request.progress](Vault& vault) -> Result<Found> {
            Found out;
            MERIDIAN_TRY(out.references, vault.references());
            MERIDIAN_TRY(out.commit, vault.head());
            MERIDIAN_TRY(out.position, position_of(vault, out.commit));
            MERIDIAN_TRY(out.index, vault.verify_index(out.commit));
            MERIDIAN_TRY(out.hash, vault.verify(out.commit, {}, progress.get()));
            return out;
        }));
    proof->commit = found.commit;
    proof->region_sequence = found.position.region;
    proof->account_sequence = found.position.account;
    count(*proof, found.hash);
    proof->problems.insert(proof->problems.end(), found.index.problems.begin(),
                           found.index.problems.end());
    MERIDIAN_CO_TRY(auto const compared, co_await parts_.keeper.with_vault([&found](Vault& vault) {
        return vault.compare(found.references);
    }));
    proof->problems.insert(proof->problems.end(), compared.problems.begin(),
                           compared.problems.end());
    proof->notes = compared.notes;
    if (compared.commits_behind != 0) {
        proof->notes.push_back(fmt::format("it is {} behind: the next backup sends them",
                                           counted(compared.commits_behind, "commit")));
    }
    co_return Result<void>{};
}

io::Task<> Verifier::prove_restore(Proof* proof, bool invoke, std::shared_ptr<Progress> progress) {
    MERIDIAN_CO_TRY(auto const records,
                    co_await parts_.keeper.with_vault(
                        [at = proof->commit](Vault& vault) { return vault.read_records(at); }));
    MERIDIAN_CO_TRY(auto const scratch, co_await parts_.make_scratch());
    auto done = co_await restore_and_compare(*scratch, proof, records, progress);
    if (done && invoke && proof->problems.empty())
        done = co_await run_functions(*scratch, proof, records, *progress);
    co_await scratch->end();
    co_return done;
}

io::Task<> Verifier::restore_and_compare(ScratchRegion& scratch, Proof* proof,
                                         std::vector<KeptRecord> const& records,
                                         std::shared_ptr<Progress> progress) {
    std::set<std::string> packages;
    for (auto const& account : accounts_of(records)) {
        RestoreRequest request{
            .caller = proof->by, .scope = {.account = account}, .progress = progress};
        if (proof->baseline.empty()) {
            request.commit = proof->commit;
        } else {
            request.baseline = proof->baseline;
        }
        auto const restored = co_await scratch.restorer().restore(request);
        MERIDIAN_CO_CHECK(progress->go_on());
        if (!restored) {
            proof->problems.push_back(
                fmt::format("account {}: {}", account, restored.error().message));
            continue;
        }
        for (auto const& warning : restored->plan.warnings) proof->problems.push_back(warning);
        packages.insert(restored->plan.packages.begin(), restored->plan.packages.end());
        // A second restore would have nothing to do.
        request.dry_run = true;
        auto const again = co_await scratch.restorer().restore(std::move(request));
        if (!again) {
            proof->problems.push_back(again.error().message);
            continue;
        }
        for (auto const& change : again->plan.changes) {
            auto problem = "after the restore: " + describe(change);
            for (auto const& member : change.members) problem += " " + member.path;
            proof->problems.push_back(std::move(problem));
        }
    }
    MERIDIAN_CO_CHECK(co_await unpack_all(scratch, proof, std::move(packages), *progress));
    for (auto const& record : records) {
        bool const version =
            record.key.kind == Kind::kFunction || record.key.kind == Kind::kFunctionVersion;
        if (version && !record.is_epitaph) ++proof->functions;
    }
    co_return Result<void>{};
}

io::Task<> Verifier::unpack_all(ScratchRegion& scratch, Proof* proof,
                                std::set<std::string> packages, Progress& progress) {
    progress.begin("packages unpacked", packages.size());
    auto next = packages.begin();
    auto const unpack = [&]() -> io::Task<> {
        while (next != packages.end()) {
            MERIDIAN_CO_CHECK(progress.go_on());
            auto const digest = *next++;
            auto const unpacked =
                co_await scratch.unpack(model::CodeSha256(to_base64(from_hex(digest).value())));
            if (!unpacked) {
                proof->problems.push_back(
                    fmt::format("{}: {}", package_path(digest), unpacked.error().message));
            }
            progress.step();
        }
        co_return Result<void>{};
    };
    co_return co_await io::in_lanes(kUnpackedAtOnce, unpack);
}

// Every version starts; every test event whose answer was recorded gets that answer again.
io::Task<> Verifier::run_functions(ScratchRegion& scratch, Proof* proof,
                                   std::vector<KeptRecord> const& records, Progress& progress) {
    std::uint64_t without_answer = 0;
    progress.begin("records of functions that run", records.size());
    for (auto const& record : records) {
        MERIDIAN_CO_CHECK(progress.go_on());
        progress.step();
        auto const& key = record.key;
        if (record.is_epitaph) continue;
        bool const latest = key.kind == Kind::kFunction;
        if (latest || key.kind == Kind::kFunctionVersion) {
            auto const started = co_await scratch.initialise(
                key.account, function_in(key.id),
                latest ? model::Version(model::kLatest) : version_in(key.id));
            if (started) {
                ++proof->initialised;
            } else {
                proof->problems.push_back(
                    fmt::format("{}: {}", describe(key), started.error().message));
            }
        } else if (key.kind == Kind::kTestEvent) {
            if (!record.value.contains("answer")) {
                ++without_answer;
                continue;
            }
            auto const answer = co_await scratch.invoke(key.account, function_in(key.id),
                                                        record.value.at("event").dump());
            if (!answer) {
                proof->problems.push_back(
                    fmt::format("{}: {}", describe(key), answer.error().message));
            } else if (json::parse(*answer, nullptr, false) != record.value.at("answer")) {
                proof->problems.push_back(
                    fmt::format("{}: the answer is another than the recorded one", describe(key)));
            } else {
                ++proof->answered;
            }
        }
    }
    if (without_answer != 0) {
        proof->notes.push_back(fmt::format("{} without a recorded answer to compare",
                                           counted(without_answer, "test event")));
    }
    co_return Result<void>{};
}

}  // namespace meridian::vault
