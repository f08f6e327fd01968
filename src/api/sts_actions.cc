// STS's operations.

#include "api/action.h"

namespace meridian::api {

namespace {

using nlohmann::json;

io::Task<json> get_caller_identity(Services, ActionContext context, json) {
    co_return json{{"UserId", context.caller.user_id},
                   {"Account", context.caller.account.value()},
                   {"Arn", context.caller.arn}};
}

constexpr ActionEntry kStsActions[] = {
    {wire::OperationId::kStsGetCallerIdentity, get_caller_identity},
};

}  // namespace

std::span<ActionEntry const> sts_actions() noexcept { return kStsActions; }

}  // namespace meridian::api
