#pragma once
// The CodeStore over a directory (docs/formats/code-store.md) and, for small packages, a table:
//   DIR/zips/<sha256 in hex>.zip     what was uploaded and is not small; synced under its name
//   DIR/unpacked/<sha256 in hex>/    its files; unpacked beside, then renamed: one that has its
//                                    name is whole
//   DIR/unpacked/.boot               the boot of this machine in which those were unpacked
// Unpacked files are not synced: a new boot starts without them, and they come again from the zips.
//
// Threads: as code_store.h. The pool must outlive the store, and the store the calls in flight:
// main drains the pool first.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "io/blocking_pool.h"
#include "store/code_folder.h"
#include "store/code_store.h"

namespace meridian::store {

// Directories that stay open, so that a cold start of a function that ran before touches no disk;
// ours.
inline constexpr std::size_t kOpenPackagesMax = 256;

class FolderCodeStore final : public CodeStore {
  public:
    // Makes what is missing and removes what a crash left half done. `small` outlives it. Blocks.
    // kIo.
    static Result<std::unique_ptr<FolderCodeStore>> open(std::filesystem::path const& directory,
                                                         PackageTable& small,
                                                         io::BlockingPool& pool, Clock const& clock,
                                                         Log& log);
    ~FolderCodeStore() override;
    FolderCodeStore(FolderCodeStore const&) = delete;
    FolderCodeStore& operator=(FolderCodeStore const&) = delete;

    io::Task<AcceptedCode> accept(std::string zip_bytes) override;
    io::Task<StoredCode> put(std::string zip_bytes) override;
    // put() of many, in their order, with one wait for the disk. What was stored before an error
    // stays.
    io::Task<std::vector<StoredCode>> put_all(std::vector<std::string> zips);
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
    // What there is to unpack, with its bytes if it is small.
    static io::Task<CodeFolder::Part> part_of(std::shared_ptr<State> state,
                                              model::CodeSha256 sha256);
    // The directory of that name, made of `packages` where it is not open, once for all who ask.
    io::Task<io::UniqueFd> open_once(std::string hex, std::vector<model::CodeSha256> packages);
    static io::Task<io::UniqueFd> make(std::shared_ptr<State> state, std::string hex,
                                       std::vector<model::CodeSha256> packages);
    static io::Task<> remove_unused_carried(std::shared_ptr<State> state,
                                            std::set<std::string> used);

    // Shared with the jobs in the pool.
    std::shared_ptr<State> state_;
};

}  // namespace meridian::store
