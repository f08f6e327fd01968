#include "vault/restore_plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "vault/layout.h"

namespace meridian::vault {
namespace {

using nlohmann::json;
using store::Kind;

constexpr char kLastVersion[] = "last_version";
constexpr std::string_view kAnyPartition = ":lambda:";
constexpr std::string_view kBookkeeping[] = {"/last_modified_us", "/revision",
                                             "/latest/last_modified_us", "/latest/revision"};

bool has_numbered_versions(Kind kind) { return kind == Kind::kFunction || kind == Kind::kLayer; }
bool is_version(Kind kind) { return kind == Kind::kFunctionVersion || kind == Kind::kLayerVersion; }

// Layers, what functions refer to, functions with what is theirs, mappings.
int rank_of(Kind kind) {
    if (store::log_of(kind) == store::LogName::kAccount) return 0;
    if (kind == Kind::kLayer || kind == Kind::kLayerVersion) return 1;
    if (kind == Kind::kCodeSigningConfig) return 2;
    return kind == Kind::kEventSourceMapping ? 4 : 3;
}

// The function or layer of a version.
store::Key owner_of(store::Key const& version) {
    return {version.account,
            version.kind == Kind::kFunctionVersion ? Kind::kFunction : Kind::kLayer,
            version.id.substr(0, version.id.find(':'))};
}

std::uint64_t last_version_in(json const& value) {
    auto const found = value.find(kLastVersion);
    return found != value.end() && found->is_number_integer() ? found->get<std::uint64_t>() : 0;
}

std::string replaced(std::string text, std::string_view from, std::string_view into) {
    if (from.empty()) return text;
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + into.size()))
        text.replace(at, from.size(), into);
    return text;
}

void rewrite(json& value, std::vector<std::pair<std::string, std::string>> const& map) {
    if (value.is_string()) {
        auto text = value.get<std::string>();
        for (auto const& [from, into] : map) text = replaced(std::move(text), from, into);
        value = std::move(text);
    } else if (value.is_structured()) {
        for (auto& member : value) rewrite(member, map);
    }
}

std::vector<std::pair<std::string, std::string>> full_map(RestoreScope const& scope) {
    auto map = scope.map;
    if (scope.from_region != scope.into_region) {
        map.emplace_back(fmt::format("{}{}:", kAnyPartition, scope.from_region),
                         fmt::format("{}{}:", kAnyPartition, scope.into_region));
    }
    return map;
}

bool is_within(std::string_view path, std::string_view outer) {
    return path.starts_with(outer) && (path.size() == outer.size() || path[outer.size()] == '/');
}

// Inside a secret, or around one.
bool shows_a_secret(std::string_view path, std::vector<json::json_pointer> const& secrets) {
    return std::ranges::any_of(secrets, [path](json::json_pointer const& pointer) {
        auto const secret = pointer.to_string();
        return is_within(path, secret) || is_within(secret, path);
    });
}

bool is_bookkeeping(std::string_view path) {
    return std::ranges::any_of(kBookkeeping,
                               [path](auto const member) { return is_within(path, member); });
}

std::vector<json::json_pointer> secrets_of(RestoreScope const& scope, Kind kind) {
    auto const found = std::ranges::find(scope.secrets, kind, &store::SecretMembers::kind);
    return found == scope.secrets.end() ? std::vector<json::json_pointer>() : found->members;
}

std::vector<MemberChange> members_of(json const& before, json const& after,
                                     std::vector<json::json_pointer> const& secrets) {
    std::vector<MemberChange> members;
    for (auto const& step : json::diff(before, after)) {
        auto const path = step.at("path").get<std::string>();
        json::json_pointer const pointer(path);
        MemberChange member{.path = path,
                            .secret = shows_a_secret(path, secrets),
                            .bookkeeping = is_bookkeeping(path)};
        if (!member.secret) {
            if (step.at("op") != "add") member.before = before.at(pointer);
            if (step.at("op") != "remove") member.after = step.at("value");
        }
        members.push_back(std::move(member));
    }
    return members;
}

class Planner {
  public:
    Planner(RegionState const& now, RestoreScope const& scope)
        : now_(now), scope_(scope), map_(full_map(scope)) {
        for (auto const& record : now.records) records_.emplace(record.key, &record);
    }

    void take(KeptRecord kept) {
        if (!is_meant(kept.key)) return;
        wanted_.insert(kept.key);
        if (kept.is_epitaph) return remember(kept);
        if (!leave_out_sealed(kept)) return;
        if (kept.key.kind == Kind::kFunction) plan_.functions.insert(*function_of(kept.key));
        rewrite(kept.value, map_);
        keep_numbers_rising(kept);
        auto const there = records_.find(kept.key);
        if (there == records_.end()) {
            add({.action = PlannedChange::Action::kCreate,
                 .change = {kept.key, std::move(kept.value)}});
        } else if (there->second->value == kept.value) {
            ++plan_.unchanged;
        } else {
            PlannedChange change{.action = PlannedChange::Action::kChange,
                                 .change = {kept.key, std::move(kept.value)},
                                 .replaces = there->second->sequence};
            change.members = members_of(there->second->value, *change.change.value,
                                        secrets_of(scope_, kept.key.kind));
            add(std::move(change));
        }
    }

