#include "invoke/concurrency_limiter.h"

#include <algorithm>

namespace meridian::invoke {

ConcurrencySlot::~ConcurrencySlot() {
    if (limiter_ == nullptr) return;
    if (--counter_->second == 0) limiter_->counters_.erase(counter_);
}

std::optional<ConcurrencySlot> ConcurrencyLimiter::take(model::AccountId const& account,
                                                        model::FunctionName who,
                                                        std::uint32_t most) {
    auto const counter = counters_.try_emplace({account, std::move(who)}, 0).first;
    if (counter->second >= most) {
        if (counter->second == 0) counters_.erase(counter);
        return std::nullopt;
    }
    ++counter->second;
    return ConcurrencySlot(*this, counter);
}

Result<ConcurrencySlot> ConcurrencyLimiter::acquire(model::AccountId const& account,
                                                    model::FunctionName const& function,
                                                    model::Version const& version,
                                                    ConcurrencyShare const& share) {
    if (share.provisioned > 0) {
        auto slot = take(account, model::FunctionName(function.value() + ":" + version.value()),
                         share.provisioned);
        if (slot) {
            slot->provisioned_ = true;
            return std::move(*slot);
        }
    }
    if (share.reserved) {
        auto const rest =
            *share.reserved - std::min(*share.reserved, share.provisioned_in_function);
        if (auto slot = take(account, function, rest)) return std::move(*slot);
        return std::unexpected(Error{Errc::kTooManyRequests, "Rate Exceeded.",
                                     "ReservedFunctionConcurrentInvocationLimitExceeded"});
    }
    auto const unreserved = account_limit_ - std::min(account_limit_, share.reserved_in_account);
    if (auto slot = take(account, {}, unreserved)) return std::move(*slot);
    return std::unexpected(
        Error{Errc::kTooManyRequests, "Rate Exceeded.", "ConcurrentInvocationLimitExceeded"});
}

std::uint32_t ConcurrencyLimiter::in_use(model::AccountId const& account,
                                         model::FunctionName const& function) const {
    auto const counter = counters_.find({account, function});
    return counter == counters_.end() ? 0 : counter->second;
}

}  // namespace meridian::invoke
