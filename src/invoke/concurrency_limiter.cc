#include "invoke/concurrency_limiter.h"

#include <algorithm>

namespace meridian::invoke {

ConcurrencySlot::~ConcurrencySlot() {
    if (limiter_ == nullptr) return;
    if (--counter_->second == 0) limiter_->counters_.erase(counter_);
}

Result<ConcurrencySlot> ConcurrencyLimiter::acquire(model::AccountId const& account,
                                                    model::FunctionName const& function,
                                                    ConcurrencyShare const& share) {
    auto const unreserved = account_limit_ - std::min(account_limit_, share.reserved_in_account);
    auto const most = share.reserved.value_or(unreserved);
    auto const counter =
        counters_.try_emplace({account, share.reserved ? function : model::FunctionName()}, 0)
            .first;
    if (counter->second >= most) {
        if (counter->second == 0) counters_.erase(counter);
        return std::unexpected(Error{Errc::kTooManyRequests, "Rate Exceeded.",
                                     share.reserved
                                         ? "ReservedFunctionConcurrentInvocationLimitExceeded"
                                         : "ConcurrentInvocationLimitExceeded"});
    }
    ++counter->second;
    return ConcurrencySlot(*this, counter);
}

std::uint32_t ConcurrencyLimiter::in_use(model::AccountId const& account,
                                         model::FunctionName const& function) const {
    auto const counter = counters_.find({account, function});
    return counter == counters_.end() ? 0 : counter->second;
}

}  // namespace meridian::invoke
