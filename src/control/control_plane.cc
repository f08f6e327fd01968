#include "control/control_plane.h"

#include <fmt/format.h>

#include "wire/arn.h"

namespace meridian::control {

ControlPlane::ControlPlane(asio::any_io_executor executor, Parts parts,
                           FunctionLifecycle::Options lifecycle)
    : parts_(std::move(parts)),
      table_(parts_.store),
      published_(parts_.observer),
      lifecycle_(std::move(executor),
                 {parts_.store, table_, parts_.code, parts_.runtimes, published_, parts_.log},
                 lifecycle),
      directory_(parts_.region, table_, published_),
      resources_{parts_.store, directory_, parts_.clock, parts_.random, parts_.log},
      packages_(parts_.code, parts_.objects,
                [this](model::AccountId const& account) {
                    return published_.usage(account.value()).code_bytes +
                           layers_.code_bytes(account);
                }),
      layers_({parts_.region, parts_.store, packages_, parts_.clock, parts_.random, parts_.log}),
      code_signing_(resources_),
      aliases_(resources_),
      resource_policies_(resources_),
      reserved_(resources_, parts_.account_concurrency),
      provisioned_(resources_, aliases_, reserved_, parts_.provisioned, parts_.account_concurrency),
      function_urls_(resources_, aliases_),
      event_invoke_configs_(resources_, aliases_),
      test_events_(resources_),
      options_(resources_),
      event_source_mappings_(resources_, aliases_) {
    aliases_.on_change = [this](auto const& account, auto const& function) {
        provisioned_.alias_changed(account, function);
    };
}

io::Task<> ControlPlane::start() {
    MERIDIAN_CO_CHECK(co_await layers_.load());
    MERIDIAN_CO_CHECK(co_await aliases_.load());
    MERIDIAN_CO_CHECK(co_await resource_policies_.load());
    MERIDIAN_CO_CHECK(co_await reserved_.load());
    MERIDIAN_CO_CHECK(co_await provisioned_.load());
    MERIDIAN_CO_CHECK(co_await function_urls_.load());
    co_return co_await lifecycle_.load();
}

void ControlPlane::forget_parts(model::AccountId const& account, model::FunctionName const& name) {
    aliases_.forget(account, name);
    resource_policies_.forget(account, name);
    reserved_.forget(account, name);
    provisioned_.forget(account, name);
    function_urls_.forget(account, name);
}

asio::awaitable<void> ControlPlane::stop() { return lifecycle_.stop(); }

std::optional<model::FunctionStatus> ControlPlane::status_at_rest(
    model::AccountId const& account, model::FunctionName const& name) const {
    if (lifecycle_.is_preparing(account, name)) return std::nullopt;
    auto const found = published_.find(account.value(), name.value(), model::kLatest);
    if (!found) return std::nullopt;
    return found->status;
}

io::Task<> ControlPlane::function_replicated(model::AccountId account, model::FunctionName name) {
    MERIDIAN_CO_TRY(auto const sequence,
                    co_await parts_.store.last_sequence(store::LogName::kRegion));
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(account, name));
    if (!stored) {
        published_.remove_function(account, name, sequence);
        forget_parts(account, name);
        co_return Result<void>{};
    }
    lifecycle_.publish(stored->function, stored->latest, stored->sequence);
    MERIDIAN_CO_TRY(auto versions, co_await table_.all_versions(account, name));
    std::set<std::uint64_t> live;
    for (auto const& version : versions) {
        live.insert(version.number);
        lifecycle_.publish(account, name, version.version, version.status, version.sequence);
    }
    for (auto const number : published_.version_numbers(account.value(), name.value())) {
        if (!live.contains(number))
            published_.remove_version(account, name, version_of(number), sequence);
    }
    lifecycle_.prepare(account, name);
    MERIDIAN_CO_CHECK(co_await aliases_.read_again(account, name));
    MERIDIAN_CO_CHECK(co_await resource_policies_.read_again(account, name));
    MERIDIAN_CO_CHECK(co_await reserved_.read_again(account, name));
    MERIDIAN_CO_CHECK(co_await provisioned_.read_again(account, name));
    co_return co_await function_urls_.read_again(account, name);
}

io::Task<> ControlPlane::layers_replicated() { return layers_.load(); }

