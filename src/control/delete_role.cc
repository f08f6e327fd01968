// DeleteRole.

#include "control/control_plane.h"
#include "control/retry.h"
#include "control/role_records.h"

namespace meridian::control {

io::Task<> ControlPlane::delete_role(Requester who, std::string name) {
    co_return co_await retry_role_conflicts(parts_.account_log,
                                            [&] { return try_delete_role(who, name); });
}

io::Task<> ControlPlane::try_delete_role(Requester who, std::string name) {
    MERIDIAN_CO_TRY(auto stored, co_await load_role(who.account, name));
    if (!stored.role.attached_policies.empty()) {
        co_return fail(Errc::kDeleteConflict,
                       "Cannot delete entity, must detach all policies first.");
    }
    auto const key = role_key(who.account, name);
    store::Transaction transaction{.caller = who.arn,
                                   .expectations = {{key, stored.sequence}},
                                   .changes = {{key, std::nullopt}}};
    co_return co_await parts_.account_log.write(std::move(transaction));
}

}  // namespace meridian::control
