#pragma once
// Function packages by content: the zip as uploaded, named by its SHA-256, and its files unpacked
// read-only for sandboxes. Verified on the way in and on the way out.
//
// Threads: call on the owner's executor; hashing, files and zip run in the blocking pool.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/task.h"
#include "io/unique_fd.h"
#include "model/names.h"
#include "store/package_table.h"

namespace meridian::store {

struct StoredCode {
    model::CodeSha256 sha256;  // base64 of the zip's SHA-256, as CodeSha256 in the API
    std::uint64_t size_bytes = 0;
};

struct AcceptedCode {
    StoredCode stored;
    std::uint64_t unzipped_bytes = 0;
    // The commit that names the code carries it (Transaction::packages). Nothing: it is durable.
    std::optional<Package> carried = {};
};

class CodeStore {
  public:
    virtual ~CodeStore() = default;

    // Checks the archive (zip_archive.h). What is small is not stored: the next commit has to carry
    // it. Everything else, and errors, as put().
    virtual io::Task<AcceptedCode> accept(std::string zip_bytes) = 0;

    // Checks the archive (zip_archive.h) and stores it; durable when complete. Storing the same
    // bytes twice is one copy. Errors: kInvalidParameterValue with AWS's text (not a zip; entries
    // that leave the package; unzipped size), kIo.
    virtual io::Task<StoredCode> put(std::string zip_bytes) = 0;

    // The zip's bytes; kCorrupt if they no longer match their name, kResourceNotFound if absent.
    virtual io::Task<std::string> get(model::CodeSha256 sha256) = 0;

    // Does ahead what open_unpacked() would make its caller wait for. What is small is unpacked
    // on first use; here it is only found to be there. Errors as open_unpacked().
    virtual io::Task<> make_ready(model::CodeSha256 sha256) = 0;
    // Whether make_ready() has nothing to do for a package of this size that is here.
    [[nodiscard]] virtual bool is_ready_at_once(std::uint64_t zipped_bytes) const = 0;

    // A directory with the package's files, unpacked on first use and kept. O_PATH | O_DIRECTORY.
    // The zip's hash is verified when it is unpacked.
    virtual io::Task<io::UniqueFd> open_unpacked(model::CodeSha256 sha256) = 0;

    // A directory with the files of these packages over each other: where two have a file of one
    // name, the later one's. Made on first use and kept under merged_name(); otherwise as above.
    virtual io::Task<io::UniqueFd> open_merged(std::vector<model::CodeSha256> packages) = 0;

    // How many bytes the package's files are. Errors as get().
    virtual io::Task<std::uint64_t> unzipped_bytes(model::CodeSha256 sha256) = 0;

    // Forgets packages that `is_used` does not name, older than an hour. For the reaper.
    virtual io::Task<> remove_unused(std::vector<model::CodeSha256> used) = 0;
};

// What remove_unused() calls the directory of open_merged(): a single package is itself.
[[nodiscard]] model::CodeSha256 merged_name(std::vector<model::CodeSha256> const& packages);

}  // namespace meridian::store
