// CreateFunction.

#include <utility>

#include "control/control_plane.h"
#include "control/retry.h"
#include "control/settings_rules.h"

namespace meridian::control {

namespace {

std::unexpected<Error> already_there(model::FunctionName const& name) {
    return fail(Errc::kResourceConflict, "Function already exist: " + name.value());
}

}  // namespace

io::Task<FunctionView> ControlPlane::create_function(Requester who, CreateFunctionRequest request) {
    MERIDIAN_CO_CHECK(check_function_name(request.name));
    auto const& given = request.settings;
    if (given.runtime.value_or("").empty() || given.handler.value_or("").empty()) {
        co_return fail(Errc::kInvalidParameterValue,
                       "Runtime and Handler are mandatory parameters for functions created with "
                       "deployment packages.");
    }
    MERIDIAN_CO_TRY(auto settings, changed({}, given));
    MERIDIAN_CO_CHECK(check_tags(request.tags));
    MERIDIAN_CO_CHECK(parts_.runtimes.check(settings.runtime));
    MERIDIAN_CO_CHECK(check_role(who, settings.role_arn, request.name));
    // Asked before the code is stored, which is most of the work, and again by the commit.
    if (published_.find(who.account.value(), request.name.value(), model::kLatest))
        co_return already_there(request.name);
    MERIDIAN_CO_CHECK(co_await resolve_layers(who, &request.settings));
    if (given.layers) settings.layers = *given.layers;
    MERIDIAN_CO_TRY(auto package, co_await packages_.take(who.account, std::move(request.package)));
    MERIDIAN_CO_CHECK(
        co_await packages_.check_unzipped(package.unzipped_bytes, model::layer_packages(settings)));
    bool again = false;
    co_return co_await retry_conflicts([&] {
        return try_create_function(who, request, settings, package, std::exchange(again, true));
    });
}

io::Task<FunctionView> ControlPlane::try_create_function(Requester const& who,
                                                         CreateFunctionRequest const& request,
                                                         model::FunctionSettings const& settings,
                                                         TakenPackage const& package, bool again) {
    if (again) {
        MERIDIAN_CO_TRY(auto const existing, co_await table_.get(who.account, request.name));
        if (existing) co_return already_there(request.name);
    }

    StoredFunction stored;
    auto& function = stored.function;
    function.account = who.account;
    function.name = request.name;
    function.tags = request.tags;
    function.latest.settings = settings;
    function.latest.code = package.code;
    function.latest.last_modified = parts_.clock.wall_now();
    function.latest.revision = new_revision();
    store::Transaction transaction{.caller = who.arn};
    package.add_to(transaction);
    // The first try expects a name that was never used, as most are. One that was goes on counting
    // where it stopped. What was put under the old function in the moment of its deletion does not
    // come back with the new one.
    if (again) {
        MERIDIAN_CO_TRY(auto const last_version,
                        co_await table_.last_version_of_deleted(who.account, request.name));
        function.last_version = last_version.value_or(0);
        if (last_version) {
            MERIDIAN_CO_CHECK(co_await add_removals(&transaction, who.account, {request.name, {}}));
        }
    }
    if (!request.code_signing_config_arn.empty()) {
        MERIDIAN_CO_CHECK(co_await code_signing_.attach_new(
            who, request.name, request.code_signing_config_arn, &transaction));
    }
    // The answer says Pending, as AWS's does; where there is nothing to prepare, the next one says
    // Active.
    bool const ready = parts_.code.is_ready_at_once(package.code.size_bytes) &&
                       function.latest.settings.layers.empty();
    stored.latest = {ready ? active() : pending_creation(), std::nullopt};

    StoredVersion version;
    auto const key = function_key(who.account, function.name);
    transaction.expectations.push_back({.key = key, .sequence = std::nullopt, .is_new = !again});
    if (request.publish) {
        version.account = who.account;
        version.name = function.name;
        version.number = ++function.last_version;
        version.version = function.latest;
        version.version.version = version_of(version.number);
        version.version.revision = new_revision();
        version.status = stored.latest;
        function.last_published_description = function.latest.settings.description;
        auto const its_key = version_key(who.account, function.name, version.number);
        transaction.changes.push_back({its_key, version_to_text(version.version)});
        transaction.statuses.push_back({its_key, status_to_text(version.status, version.version)});
    }
    transaction.changes.push_back({key, function_to_text(function)});
    transaction.statuses.push_back({key, status_to_text(stored.latest, function.latest)});

    auto committed = co_await parts_.store.commit(std::move(transaction));
    if (!committed) {
        if (committed.error().code == Errc::kOutcomeUnknown)
            lifecycle_.prepare(who.account, function.name);
        co_return std::unexpected(committed.error());
    }
    stored.sequence = version.sequence = *committed;
    lifecycle_.publish(function, stored.latest, stored.sequence);
    if (request.publish) {
        lifecycle_.publish(who.account, function.name, version.version, version.status,
                           version.sequence);
    }
    if (!ready) lifecycle_.prepare(who.account, function.name);
    stored.latest.status = version.status.status = pending_creation();
    if (!request.publish) co_return view_of(std::move(stored));
    auto view = view_of(version);
    view.qualified_arn = false;  // recorded: the version's number, but the function's ARN
    co_return view;
}

}  // namespace meridian::control
