// The permissions of a layer version: AddLayerVersionPermission, GetLayerVersionPolicy,
// RemoveLayerVersionPermission, and what they allow.

#include <algorithm>

#include <fmt/format.h>

#include "control/layers.h"
#include "control/policy_document.h"
#include "control/retry.h"

namespace meridian::control {

namespace {

constexpr char const* kNoPolicy = "No policy is associated with the given resource.";

Result<void> check_revision(std::optional<LayerPolicy> const& policy,
                            std::optional<model::RevisionId> const& wanted) {
    if (!wanted || (policy && policy->revision == *wanted)) return {};
    return fail(Errc::kPreconditionFailed,
                "The Revision Id provided does not match the latest Revision Id. Call the "
                "GetLayerPolicy API to retrieve the latest Revision Id");
}

}  // namespace

bool allows(LayerPolicy const& policy, Requester const& who) {
    auto const root = fmt::format(":iam::{}:root", who.account);
    return std::ranges::any_of(policy.document["Statement"], [&](auto const& statement) {
        if (statement.contains("Condition")) return false;
        auto const& principal = statement["Principal"];
        if (principal == "*") return true;
        auto const named = principal.value("AWS", "");
        return named == who.arn || named.ends_with(root);
    });
}

io::Task<Stored<LayerVersionRecord>> Layers::load_version(model::LayerVersionId what) {
    MERIDIAN_CO_TRY(auto stored, co_await find(what));
    if (!stored) {
        co_return fail(Errc::kResourceNotFound,
                       fmt::format("Layer version {} does not exist.", arn(what)));
    }
    co_return std::move(*stored);
}

io::Task<AddedLayerPermission> Layers::add_permission(Requester who,
                                                      AddLayerPermissionRequest request) {
    co_return co_await retry_conflicts([&] { return try_add(who, request); }, "layer");
}

io::Task<AddedLayerPermission> Layers::try_add(Requester who, AddLayerPermissionRequest request) {
    MERIDIAN_CO_TRY(auto stored, co_await load_version(request.what));
    auto& policy = stored.value.policy;
    MERIDIAN_CO_CHECK(check_revision(policy, request.revision_id));
    MERIDIAN_CO_TRY(auto statement, make_statement(request.permission, arn(request.what)));
    AddedLayerPermission added{statement.dump(), model::RevisionId(make_uuid(parts_.random))};
    if (!policy) policy = {empty_policy(), {}};
    MERIDIAN_CO_CHECK(add_statement(policy->document, std::move(statement)));
    policy->revision = added.revision;
    MERIDIAN_CO_CHECK(co_await versions_.put(who.arn, std::move(stored.key),
                                             std::move(stored.value), stored.sequence));
    co_return added;
}

io::Task<LayerPolicy> Layers::get_policy(Requester who, model::LayerVersionId what) {
    MERIDIAN_CO_TRY(auto stored, co_await load_version(what));
    if (!stored.value.policy) co_return fail(Errc::kResourceNotFound, kNoPolicy);
    co_return std::move(*stored.value.policy);
}

io::Task<> Layers::remove_permission(Requester who, RemoveLayerPermissionRequest request) {
    co_return co_await retry_conflicts([&] { return try_remove_permission(who, request); },
                                       "layer");
}

io::Task<> Layers::try_remove_permission(Requester who, RemoveLayerPermissionRequest request) {
    MERIDIAN_CO_TRY(auto stored, co_await load_version(request.what));
    auto& policy = stored.value.policy;
    if (!policy) co_return fail(Errc::kResourceNotFound, kNoPolicy);
    MERIDIAN_CO_CHECK(check_revision(policy, request.revision_id));
    auto const statement = statement_of(policy->document, request.statement_id);
    if (statement == policy->document["Statement"].end()) {
        co_return fail(
            Errc::kResourceNotFound,
            fmt::format("Statement {} is not found in resource policy.", request.statement_id));
    }
    policy->document["Statement"].erase(statement);
    policy->revision = model::RevisionId(make_uuid(parts_.random));
    if (policy->document["Statement"].empty()) policy.reset();
    MERIDIAN_CO_CHECK(co_await versions_.put(who.arn, std::move(stored.key),
                                             std::move(stored.value), stored.sequence));
    co_return Result<void>{};
}

}  // namespace meridian::control
