#pragma once
// A vault that is open for one piece of work: read on a thread of its own, while the region's
// keeper writes on.
//
// Threads: the caller's executor.

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "io/blocking_pool.h"
#include "vault/vault.h"

namespace meridian::vault {

class VaultReader {
  public:
    using Open = std::function<Result<std::unique_ptr<Vault>>()>;
    // The errors of Vault::open().
    static io::Task<std::shared_ptr<VaultReader>> open(Open open) {
        std::shared_ptr<VaultReader> reader(new VaultReader);
        MERIDIAN_CO_TRY(reader->vault_, co_await io::blocking(reader->thread_, std::move(open)));
        co_return reader;
    }

    // Runs `job(vault)`, which returns Result<T>.
    template <typename Job>
    asio::awaitable<std::invoke_result_t<Job, Vault&>> with_vault(Job job) {
        co_return co_await io::blocking(
            thread_, [this, job = std::move(job)]() mutable { return job(*vault_); });
    }

  private:
    VaultReader() = default;

    std::unique_ptr<Vault> vault_;
    io::BlockingPool thread_{{.threads = 1}};
};

}  // namespace meridian::vault
