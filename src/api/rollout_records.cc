#include "api/rollout_records.h"

#include <fmt/format.h>

namespace meridian::api {

using nlohmann::json;

store::Key rollout_key(model::AccountId const& account, std::string id) {
    return {account, store::Kind::kRollout, std::move(id)};
}

store::Key stack_key(model::AccountId const& account, std::string name) {
    return {account, store::Kind::kStack, std::move(name)};
}

store::Key package_key(model::AccountId const& account, std::string const& rollout,
                       std::string const& sha256_hex) {
    return {account, store::Kind::kRolloutPackage, rollout + ":" + sha256_hex};
}

store::Key plan_key(model::AccountId const& account, std::string const& rollout) {
    return {account, store::Kind::kRolloutPackage, rollout + ":plan"};
}

store::Key progress_key(model::AccountId const& account, std::string const& rollout) {
    return {account, store::Kind::kRolloutPackage, rollout + ":progress"};
}

Result<void> take_progress(json& record, json const& progress) {
    constexpr char kRegions[] = "Regions";
    constexpr char kWork[] = "Work";
    auto const bad = [] {
        return fail(Errc::kInvalidParameterValue,
                    "Progress must be an object of the record's regions, each an object.");
    };
    if (!progress.is_object()) return bad();
    for (auto const& [region, part] : progress.items()) {
        if (!part.is_object() || !record.is_object() || !record.contains(kRegions) ||
            !record[kRegions].is_object() || !record[kRegions].contains(region) ||
            !record[kRegions][region].is_object())
            return bad();
        auto& whole = record[kRegions][region];
        for (auto const& [name, value] : part.items()) {
            if (name != kWork || !value.is_object() || !whole.contains(kWork) ||
                !whole[kWork].is_object()) {
                whole[name] = value;
                continue;
            }
            for (auto const& [inner, changed] : value.items()) whole[kWork][inner] = changed;
        }
    }
    return {};
}

WallTime lease_end(json const& status) {
    if (!status.is_object()) return {};
    return WallTime{std::chrono::milliseconds(status.value(kLeaseExpires, std::int64_t{0}))};
}

json lease_status(WallTime now, std::uint64_t seconds) {
    auto const end = now + std::chrono::seconds(seconds);
    return {{kLeaseExpires,
             std::chrono::floor<std::chrono::milliseconds>(end.time_since_epoch()).count()}};
}

Result<void> check_epoch(json const& rollout, std::uint64_t epoch) {
    auto const now = rollout.value(rollout_member::kEpoch, std::uint64_t{0});
    if (epoch == now) return {};
    return fail(Errc::kResourceConflict,
                fmt::format("{} is driven by {} with epoch {}; {} is not it any more.",
                            rollout.value(rollout_member::kId, ""),
                            rollout.value(rollout_member::kHolder, ""), now, epoch));
}

io::Task<store::Record> get_rollout(store::Store& store, store::Key key) {
    auto const id = key.id;
    MERIDIAN_CO_TRY(auto record, co_await store.get(std::move(key)));
    if (!record)
        co_return fail(Errc::kResourceNotFound, fmt::format("There is no rollout {} here.", id));
    co_return std::move(*record);
}

}  // namespace meridian::api
