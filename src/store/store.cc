#include "store/store.h"

namespace meridian::store {

LogName log_of(Kind kind) noexcept {
    // By number, so that a kind which only a newer version knows lands in the right log, too.
    return static_cast<std::uint16_t>(kind) < static_cast<std::uint16_t>(Kind::kIamRole)
               ? LogName::kRegion
               : LogName::kAccount;
}

namespace {

template <typename Changes>
Result<std::optional<LogName>> log_of_all(Changes const& changes) {
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

}  // namespace

Result<std::optional<LogName>> one_log_of(std::vector<Write> const& changes) {
    return log_of_all(changes);
}

Result<std::optional<LogName>> one_log_of(std::vector<Change> const& changes) {
    return log_of_all(changes);
}

nlohmann::json json_of(Value value) {
    if (auto const* const text = std::get_if<JsonText>(&value))
        return nlohmann::json::parse(text->text, nullptr, false);
    return std::get<nlohmann::json>(std::move(value));
}

std::vector<Change> changes_of(std::vector<Write> writes) {
    std::vector<Change> changes;
    changes.reserve(writes.size());
    for (auto& write : writes) {
        auto& change =
            changes.emplace_back(std::move(write.key), std::nullopt, std::move(write.epitaph));
        if (write.value) change.value = json_of(std::move(*write.value));
    }
    return changes;
}

}  // namespace meridian::store
