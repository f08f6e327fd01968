#pragma once
// A bare git repository on disk, as any git reads it. What is put goes to memory, is readable at
// once, and reaches the disk as one pack with one sync when flush() is called; a reference moves
// only to what is there. A crash at any moment leaves the old reference or the new one, and all
// that it reaches.
//
// One process writes at a time (meridian.lock). Whatever is read is checked against its name.
//
// Threads: one at a time; blocks.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/unique_fd.h"
#include "vault/git_objects.h"
#include "vault/pack_file.h"

struct git_odb;
struct git_repository;

namespace meridian::vault {

// meridian.vaultformat in the repository's configuration.
inline constexpr int kVaultFormat = 1;
// What waits in memory is written when it is more than this.
inline constexpr std::size_t kGroupBytesMax = 64UL * 1024 * 1024;
// Each change leaves a pack. When there are more than these, small ones are joined: an object is
// then copied as often as the repository's size has doubled.
inline constexpr std::size_t kPacksMax = 48;

class GitRepository {
  public:
    enum class Access : std::uint8_t { kRead, kWrite };

    // Makes an empty one where nothing is and `access` is kWrite. Errors: kUnavailable while
    // another process writes it, kCorrupt for what is no vault or one of a newer format, kIo.
    static Result<std::unique_ptr<GitRepository>> open(std::filesystem::path const& directory,
                                                       Access access);
    ~GitRepository();
    GitRepository(GitRepository const&) = delete;
    GitRepository& operator=(GitRepository const&) = delete;

    [[nodiscard]] std::filesystem::path const& directory() const noexcept { return directory_; }

    // kIo where a full group had to be written.
    Result<ObjectId> put(ObjectType type, std::string_view bytes,
                         Packing packing = Packing::kDeflate);
    // kCorrupt, naming the object: it is missing, of another type, or does not have the contents
    // that its name says.
    Result<std::string> read(ObjectType type, ObjectId const& id);
    [[nodiscard]] bool contains(ObjectId const& id);
    // Everything that was put is durable afterwards.
    Result<void> flush();

    // Joins small packs into one where there are more than kPacksMax, by flush() itself, too; those
    // with deltas, which git's own repack made, stay. A crash leaves the old packs or both.
    Result<void> join_packs();

    // "refs/heads/main". Nothing if there is none.
    Result<std::optional<ObjectId>> reference(std::string const& name);
    // Durable. `from`: what it must be now; nothing: it must not exist. kConflict otherwise. What
    // was put is flushed first.
    Result<void> move_reference(std::string const& name, std::optional<ObjectId> const& from,
                                ObjectId const& to);
    // Durable. Nothing happens if there is none.
    Result<void> remove_reference(std::string const& name);
    // By name.
    Result<std::vector<std::pair<std::string, ObjectId>>> references(std::string const& prefix);

  private:
    struct FreeRepository {
        void operator()(git_repository* repository) const noexcept;
    };
    struct FreeDatabase {
        void operator()(git_odb* database) const noexcept;
    };
    // libgit2 counts who uses it.
    struct Library {
        Library();
        ~Library();
    };

    explicit GitRepository(std::filesystem::path directory);
    Result<void> open_files(Access access);
    Result<void> open_database();
    [[nodiscard]] std::filesystem::path loose_path(ObjectId const& id) const;
    Result<std::string> read_loose(ObjectType type, ObjectId const& id);
    Result<void> write_group(PackFile& group);

    std::filesystem::path const directory_;
    Library library_;
    io::UniqueFd lock_;
    std::unique_ptr<git_repository, FreeRepository> repository_;
    std::unique_ptr<git_odb, FreeDatabase> database_;
    PackFile group_;
    std::size_t packs_ = 0;  // about: only what this process wrote is counted again
};

}  // namespace meridian::vault
