// GetAccountSettings: how much of the region's limits the account uses.

#include <algorithm>

#include "control/control_plane.h"

namespace meridian::control {

io::Task<AccountSettings> ControlPlane::get_account_settings(Requester who) {
    auto const usage = published_.usage(who.account.value());
    co_return AccountSettings{
        .concurrent_executions = parts_.account_concurrency,
        .unreserved_concurrent_executions =
            parts_.account_concurrency -
            std::min(parts_.account_concurrency, reserved_.total(who.account.value())),
        .total_code_bytes = usage.code_bytes + layers_.code_bytes(who.account),
        .function_count = usage.functions};
}

}  // namespace meridian::control
