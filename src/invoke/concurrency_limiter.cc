#include "invoke/concurrency_limiter.h"

namespace meridian::invoke {

ConcurrencySlot::~ConcurrencySlot() {
    if (limiter_ == nullptr) return;
    auto const entry = limiter_->in_use_.find(account_);
    if (--entry->second == 0) limiter_->in_use_.erase(entry);
}

Result<ConcurrencySlot> ConcurrencyLimiter::acquire(model::AccountId const& account) {
    auto const entry = in_use_.try_emplace(account, 0).first;
    if (entry->second >= account_limit_) {
        if (entry->second == 0) in_use_.erase(entry);
        return std::unexpected(
            Error{Errc::kTooManyRequests, "Rate Exceeded.", "ConcurrentInvocationLimitExceeded"});
    }
    ++entry->second;
    return ConcurrencySlot(*this, account);
}

std::uint32_t ConcurrencyLimiter::in_use(model::AccountId const& account) const {
    auto const entry = in_use_.find(account);
    return entry == in_use_.end() ? 0 : entry->second;
}

}  // namespace meridian::invoke
