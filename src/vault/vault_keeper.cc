#include "vault/vault_keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "io/alarm.h"
#include "io/sleep.h"

namespace meridian::vault {
namespace {

// Entries that are written together, ours: at least so many may be, and as many more as the vault
// is behind, up to what should be in memory.
constexpr std::size_t kEntriesPerPage = 256;
constexpr std::size_t kEntriesPerPageMax = 4'096;
constexpr std::size_t kBacklogShare = 32;

std::size_t page_for(std::uint64_t backlog) {
    return std::clamp<std::uint64_t>(backlog / kBacklogShare, kEntriesPerPage, kEntriesPerPageMax);
}

// Packages in memory on their way into the vault, but for the last; ours.
constexpr std::size_t kPackageBytesAtOnce = 8UL * 1024 * 1024;

std::string_view name_of(store::LogName log) {
    return log == store::LogName::kRegion ? "region" : "account";
}

}  // namespace

VaultKeeper::VaultKeeper(std::unique_ptr<Vault> vault, Parts parts)
    : vault_(std::move(vault)), parts_(std::move(parts)), position_(vault_->position()) {}

io::Task<> VaultKeeper::follow(store::LogName log, std::chrono::milliseconds wait) {
    // A cancellation is noticed below, between two pages.
    co_await asio::this_coro::throw_if_cancelled(false);
    regions::BackOff back_off({});
    for (;;) {
        auto const pulled = co_await pull(log, wait);
        if (co_await regions::is_cancelled()) co_return fail(Errc::kCancelled, "stopped");
        note_trouble(log, pulled ? nullptr : &pulled.error());
        if (pulled) {
            back_off.succeeded();
            continue;
        }
        parts_.log.write(LogLevel::kError, "the vault cannot follow the region",
                         {{"log", std::string(name_of(log))}, {"error", pulled.error().message}});
        MERIDIAN_CO_CHECK(co_await io::sleep_for(back_off.failed()));
    }
}

io::Task<std::size_t> VaultKeeper::gather(store::LogName log, std::chrono::milliseconds wait) {
    auto const hurry = hurried_.generation();
    auto const at = position_.of(log);
    MERIDIAN_CO_TRY(auto const first, co_await source(log).read_after(at, 1, wait));
    auto& seen = log == store::LogName::kRegion ? seen_.region : seen_.account;
    auto const last = first.last_sequence;
    bool const grows = last != std::exchange(seen, last);
    if (last <= at) co_return kEntriesPerPage;
    auto const page = page_for(last - at);
    if (!grows || waiting_ > 0) co_return page;
    MERIDIAN_CO_CHECK(co_await hurried_.wait_for(hurry, kGatherTime));
    co_return page;
}

void VaultKeeper::note_trouble(store::LogName log, Error const* error) {
    auto const found = std::ranges::find(troubles_, log, &Trouble::log);
    if (error == nullptr) {
        if (found != troubles_.end()) troubles_.erase(found);
    } else if (found != troubles_.end()) {
        found->error = error->message;
    } else {
        troubles_.push_back({log, parts_.clock.wall_now(), error->message});
    }
}

io::Task<> VaultKeeper::pull(store::LogName log, std::chrono::milliseconds wait) {
    MERIDIAN_CO_TRY(auto const entries_max, co_await gather(log, wait));
    auto const at = position_.of(log);
    MERIDIAN_CO_TRY(auto page, co_await source(log).read_after(at, entries_max, {}));
    if (page.last_sequence < at) {
        co_return fail(Errc::kConflict,
                       fmt::format("the vault has the {} log up to {}, the region only up to {}: "
                                   "the region's data was lost or replaced. Restore it from the "
                                   "vault, or move the vault away to begin a new one",
                                   name_of(log), at, page.last_sequence));
    }
    if (page.entries.empty()) co_return Result<void>{};
    for (auto& entry : page.entries) {
        for (auto& change : entry.changes) {
            MERIDIAN_CO_CHECK(parts_.reveal(change));
        }
    }
    MERIDIAN_CO_CHECK(co_await fetch_packages(page.entries));
    MERIDIAN_CO_TRY(
        position_,
        co_await with_vault([entries = std::move(page.entries)](Vault& vault) -> Result<Position> {
            MERIDIAN_CHECK(vault.append(entries));
            return vault.position();
        }));
    advanced_.raise();
    co_return Result<void>{};
}

io::Task<> VaultKeeper::fetch_packages(std::vector<store::LogEntry> const& entries) {
    std::set<std::string> named;
    for (auto const& entry : entries) {
        for (auto const& change : entry.changes) {
            if (!change.value) continue;
            for (auto& digest : packages_in(*change.value)) named.insert(std::move(digest));
        }
    }
    if (named.empty()) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const missing,
                    co_await with_vault([named](Vault& vault) -> Result<std::set<std::string>> {
                        std::set<std::string> out;
                        for (auto const& digest : named) {
                            if (!vault.has_package(digest)) out.insert(digest);
                        }
                        return out;
                    }));
    std::vector<std::string> packages;
    std::size_t bytes = 0;
    auto const put = [&] {
        bytes = 0;
        return with_vault([all = std::exchange(packages, {})](Vault& vault) -> Result<void> {
            for (auto const& package : all) {
                MERIDIAN_CHECK(vault.put_package(package));
            }
            return {};
        });
    };
    for (auto const& digest : missing) {
        auto package =
            co_await parts_.code.get(model::CodeSha256(to_base64(from_hex(digest).value())));
        if (!package && package.error().code == Errc::kResourceNotFound) {
            // The function was deleted, and its code with it, before the vault came so far.
            parts_.log.write(LogLevel::kWarn, "a package is gone before the vault has it",
                             {{"sha256", digest}});
            continue;
        }
        if (!package) co_return std::unexpected(package.error());
        bytes += package->size();
        packages.push_back(std::move(*package));
        if (bytes < kPackageBytesAtOnce) continue;
        MERIDIAN_CO_CHECK(co_await put());
    }
    if (packages.empty()) co_return Result<void>{};
    co_return co_await put();
}

io::Task<> VaultKeeper::wait_until(Position position, std::chrono::steady_clock::duration at_most) {
    struct Waiting {
        int& count;
        explicit Waiting(int& counted) : count(counted) { ++count; }
        ~Waiting() { --count; }
        Waiting(Waiting const&) = delete;
        Waiting& operator=(Waiting const&) = delete;
    } const waiting(waiting_);
    hurried_.raise();
    bool over = false;
    io::Alarm alarm(co_await asio::this_coro::executor);
    alarm.set(at_most, [this, &over] {
        over = true;
        advanced_.raise();
    });
    while (position_.region < position.region || position_.account < position.account) {
        if (over) {
            co_return fail(Errc::kDeadlineExceeded,
                           "The vault does not follow the region fast enough; the log says why.");
        }
        MERIDIAN_CO_CHECK(co_await advanced_.wait(advanced_.generation()));
    }
    co_return Result<void>{};
}

}  // namespace meridian::vault
