#pragma once
// How many invocations run at once, counted against the account's limit. Pure bookkeeping; no
// waiting. Source: Developer Guide, "Understanding Lambda function scaling".

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "model/names.h"

namespace meridian::invoke {

class ConcurrencyLimiter;

// One unit of concurrency, given back when destroyed. Must not outlive its limiter.
class ConcurrencySlot {
  public:
    ConcurrencySlot(ConcurrencySlot&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)), account_(std::move(other.account_)) {}
    ConcurrencySlot& operator=(ConcurrencySlot&&) = delete;
    ~ConcurrencySlot();

  private:
    friend class ConcurrencyLimiter;
    ConcurrencySlot(ConcurrencyLimiter& limiter, model::AccountId account)
        : limiter_(&limiter), account_(std::move(account)) {}

    ConcurrencyLimiter* limiter_;
    model::AccountId account_;
};

class ConcurrencyLimiter {
  public:
    explicit ConcurrencyLimiter(std::uint32_t account_limit) : account_limit_(account_limit) {}

    // kTooManyRequests with the reason ConcurrentInvocationLimitExceeded when the account has none
    // left.
    [[nodiscard]] Result<ConcurrencySlot> acquire(model::AccountId const& account);
    [[nodiscard]] std::uint32_t in_use(model::AccountId const& account) const;

  private:
    friend class ConcurrencySlot;
    std::uint32_t account_limit_;
    std::unordered_map<model::AccountId, std::uint32_t> in_use_;
};

}  // namespace meridian::invoke