    RestorePlan finish() {
        if (scope_.exact) remove_others();
        std::ranges::sort(plan_.changes, {}, [](PlannedChange const& planned) {
            auto const& key = planned.change.key;
            auto const function = function_of(key);
            return std::tuple(rank_of(key.kind), function ? function->value() : "", key);
        });
        std::set<std::string> packages;
        for (auto const& planned : plan_.changes) {
            if (!planned.change.value) continue;
            for (auto& digest : packages_in(*planned.change.value))
                packages.insert(std::move(digest));
        }
        plan_.packages.assign(packages.begin(), packages.end());
        return std::move(plan_);
    }

  private:
    [[nodiscard]] bool is_meant(store::Key const& key) const {
        if (key.account != scope_.account) return false;
        // What happened stays what happened.
        if (key.kind == Kind::kPipelineExecution) return false;
        return !scope_.function || function_of(key) == scope_.function;
    }

    void add(PlannedChange change) { plan_.changes.push_back(std::move(change)); }

    // A number that a version once had never means another.
    void keep_numbers_rising(KeptRecord& kept) const {
        if (!has_numbered_versions(kept.key.kind)) return;
        auto last = last_version_in(kept.value);
        if (auto const there = records_.find(kept.key); there != records_.end())
            last = std::max(last, last_version_in(there->second->value));
        if (auto const gone = now_.epitaphs.find(kept.key); gone != now_.epitaphs.end())
            last = std::max(last, last_version_in(gone->second));
        kept.value[kLastVersion] = last;
    }

    // What was deleted when the commit was made, and was never here: its numbers are not used
    // again.
    void remember(KeptRecord const& kept) {
        if (records_.contains(kept.key) || now_.epitaphs.contains(kept.key)) {
            if (!scope_.exact || !records_.contains(kept.key)) ++plan_.unchanged;
            if (scope_.exact) wanted_.erase(kept.key);
            return;
        }
        add({.action = PlannedChange::Action::kRemember,
             .change = {kept.key, std::nullopt, kept.value}});
    }

    // False where nothing of the record is left.
    bool leave_out_sealed(KeptRecord& kept) {
        if (kept.sealed.empty()) return true;
        if (kept.key.kind == Kind::kIamAccessKey) {
            plan_.warnings.push_back(
                fmt::format("{}: its secret cannot be opened; it is left out", describe(kept.key)));
            return false;
        }
        for (auto const& pointer : kept.sealed) {
            plan_.warnings.push_back(fmt::format("{}: {} cannot be opened; it is left out",
                                                 describe(kept.key), pointer));
            json::json_pointer const at(pointer);
            kept.value.at(at.parent_pointer()).erase(at.back());
        }
        return true;
    }

    void remove_others() {
        for (auto const& record : now_.records) {
            auto const& key = record.key;
            if (!is_meant(key) || wanted_.contains(key) || !path_of({key})) continue;
            if (is_version(key.kind) && wanted_.contains(owner_of(key))) {
                plan_.warnings.push_back(
                    fmt::format("{} stays: versions are never taken back", describe(key)));
                continue;
            }
            json epitaph = nullptr;
            if (has_numbered_versions(key.kind)) {
                epitaph = {{"format", record.value.value("format", 1)},
                           {kLastVersion, last_version_in(record.value)}};
            }
            add({.action = PlannedChange::Action::kDelete,
                 .change = {key, std::nullopt, std::move(epitaph)},
                 .replaces = record.sequence});
        }
    }

    RegionState const& now_;
    RestoreScope const& scope_;
    std::vector<std::pair<std::string, std::string>> const map_;
    std::map<store::Key, store::Record const*> records_;
    std::set<store::Key> wanted_;
    RestorePlan plan_;
};

}  // namespace

std::optional<model::FunctionName> function_of(store::Key const& key) {
    bool const under = key.kind >= Kind::kFunction && key.kind <= Kind::kTestEvent;
    if (!under) return std::nullopt;
    return model::FunctionName(key.id.substr(0, key.id.find(':')));
}

RestorePlan plan_restore(std::vector<KeptRecord> kept, RegionState const& now,
                         RestoreScope const& scope) {
    Planner planner(now, scope);
    for (auto& record : kept) planner.take(std::move(record));
    return planner.finish();
}

std::string describe(PlannedChange const& change) {
    auto what = describe(change.change.key);
    switch (change.action) {
        case PlannedChange::Action::kCreate:
            return "create " + what;
        case PlannedChange::Action::kChange:
            return "change " + what;
        case PlannedChange::Action::kDelete:
            return "delete " + what;
        case PlannedChange::Action::kRemember:
            return "remember the versions of " + what;
    }
    return what;
}

}  // namespace meridian::vault
