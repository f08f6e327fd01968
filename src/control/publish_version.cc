// PublishVersion.

#include <fmt/format.h>

#include "control/control_plane.h"
#include "control/publish_rules.h"
#include "control/retry.h"

namespace meridian::control {

bool unchanged_since(model::Function const& function, model::FunctionVersion const& last) {
    auto then = last.settings;
    then.description = function.last_published_description;
    return function.latest.settings == then && function.latest.code == last.code;
}

model::FunctionVersion next_version(model::Function& function,
                                    std::optional<std::string> const& description,
                                    model::RevisionIds const& revision) {
    model::FunctionVersion version = function.latest;
    ++function.last_version;
    version.version = model::Version(std::to_string(function.last_version));
    function.last_published_description = function.latest.settings.description;
    if (description) version.settings.description = *description;
    version.revision = revision;
    return version;
}

io::Task<FunctionView> ControlPlane::publish_version(Requester who, PublishVersionRequest request) {
    co_return co_await retry_conflicts([&] { return try_publish_version(who, request); });
}

io::Task<FunctionView> ControlPlane::try_publish_version(Requester who,
                                                         PublishVersionRequest request) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, request.name));
    MERIDIAN_CO_CHECK(check_changeable(stored, request.revision_id));
    auto& function = stored.function;
    auto const& current = function.latest.code.sha256;
    if (request.code_sha256 && !request.code_sha256->value().empty() &&
        *request.code_sha256 != current) {
        co_return fail(
            Errc::kInvalidParameterValue,
            fmt::format(
                "CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try "
                "again with the CodeSHA256 in $LATEST.",
                request.code_sha256->value(), current.value()));
    }
    if (function.last_version > 0) {
        MERIDIAN_CO_TRY(auto last, co_await table_.get_version(who.account, function.name,
                                                               function.last_version));
        if (last && unchanged_since(function, last->version)) co_return view_of(*last);
    }

    StoredVersion version;
    version.account = who.account;
    version.name = function.name;
    version.version = next_version(function, request.description, new_revision());
    version.number = function.last_version;
    bool const is_ready = stored.latest.status.last_update == model::LastUpdateStatus::kSuccessful;
    version.status = {is_ready ? active() : pending_creation(), std::nullopt};
    function.latest.revision = new_revision();  // recorded: publishing changes $LATEST's

    auto const key = function_key(who.account, function.name);
    auto const its_key = version_key(who.account, function.name, version.number);
    store::Transaction transaction{
        .caller = who.arn,
        .expectations = {{key, stored.sequence}, {its_key, std::nullopt}},
        .changes = {{key, function_to_text(function)}, {its_key, version_to_text(version.version)}},
        .statuses = {{key, status_to_text(stored.latest, function.latest)},
                     {its_key, status_to_text(version.status, version.version)}}};
    auto committed = co_await parts_.store.commit(std::move(transaction));
    if (!committed) {
        if (committed.error().code == Errc::kOutcomeUnknown)
            lifecycle_.prepare(who.account, function.name);
        co_return std::unexpected(committed.error());
    }
    lifecycle_.publish(function, stored.latest, *committed);
    lifecycle_.publish(who.account, function.name, version.version, version.status, *committed);
    if (!is_ready) lifecycle_.prepare(who.account, function.name);
    co_return view_of(version);
}

}  // namespace meridian::control
