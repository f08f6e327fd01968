#include "store/store.h"

namespace meridian::store {

LogName log_of(Kind kind) noexcept {
    // By number, so that a kind which only a newer version knows lands in the right log, too.
    return static_cast<std::uint16_t>(kind) < static_cast<std::uint16_t>(Kind::kIamRole)
               ? LogName::kRegion
               : LogName::kAccount;
}

Result<std::optional<LogName>> one_log_of(std::vector<Change> const& changes) {
    std::optional<LogName> log;
    for (auto const& change : changes) {
        auto const its_log = log_of(change.key.kind);
        if (log && *log != its_log) {
            return fail(Errc::kInternal, "A transaction changes keys of two logs.");
        }
        log = its_log;
    }
    return log;
}

}  // namespace meridian::store
