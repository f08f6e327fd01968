// UpdateFunctionConfiguration.

#include "control/control_plane.h"
#include "control/retry.h"
#include "control/settings_rules.h"

namespace meridian::control {

io::Task<FunctionView> ControlPlane::update_function_configuration(
    Requester who, UpdateFunctionConfigurationRequest request) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, request.name));
    auto const settings = changed(stored.function.latest.settings, request.settings);
    if (!settings) co_return std::unexpected(settings.error());
    MERIDIAN_CO_CHECK(parts_.runtimes.check(settings->runtime));
    MERIDIAN_CO_CHECK(co_await resolve_layers(who, &request.settings));
    if (request.settings.layers) {
        MERIDIAN_CO_CHECK(co_await packages_.check_stored(
            stored.function.latest.code.sha256, model::layer_packages(*request.settings.layers)));
    }
    if (request.settings.role_arn) {
        MERIDIAN_CO_CHECK(check_role(who, *request.settings.role_arn, request.name));
    }
    co_return co_await retry_conflicts(
        [&] { return try_update_function_configuration(who, request); });
}

io::Task<FunctionView> ControlPlane::try_update_function_configuration(
    Requester const& who, UpdateFunctionConfigurationRequest const& request) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, request.name));
    MERIDIAN_CO_CHECK(check_changeable(stored, request.revision_id));

    auto& function = stored.function;
    stored.latest = updating(stored);
    MERIDIAN_CO_TRY(function.latest.settings, changed(function.latest.settings, request.settings));
    function.latest.last_modified = parts_.clock.wall_now();
    function.latest.revision = new_revision();

    auto const key = function_key(who.account, function.name);
    store::Transaction transaction{
        .caller = who.arn,
        .expectations = {{key, stored.sequence}},
        .changes = {{key, function_to_text(function)}},
        .statuses = {{key, status_to_text(stored.latest, function.latest)}}};
    if (request.settings.layers && !request.settings.layers->empty()) {
        MERIDIAN_CO_CHECK(co_await code_signing_.allow_code(who, request.name, &transaction));
    }
    auto committed = co_await parts_.store.commit(std::move(transaction));
    if (!committed) {
        if (committed.error().code == Errc::kOutcomeUnknown)
            lifecycle_.prepare(who.account, function.name);
        co_return std::unexpected(committed.error());
    }
    stored.sequence = *committed;
    lifecycle_.publish(function, stored.latest, stored.sequence);
    lifecycle_.prepare(who.account, function.name);
    co_return view_of(stored);
}

}  // namespace meridian::control
