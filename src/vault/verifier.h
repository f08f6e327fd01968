#pragma once
// Verifies a region's own vault at a level and keeps the proof. One verification at a time, others
// wait for it; the vault goes on following the region meanwhile.
//
// Threads: its region's executor.

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "regions/growth_signal.h"
#include "vault/scratch_region.h"
#include "vault/vault_keeper.h"
#include "vault/vault_reader.h"

namespace meridian::vault {

struct VerifyRequest {
    VerifyLevel level = VerifyLevel::kHash;
    std::string baseline = {};  // empty: the newest state
    VerifyPart part = {};       // of kHash
    std::string by = {};        // who asked
    // A git remote that holds a copy, which is then verified instead, at kHash: it has what this
    // vault had when it was last sent, every object is there and is what its name says.
    std::string copy = {};
    std::shared_ptr<Progress> progress = {};  // may be null
};

class Verifier {
  public:
    struct Parts {
        VaultKeeper& keeper;
        store::Store& store;
        std::function<io::Task<std::unique_ptr<ScratchRegion>>()> make_scratch;
        // Everything that a copy has, as a repository here, which goes with the last owner.
        std::function<io::Task<std::shared_ptr<std::filesystem::path const>>(std::string copy)>
            fetch_copy;
        // One that was fetched, to be read with the region's keys.
        std::function<Result<std::unique_ptr<Vault>>(std::filesystem::path const&)> open_copy;
        Clock const& clock;
        Log& log;
    };
    explicit Verifier(Parts parts) : parts_(std::move(parts)) {}

    // What is wrong with the vault is in the proof, not an error. Errors: kResourceNotFound (the
    // baseline), kDeadlineExceeded (the vault does not follow), kCancelled (nothing is kept of it),
    // those of the scratch region.
    io::Task<Proof> verify(VerifyRequest request);

  private:
    io::Task<Proof> verify_alone(VerifyRequest request);
    io::Task<> verify_own(VerifyRequest request, Position acknowledged, Proof* proof);
    io::Task<> verify_copy(VerifyRequest request, Proof* proof);
    io::Task<Proof> keep(Proof proof);
    io::Task<> prove_restore(Proof* proof, bool invoke, std::shared_ptr<Progress> progress);
    io::Task<> restore_and_compare(ScratchRegion& scratch, Proof* proof,
                                   std::vector<KeptRecord> const& records,
                                   std::shared_ptr<Progress> progress);
    io::Task<> unpack_all(ScratchRegion& scratch, Proof* proof, std::set<std::string> packages,
                          Progress& progress);
    io::Task<> run_functions(ScratchRegion& scratch, Proof* proof,
                             std::vector<KeptRecord> const& records, Progress& progress);
    Parts const parts_;
    bool running_ = false;
    regions::GrowthSignal ended_;
};

}  // namespace meridian::vault
