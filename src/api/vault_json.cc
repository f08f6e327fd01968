#include "api/vault_json.h"

#include <optional>

#include "vault/ssh_signature.h"
#include "wire/event_time.h"

namespace meridian::api {

using nlohmann::json;

namespace {

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

// Nothing where it cannot be told.
std::optional<std::int64_t> seconds_left(vault::Progress::Now const& now) {
    if (now.done == 0 || now.total <= now.done) return std::nullopt;
    auto const rest = now.taken * static_cast<std::int64_t>(now.total - now.done) /
                      static_cast<std::int64_t>(now.done);
    return std::chrono::ceil<std::chrono::seconds>(rest).count();
}

}  // namespace

json shown(vault::Baseline const& baseline) {
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
    if (!proof.copy.empty()) out["Copy"] = proof.copy;
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

namespace {

json shown(std::vector<vault::MemberChange> const& members) {
    json out = json::array();
    for (auto const& member : members) {
        json one = {{"Member", member.path}};
        if (member.before) one["Before"] = *member.before;
        if (member.after) one["After"] = *member.after;
        if (member.secret) one["Secret"] = true;
        if (member.bookkeeping) one["Bookkeeping"] = true;
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

json shown(vault::RestorePlan const& plan) {
    json changes = json::array();
    for (auto const& planned : plan.changes) {
        changes.push_back({{"Action", name_of(planned.action)},
                           {"What", vault::describe(planned)},
                           {"Members", shown(planned.members)}});
    }
    return {{"Changes", std::move(changes)},
            {"Unchanged", plan.unchanged},
            {"Packages", plan.packages.size()},
            {"Warnings", plan.warnings}};
}

json shown(vault::RestoreReport const& report) {
    auto out = shown(report.plan);
    out["Commit"] = report.commit.hex();
    out["FromRegion"] = report.region;
    out["Applied"] = report.applied;
    out["NotReady"] = json::array();
    for (auto const& [function, why] : report.not_ready)
        out["NotReady"].push_back({{"Function", function.value()}, {"Reason", why}});
    return out;
}

json shown(std::vector<vault::BackupRunner::CopyState> const& copies) {
    json out = json::array();
    for (auto const& copy : copies) {
        json one = {{"Copy", copy.copy}};
        if (copy.sending) one["SendingSince"] = wire::format_iso8601(*copy.sending);
        if (copy.sent) one["Sent"] = wire::format_iso8601(*copy.sent);
        if (!copy.error.empty()) one["Error"] = copy.error;
        out.push_back(std::move(one));
    }
    return out;
}

json shown(vault::Jobs::Shown const& shown) {
    auto const& job = shown.job;
    json out = {{"Id", job.id},
                {"Kind", name_of(job.kind)},
                {"State", name_of(job.state)},
                {"By", job.by},
                {"Began", wire::format_iso8601(job.began)}};
    if (job.starts > 1) out["Starts"] = job.starts;
    if (job.ended) out["Ended"] = wire::format_iso8601(*job.ended);
    if (!job.error.empty()) out["Error"] = job.error;
    if (!job.cancelled_by.empty()) out["CancelledBy"] = job.cancelled_by;
    if (job.state != vault::JobState::kRunning) return out;
    auto const& now = shown.progress;
    out["Progress"] = {{"Doing", now.doing}, {"Done", now.done}, {"Total", now.total}};
    if (auto const left = seconds_left(now)) out["Progress"]["SecondsLeft"] = *left;
    return out;
}

}  // namespace meridian::api
