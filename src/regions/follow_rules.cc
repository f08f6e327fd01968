#include "regions/follow_rules.h"

#include <algorithm>

#include <fmt/format.h>

namespace meridian::regions {

Result<std::vector<store::LogEntry>> entries_to_apply(ChangePage page, store::LogName log,
                                                      store::Sequence at) {
    if (page.last_sequence < at) {
        return fail(
            Errc::kConflict,
            fmt::format("The source's log ends with {}, but this copy has {}: they have parted.",
                        page.last_sequence, at));
    }
    std::vector<store::LogEntry> next;
    for (auto& entry : page.entries) {
        if (entry.log != log)
            return fail(Errc::kConflict, "The source answered with an entry of another log.");
        if (entry.sequence <= at) continue;
        if (entry.sequence != at + 1) {
            if (!next.empty()) break;
            return fail(Errc::kConflict,
                        fmt::format("The source answered with entry {}, which does not follow {}.",
                                    entry.sequence, at));
        }
        at = entry.sequence;
        next.push_back(std::move(entry));
    }
    return next;
}

std::chrono::milliseconds BackOff::failed() noexcept {
    auto const wait = next_;
    next_ = std::min(next_ * 2, options_.longest);
    return wait;
}

}  // namespace meridian::regions
