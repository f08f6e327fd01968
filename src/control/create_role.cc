// CreateRole.

#include "control/control_plane.h"
#include "control/retry.h"
#include "control/role_records.h"
#include "control/settings_rules.h"
#include "control/trust_policy.h"

namespace meridian::control {

namespace {
constexpr std::size_t kRoleIdRandomChars = 17;
}

io::Task<model::Role> ControlPlane::create_role(Requester who, CreateRoleRequest request) {
    MERIDIAN_CO_CHECK(check_trust_policy(request.assume_role_policy_document));
    MERIDIAN_CO_CHECK(check_tags(request.tags));
    model::Role role;
    role.account = who.account;
    role.name = std::move(request.name);
    role.id = "AROA" + make_token(parts_.random, kUpperAlphanumeric, kRoleIdRandomChars);
    role.path = std::move(request.path);
    role.description = std::move(request.description);
    role.assume_role_policy_document = std::move(request.assume_role_policy_document);
    role.max_session_seconds = request.max_session_seconds;
    role.tags = std::move(request.tags);
    role.created = parts_.clock.wall_now();
    MERIDIAN_CO_CHECK(co_await retry_role_conflicts(parts_.account_log,
                                                    [&] { return try_create_role(who, role); }));
    co_return role;
}

io::Task<> ControlPlane::try_create_role(Requester who, model::Role role) {
    auto const key = role_key(who.account, role.name);
    MERIDIAN_CO_TRY(auto existing, co_await parts_.account_store.get(key));
    if (existing)
        co_return fail(Errc::kEntityAlreadyExists,
                       "Role with name " + role.name + " already exists.");
    store::Transaction transaction{.caller = who.arn,
                                   .expectations = {{key, std::nullopt}},
                                   .changes = {{key, role_to_json(role)}}};
    co_return co_await parts_.account_log.write(std::move(transaction));
}

}  // namespace meridian::control
