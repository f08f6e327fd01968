#pragma once
// Keeps a region's vault up to date: follows both of its change logs, fetches the packages that
// entries name, and appends. The vault's own position is the cursor; an error is tried again after
// a growing wait, and nothing is left out.
//
// What happens within kGatherTime is written together, by a thread that goes behind others: a
// region's own work does not wait for its vault. While more is written than a page in that time,
// the vault falls behind by so many pages that it has to take larger ones; when it stops, the vault
// catches up at once.
//
// Threads: belongs to its region's executor; the vault itself is only used on a thread of its own.

#include <chrono>
#include <functional>
#include <memory>
#include <type_traits>

#include "io/blocking_pool.h"
#include "regions/change_source.h"
#include "regions/follow_rules.h"
#include "regions/growth_signal.h"
#include "store/code_store.h"
#include "vault/vault.h"
#include "vault/vault_reader.h"

namespace meridian::vault {

// How far the vault is behind where nobody waits for it, but for the writing itself; ours.
inline constexpr auto kGatherTime = std::chrono::milliseconds(300);

class VaultKeeper {
  public:
    struct Parts {
        regions::ChangeSource& region_log;
        regions::ChangeSource& account_log;
        store::CodeStore& code;
        // What a change must look like in the vault, where it differs from the log: a secret that
        // is sealed with a key of this node's own is opened here and sealed with the vault's.
        std::function<Result<void>(store::Change&)> reveal;
        // Another reader of the same vault, with its keys.
        VaultReader::Open open_reader;
        Clock const& clock;
        Log& log;
    };
    VaultKeeper(std::unique_ptr<Vault> vault, Parts parts);

    // Follows for ever, with long polls of `wait`. Run both in a TaskScope; ends with kCancelled.
    io::Task<> follow(store::LogName log, std::chrono::milliseconds wait);

    // Completes when the vault has these entries; follow() must be running. kDeadlineExceeded.
    io::Task<> wait_until(Position position, std::chrono::steady_clock::duration at_most);

    // Where the vault stands.
    [[nodiscard]] Position position() const noexcept { return position_; }

    // Why the vault does not follow a log just now, and since when.
    struct Trouble {
        store::LogName log = store::LogName::kRegion;
        WallTime since;
        std::string error = {};
    };
    [[nodiscard]] std::vector<Trouble> const& troubles() const noexcept { return troubles_; }

    // What wait_until() promises is in it.
    [[nodiscard]] VaultReader::Open const& open_reader() const { return parts_.open_reader; }

    // Runs `job(vault)`, which returns Result<T>, when the vault is free. `job` blocks nobody else.
    template <typename Job>
    asio::awaitable<std::invoke_result_t<Job, Vault&>> with_vault(Job job) {
        co_return co_await io::blocking(
            thread_, [this, job = std::move(job)]() mutable { return job(*vault_); });
    }

  private:
    [[nodiscard]] regions::ChangeSource& source(store::LogName log) const {
        return log == store::LogName::kRegion ? parts_.region_log : parts_.account_log;
    }
    // Completes when it is time to read on: whoever may add to what is there has had a while. How
    // many entries to read.
    io::Task<std::size_t> gather(store::LogName log, std::chrono::milliseconds wait);
    // One page, if there is one.
    io::Task<> pull(store::LogName log, std::chrono::milliseconds wait);
    void note_trouble(store::LogName log, Error const* error);
    io::Task<> fetch_packages(std::vector<store::LogEntry> const& entries);

    std::unique_ptr<Vault> vault_;
    Parts const parts_;
    Position position_;
    regions::GrowthSignal advanced_;
    regions::GrowthSignal hurried_;
    Position seen_;    // where the logs stood when they were last looked at
    int waiting_ = 0;  // in wait_until()
    std::vector<Trouble> troubles_;
    io::BlockingPool thread_{{.threads = 1, .niceness = 5}};
};

}  // namespace meridian::vault
