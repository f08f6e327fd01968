// GetAccountSettings: how much of the region's limits the account uses.

#include "control/control_plane.h"

namespace meridian::control {

io::Task<AccountSettings> ControlPlane::get_account_settings(Requester who) {
    auto const usage = published_.usage(who.account.value());
    co_return AccountSettings{.concurrent_executions = parts_.account_concurrency,
                              .total_code_bytes = usage.code_bytes,
                              .function_count = usage.functions};
}

}  // namespace meridian::control
