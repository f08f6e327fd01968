#include "regions/account_follower.h"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "io/alarm.h"

namespace meridian::regions {
namespace {

constexpr std::size_t kEntriesPerPull = 256;  // ours

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
        MERIDIAN_CO_CHECK(co_await hurry_.wait_for(hurry, back_off_.failed()));
    }
}

io::Task<> AccountFollower::wait_until(store::Sequence sequence,
                                       std::chrono::steady_clock::duration at_most) {
    AccountFollower* const only[] = {this};
    co_return co_await wait_for_all(only, sequence, at_most);
}

io::Task<> wait_for_all(std::span<AccountFollower* const> followers, store::Sequence sequence,
                        std::chrono::steady_clock::duration at_most) {
    bool over = false;
    io::Alarm alarm(co_await asio::this_coro::executor);
    alarm.set(at_most, [&over, followers] {
        over = true;
        for (auto* const follower : followers) follower->advanced_.raise();
    });
    // Someone waits: an error that has passed meanwhile shall not cost more time.
    for (auto* const follower : followers) {
        if (follower->position_ < sequence) follower->hurry_.raise();
    }
    // They pull at the same time; waiting for one after the other takes as long as the slowest.
    for (auto* const follower : followers) {
        while (follower->position_ < sequence) {
            if (over) {
                co_return fail(Errc::kDeadlineExceeded,
                               fmt::format("A region has the account log up to {}, not yet {}.",
                                           follower->position_, sequence));
            }
            MERIDIAN_CO_CHECK(co_await follower->advanced_.wait(follower->advanced_.generation()));
        }
    }
    co_return Result<void>{};
}

}  // namespace meridian::regions
