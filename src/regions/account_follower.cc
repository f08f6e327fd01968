#include "regions/account_follower.h"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace meridian::regions {
namespace {

constexpr std::size_t kEntriesPerPull = 256;  // ours

using SteadyClock = std::chrono::steady_clock;

}  // namespace

void AccountFollower::advance_to(store::Sequence sequence) {
    if (sequence <= position_) return;
    position_ = sequence;
    advanced_.raise();
}

io::Task<bool> AccountFollower::pull(std::chrono::milliseconds wait) {
    MERIDIAN_CO_TRY(auto at, co_await copy_.last_sequence(store::LogName::kAccount));
    advance_to(at);
    MERIDIAN_CO_TRY(auto page, co_await source_.read_after(at, kEntriesPerPull, wait));
    auto const target = page.last_sequence;
    MERIDIAN_CO_TRY(auto entries, entries_to_apply(std::move(page), store::LogName::kAccount, at));
    if (entries.empty() && at < target) {
        co_return fail(
            Errc::kUnavailable,
            fmt::format("The source has entry {} and gives nothing after {}.", target, at));
    }
    for (auto& entry : entries) {
        at = entry.sequence;
        MERIDIAN_CO_CHECK(co_await copy_.apply(std::move(entry)));
        advance_to(at);
    }
    co_return at >= target;
}

io::Task<> AccountFollower::catch_up() {
    for (;;) {
        MERIDIAN_CO_TRY(bool const done, co_await pull(std::chrono::milliseconds(0)));
        if (done) co_return Result<void>{};
    }
}

io::Task<> AccountFollower::run(std::chrono::milliseconds wait, Log& log) {
    // A cancellation is noticed below, between two entries; nothing is thrown in the middle of one.
    co_await asio::this_coro::throw_if_cancelled(false);
    for (;;) {
        auto const hurry = hurry_.generation();
        auto const pulled = co_await pull(wait);
        if (co_await is_cancelled()) co_return fail(Errc::kCancelled, "stopped");
        if (pulled) {
            back_off_.succeeded();
            continue;
        }
        log.write(pulled.error().code == Errc::kConflict ? LogLevel::kError : LogLevel::kWarn,
                  "cannot follow the account log", {{"error", pulled.error().message}});
        MERIDIAN_CO_CHECK(co_await hurry_.wait(hurry, back_off_.failed()));
    }
}

io::Task<> AccountFollower::wait_until(store::Sequence sequence, SteadyClock::duration at_most) {
    auto const until = SteadyClock::now() + at_most;
    // Someone waits: an error that has passed meanwhile shall not cost more time.
    if (position_ < sequence) hurry_.raise();
    while (position_ < sequence) {
        auto const left = until - SteadyClock::now();
        if (left <= left.zero()) {
            co_return fail(Errc::kDeadlineExceeded,
                           fmt::format("This region has the account log up to {}, not yet {}.",
                                       position_, sequence));
        }
        MERIDIAN_CO_CHECK(co_await advanced_.wait(advanced_.generation(), left));
    }
    co_return Result<void>{};
}

io::Task<> wait_for_all(std::span<AccountFollower* const> followers, store::Sequence sequence,
                        SteadyClock::duration at_most) {
    auto const until = SteadyClock::now() + at_most;
    Result<void> all;
    // They pull at the same time; waiting for one after the other takes as long as the slowest.
    for (auto* const follower : followers) {
        auto const one = co_await follower->wait_until(sequence, until - SteadyClock::now());
        if (!one) all = one;
    }
    co_return all;
}

}  // namespace meridian::regions
