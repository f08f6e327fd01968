// UpdateFunctionCode.

#include "control/control_plane.h"
#include "control/publish_rules.h"
#include "control/retry.h"

namespace meridian::control {

io::Task<FunctionView> ControlPlane::update_function_code(Requester who,
                                                          UpdateFunctionCodeRequest request) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, request.name));
    MERIDIAN_CO_CHECK(check_changeable(stored, request.revision_id));
    MERIDIAN_CO_CHECK(parts_.runtimes.check(stored.function.latest.settings.runtime));
    MERIDIAN_CO_TRY(auto package, co_await packages_.take(who.account, std::move(request.package)));
    MERIDIAN_CO_CHECK(co_await packages_.check_unzipped(
        package.unzipped_bytes, model::layer_packages(stored.function.latest.settings)));
    if (request.dry_run) {
        store::Transaction unused;
        MERIDIAN_CO_CHECK(co_await code_signing_.allow_code(who, request.name, &unused));
        // The package that was checked is used by nothing; one that was stored goes with the next
        // clean-up.
        stored.function.latest.code = package.code;
        co_return view_of(stored);
    }
    co_return co_await retry_conflicts(
        [&] { return try_update_function_code(who, request, package); });
}

io::Task<FunctionView> ControlPlane::try_update_function_code(
    Requester const& who, UpdateFunctionCodeRequest const& request, TakenPackage const& package) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, request.name));
    MERIDIAN_CO_CHECK(check_changeable(stored, request.revision_id));

    auto& function = stored.function;
    stored.latest = updating(stored);
    function.latest.code = package.code;
    function.latest.last_modified = parts_.clock.wall_now();
    function.latest.revision = new_revision();

    auto const key = function_key(who.account, function.name);
    store::Transaction transaction{.caller = who.arn, .expectations = {{key, stored.sequence}}};
    package.add_to(transaction);
    MERIDIAN_CO_CHECK(co_await code_signing_.allow_code(who, request.name, &transaction));
    std::optional<StoredVersion> version;
    bool is_new_version = false;
    if (request.publish) {
        MERIDIAN_CO_TRY(version, co_await table_.get_version(who.account, function.name,
                                                             function.last_version));
        if (!version || !unchanged_since(function, version->version)) {
            is_new_version = true;
            version.emplace();
            version->account = who.account;
            version->name = function.name;
            version->version = next_version(function, std::nullopt, new_revision());
            version->number = function.last_version;
            version->status = {pending_creation(), std::nullopt};
            auto const its_key = version_key(who.account, function.name, version->number);
            transaction.expectations.push_back({its_key, std::nullopt});
            transaction.changes.push_back({its_key, version_to_text(version->version)});
            transaction.statuses.push_back(
                {its_key, status_to_text(version->status, version->version)});
        }
    }
    transaction.changes.push_back({key, function_to_text(function)});
    transaction.statuses.push_back({key, status_to_text(stored.latest, function.latest)});

    auto committed = co_await parts_.store.commit(std::move(transaction));
    if (!committed) {
        if (committed.error().code == Errc::kOutcomeUnknown)
            lifecycle_.prepare(who.account, function.name);
        co_return std::unexpected(committed.error());
    }
    stored.sequence = *committed;
    lifecycle_.publish(function, stored.latest, stored.sequence);
    if (is_new_version) {
        version->sequence = *committed;
        lifecycle_.publish(who.account, function.name, version->version, version->status,
                           version->sequence);
    }
    lifecycle_.prepare(who.account, function.name);
    co_return version ? view_of(*version) : view_of(stored);
}

}  // namespace meridian::control
