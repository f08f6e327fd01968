#include "vault/backup_plan.h"

#include <algorithm>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace meridian::vault {

std::string backup_name(WallTime time) {
    return fmt::format("{}{:%Y-%m-%dT%H-%M-%S}Z", kBackupPrefix,
                       std::chrono::floor<std::chrono::seconds>(time));
}

bool is_backup(Baseline const& baseline) { return baseline.name.starts_with(kBackupPrefix); }

std::string shown_remote(std::string_view remote) {
    auto const scheme = remote.find("://");
    if (scheme == std::string_view::npos) return std::string(remote);
    auto const begin = scheme + 3;
    auto const authority = remote.substr(begin, remote.find('/', begin) - begin);
    auto const at = authority.rfind('@');
    auto const colon = authority.find(':');
    if (at == std::string_view::npos || colon == std::string_view::npos || colon > at)
        return std::string(remote);
    std::string shown(remote);
    shown.erase(begin + colon, at - colon);
    return shown;
}

BackupCopy const* find_copy(BackupPlan const& plan, std::string_view remote) {
    auto const found = std::ranges::find(plan.copies, remote, &BackupCopy::remote);
    return found == plan.copies.end() ? nullptr : &*found;
}

DueWork due(BackupPlan const& plan, WallTime now, std::optional<WallTime> newest,
            LastProofs const& proofs) {
    DueWork out;
    // A clock that was set back must not stop backups: what lies ahead of now counts as never.
    auto const over = [now](std::optional<WallTime> last, std::chrono::seconds interval) {
        return !last || *last > now || now - *last >= interval;
    };
    out.backup = plan.every && over(newest, *plan.every);
    for (auto const& [level, interval] : plan.verify) {
        auto const last = proofs.last.find(level);
        if (over(last == proofs.last.end() ? std::nullopt : std::optional(last->second.began),
                 interval))
            out.verify.push_back(level);
    }
    for (auto const& copy : plan.copies) {
        auto const last = proofs.last_of_copies.find(shown_remote(copy.remote));
        auto const began =
            last == proofs.last_of_copies.end() ? std::nullopt : std::optional(last->second.began);
        if (plan.verify_copies && over(began, *plan.verify_copies))
            out.verify_copies.push_back(copy.remote);
    }
    return out;
}

std::vector<std::string> to_prune(Retention const& keep, std::vector<Baseline> const& baselines) {
    std::vector<Baseline const*> backups;
    for (auto const& baseline : baselines) {
        if (is_backup(baseline)) backups.push_back(&baseline);
    }
    std::ranges::sort(backups, [](Baseline const* a, Baseline const* b) {
        return std::tie(b->tagger.time, b->name) < std::tie(a->tagger.time, a->name);
    });
    std::set<std::chrono::sys_time<std::chrono::hours>> hours;
    std::set<std::chrono::sys_days> days;
    std::vector<std::string> out;
    for (std::size_t n = 0; n < backups.size(); ++n) {
        auto const time = backups[n]->tagger.time;
        // The first of an hour, counted from the newest, is the hour's newest.
        bool const of_hour = hours.size() < keep.hourly &&
                             hours.insert(std::chrono::floor<std::chrono::hours>(time)).second;
        bool const of_day = days.size() < keep.daily &&
                            days.insert(std::chrono::floor<std::chrono::days>(time)).second;
        if (n >= keep.last && !of_hour && !of_day) out.push_back(backups[n]->name);
    }
    std::ranges::sort(out);
    return out;
}

}  // namespace meridian::vault