io::Task<std::vector<model::CodeSha256>> ControlPlane::code_in_use() {
    std::set<model::CodeSha256> used;
    auto const add_version = [&](model::FunctionVersion const& version) {
        used.insert(version.code.sha256);
        auto const layers = layer_packages(version.settings);
        if (layers.empty()) return;
        used.insert(layers.begin(), layers.end());
        used.insert(store::merged_name(layers));
    };
    auto const add = [&](model::FunctionVersion const& definition, VersionStatus const& status) {
        add_version(definition);
        if (status.serving) add_version(*status.serving);
    };
    // A record that cannot be read might need any package: then nothing may be removed.
    MERIDIAN_CO_TRY(auto const of_layers, co_await layers_.code_in_use());
    used.insert(of_layers.begin(), of_layers.end());
    MERIDIAN_CO_TRY(auto functions, co_await parts_.store.scan_all(store::Kind::kFunction));
    for (auto const& record : functions) {
        MERIDIAN_CO_TRY(auto function, function_from_record(record.key, record.value));
        MERIDIAN_CO_TRY(auto status,
                        status_from_record(record.key, record.status, function.latest));
        add(function.latest, status);
    }
    MERIDIAN_CO_TRY(auto versions, co_await parts_.store.scan_all(store::Kind::kFunctionVersion));
    for (auto const& record : versions) {
        MERIDIAN_CO_TRY(auto version, version_from_record(record.key, record.value));
        MERIDIAN_CO_TRY(auto status, status_from_record(record.key, record.status, version));
        add(version, status);
    }
    co_return std::vector<model::CodeSha256>(used.begin(), used.end());
}

std::string ControlPlane::arn_of(model::AccountId const& account, model::FunctionName const& name,
                                 std::optional<model::Qualifier> const& qualifier) const {
    return directory_.arn(account, name, qualifier);
}

std::unexpected<Error> ControlPlane::not_found(
    model::AccountId const& account, model::FunctionName const& name,
    std::optional<model::Qualifier> const& qualifier) const {
    return directory_.not_found(account, name, qualifier);
}

model::RevisionIds ControlPlane::new_revision() {
    return {model::RevisionId(make_uuid(parts_.random)),
            model::RevisionId(make_uuid(parts_.random))};
}

FunctionView ControlPlane::view_of(StoredFunction const& stored, bool qualified_arn) const {
    return {{stored.function.account, stored.function.name, stored.function.latest,
             stored.latest.status},
            qualified_arn};
}

FunctionView ControlPlane::view_of(StoredFunction&& stored) const {
    auto& function = stored.function;
    return {{std::move(function.account), std::move(function.name), std::move(function.latest),
             std::move(stored.latest.status)}};
}

FunctionView ControlPlane::view_of(StoredVersion const& stored) const {
    return {{stored.account, stored.name, stored.version, stored.status.status}, true};
}

VersionStatus ControlPlane::updating(StoredFunction const& stored) {
    VersionStatus status{update_in_progress(), stored.latest.serving};
    // After an update that failed, `serving` is still the one before it.
    if (!status.serving) status.serving = stored.function.latest;
    return status;
}

io::Task<StoredFunction> ControlPlane::load(model::AccountId account, model::FunctionName name) {
    return directory_.load(std::move(account), std::move(name));
}

Result<void> ControlPlane::check_changeable(
    StoredFunction const& stored, std::optional<model::RevisionId> const& revision_id) const {
    auto const& status = stored.latest.status;
    if (revision_id &&
        *revision_id != model::visible_revision(stored.function.latest.revision, status)) {
        return fail(Errc::kPreconditionFailed,
                    "The Revision Id provided does not match the latest Revision Id. Call the "
                    "GetFunction/GetAlias API "
                    "to retrieve the latest Revision Id");
    }
    if (status.state != model::State::kActive && status.state != model::State::kInactive) {
        return fail(
            Errc::kResourceConflict,
            fmt::format(
                "The operation cannot be performed at this time. The function is currently in the "
                "following state: {}",
                model::name_of(status.state)));
    }
    if (status.last_update == model::LastUpdateStatus::kInProgress) {
        return fail(Errc::kResourceConflict,
                    "The operation cannot be performed at this time. An update is in progress for "
                    "resource: " +
                        arn_of(stored.function.account, stored.function.name));
    }
    return {};
}

Result<void> ControlPlane::check_role(Requester const& who, std::string const& role_arn,
                                      model::FunctionName const& name) const {
    auto const arn = wire::parse_role_arn(role_arn);
    if (arn && arn->account != who.account)
        return fail(Errc::kAccessDenied, "Cross-account pass role is not allowed.");
    if (arn && parts_.roles.lambda_may_assume(who.account, role_arn, arn_of(who.account, name)))
        return {};
    return fail(Errc::kInvalidParameterValue,
                "The role defined for the function cannot be assumed by Lambda.");
}

io::Task<> ControlPlane::resolve_layers(Requester who, SettingsChange* change) {
    if (!change->layer_arns) co_return Result<void>{};
    MERIDIAN_CO_TRY(change->layers, co_await layers_.resolve(who, *change->layer_arns));
    co_return Result<void>{};
}

io::Task<std::string> ControlPlane::get_code(model::CodeSha256 sha256) {
    return parts_.code.get(std::move(sha256));
}

}  // namespace meridian::control
