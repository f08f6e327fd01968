#pragma once
// Verifies a region's own vault at a level and keeps the proof. One verification at a time, others
// wait for it; the vault goes on following the region meanwhile.
//
// Threads: its region's executor.

#include <functional>
#include <memory>

#include "io/blocking_pool.h"
#include "regions/growth_signal.h"
#include "vault/scratch_region.h"
#include "vault/vault_keeper.h"

namespace meridian::vault {

struct VerifyRequest {
    VerifyLevel level = VerifyLevel::kHash;
    std::string baseline = {};  // empty: the newest state
    VerifyPart part = {};       // of kHash
    std::string by = {};        // who asked
};

class Verifier {
  public:
    struct Parts {
        VaultKeeper& keeper;
        store::Store& store;
        // Another reader of the same vault, with its keys.
        std::function<Result<std::unique_ptr<Vault>>()> open_reader;
        std::function<io::Task<std::unique_ptr<ScratchRegion>>()> make_scratch;
        Clock const& clock;
        Log& log;
    };
    explicit Verifier(Parts parts) : parts_(std::move(parts)) {}

    // What is wrong with the vault is in the proof, not an error. Errors: kResourceNotFound (the
    // baseline), kDeadlineExceeded (the vault does not follow), those of the scratch region.
    io::Task<Proof> verify(VerifyRequest request);

  private:
    io::Task<Proof> verify_alone(VerifyRequest request);
    io::Task<> prove_restore(Proof* proof, bool invoke);
    io::Task<> restore_and_compare(ScratchRegion& scratch, Proof* proof,
                                   std::vector<KeptRecord> const& records);
    io::Task<> run_functions(ScratchRegion& scratch, Proof* proof,
                             std::vector<KeptRecord> const& records);
    template <typename Job>
    asio::awaitable<std::invoke_result_t<Job, Vault&>> with_reader(Vault& reader, Job job);

    Parts const parts_;
    bool running_ = false;
    regions::GrowthSignal ended_;
    io::BlockingPool thread_{{.threads = 1}};
};

}  // namespace meridian::vault
