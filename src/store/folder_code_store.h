#pragma once
// The CodeStore over a directory (docs/formats/code-store.md):
//   DIR/zips/<sha256 in hex>.zip     what was uploaded; written beside, synced, then renamed
//   DIR/unpacked/<sha256 in hex>/    its files; unpacked beside, then renamed: one that has its
//   name is whole DIR/unpacked/.boot               the boot of this machine in which those were
//   unpacked
// Unpacked files are not synced: a new boot starts without them, and they come again from the zips.
//
// Threads: as code_store.h. The pool must outlive the store, and the store the calls in flight:
// main drains the pool first.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "io/blocking_pool.h"
#include "store/code_store.h"

namespace meridian::store {

// Directories that stay open, so that a cold start of a function that ran before touches no disk;
// ours.
inline constexpr std::size_t kOpenPackagesMax = 256;

class FolderCodeStore final : public CodeStore {
  public:
    // Makes what is missing and removes what a crash left half done. Blocks. kIo.
    static Result<std::unique_ptr<FolderCodeStore>> open(std::filesystem::path const& directory,
                                                         io::BlockingPool& pool, Clock const& clock,
                                                         Log& log);
    ~FolderCodeStore() override;
    FolderCodeStore(FolderCodeStore const&) = delete;
    FolderCodeStore& operator=(FolderCodeStore const&) = delete;

    io::Task<StoredCode> put(std::string zip_bytes) override;
    io::Task<std::string> get(model::CodeSha256 sha256) override;
    io::Task<> make_ready(model::CodeSha256 sha256) override;
    [[nodiscard]] bool is_ready_at_once(std::uint64_t zipped_bytes) const override;
    io::Task<io::UniqueFd> open_unpacked(model::CodeSha256 sha256) override;
    io::Task<io::UniqueFd> open_merged(std::vector<model::CodeSha256> packages) override;
    io::Task<std::uint64_t> unzipped_bytes(model::CodeSha256 sha256) override;
    io::Task<> remove_unused(std::vector<model::CodeSha256> used) override;

  private:
    struct State;
    explicit FolderCodeStore(std::shared_ptr<State> state);
    // The directory of that name; `make` runs in the pool where it is not open, once for all who
    // ask.
    io::Task<io::UniqueFd> open_once(std::string hex, std::function<Result<io::UniqueFd>()> make);

    // Shared with the jobs in the pool.
    std::shared_ptr<State> state_;
};

}  // namespace meridian::store
