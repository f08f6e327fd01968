#pragma once
// How many invocations run at once, counted against the account's limit or the function's own
// share. Pure bookkeeping; no waiting. Source: Developer Guide, "Understanding Lambda function
// scaling" and "Configuring reserved concurrency".

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/result.h"
#include "invoke/ports.h"
#include "model/names.h"

namespace meridian::invoke {

class ConcurrencyLimiter;

// One unit of concurrency, given back when destroyed. Must not outlive its limiter.
class ConcurrencySlot {
  public:
    ConcurrencySlot(ConcurrencySlot&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)),
          counter_(other.counter_),
          provisioned_(other.provisioned_) {}
    ConcurrencySlot& operator=(ConcurrencySlot&&) = delete;
    ~ConcurrencySlot();

    // Whether it is of the version's provisioned concurrency.
    [[nodiscard]] bool provisioned() const noexcept { return provisioned_; }
    // How much of the concurrency that it is part of is in use.
    [[nodiscard]] std::uint32_t in_use() const noexcept { return counter_->second; }

  private:
    friend class ConcurrencyLimiter;
    // Who counts: the account's unreserved concurrency (no function), a function's own, or what one
    // of its versions has provisioned ("function:version").
    using Counters = std::map<std::pair<model::AccountId, model::FunctionName>, std::uint32_t>;

    ConcurrencySlot(ConcurrencyLimiter& limiter, Counters::iterator counter)
        : limiter_(&limiter), counter_(counter) {}

    ConcurrencyLimiter* limiter_;
    Counters::iterator counter_;
    bool provisioned_ = false;
};

class ConcurrencyLimiter {
  public:
    explicit ConcurrencyLimiter(std::uint32_t account_limit) : account_limit_(account_limit) {}

    // kTooManyRequests with the reason ConcurrentInvocationLimitExceeded when the account has none
    // left, ReservedFunctionConcurrentInvocationLimitExceeded when the function has used its own.
    [[nodiscard]] Result<ConcurrencySlot> acquire(model::AccountId const& account,
                                                  model::FunctionName const& function,
                                                  model::Version const& version,
                                                  ConcurrencyShare const& share);
    // Of the account's unreserved concurrency, or of the function's own that is not provisioned.
    [[nodiscard]] std::uint32_t in_use(model::AccountId const& account,
                                       model::FunctionName const& function = {}) const;

  private:
    friend class ConcurrencySlot;
    std::uint32_t account_limit_;
    ConcurrencySlot::Counters counters_;

    // Nothing if `most` are in use.
    [[nodiscard]] std::optional<ConcurrencySlot> take(model::AccountId const& account,
                                                      model::FunctionName who, std::uint32_t most);
};

}  // namespace meridian::invoke
