#include "vault/git_repository.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <fmt/format.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/sha1.h"
#include "vault/loose_object.h"

namespace meridian::vault {
namespace {

namespace fs = std::filesystem;

constexpr char kFormatKey[] = "meridian.vaultformat";
constexpr char kLockFile[] = "meridian.lock";
constexpr char kMain[] = "main";
constexpr char kTemporary[] = "tmp_";  // before the pack's name
constexpr char kTemporaryPack[] = "tmp_pack-";

std::unexpected<Error> system_error(std::string_view doing, fs::path const& path) {
    return fail(Errc::kIo,
                fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(errno)));
}

std::unexpected<Error> git_error(std::string_view doing, Errc code = Errc::kIo) {
    auto const* const error = git_error_last();
    return fail(code, fmt::format("cannot {}: {}", doing,
                                  error == nullptr ? "libgit2 does not say why" : error->message));
}

// libgit2's, of a writer that was killed while it moved a reference: nobody else writes here, and
// with one of them standing no reference would ever move again.
void remove_stale_locks(fs::path const& directory) {
    std::error_code error;
    std::vector<fs::path> locks;
    for (auto const* name : {"HEAD.lock", "config.lock", "packed-refs.lock"})
        locks.push_back(directory / name);
    for (fs::recursive_directory_iterator at(directory / "refs", error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().extension() == ".lock") locks.push_back(at->path());
    }
    for (auto const& lock : locks) fs::remove(lock, error);
}

git_oid oid_of(ObjectId const& id) {
    git_oid oid;
    std::ranges::copy(id.bytes, oid.id);
    return oid;
}

ObjectId id_of(git_oid const& oid) {
    ObjectId id;
    std::copy_n(oid.id, id.bytes.size(), id.bytes.begin());
    return id;
}

Result<void> sync_folder(fs::path const& path) {
    io::UniqueFd const folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid() || ::fsync(folder.get()) != 0) return system_error("sync", path);
    return {};
}

// Whole and durable under a name that git ignores.
Result<void> write_beside(fs::path const& path, std::string_view bytes) {
    io::UniqueFd const file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0400));
    if (!file.valid()) return system_error("create", path);
    while (!bytes.empty()) {
        auto const count = ::write(file.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error("write", path);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fdatasync(file.get()) != 0) return system_error("sync", path);
    return {};
}

fs::path pack_folder(fs::path const& directory) { return directory / "objects" / "pack"; }
fs::path index_of(fs::path pack) { return pack.replace_extension(".idx"); }

struct PackOnDisk {
    std::uintmax_t bytes = 0;
    fs::path path;

    auto operator<=>(PackOnDisk const&) const = default;
};

// Never throws: what cannot be looked at is as good as absent.
bool is_there(fs::path const& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

// Those with an index, the smallest first.
std::vector<PackOnDisk> packs_in(fs::path const& folder) {
    std::vector<PackOnDisk> packs;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        auto const& path = at->path();
        // Who keeps a pack, in git's sense, has a reason.
        bool const kept = is_there(fs::path(path).replace_extension(".keep"));
        if (path.extension() == ".pack" && !kept && is_there(index_of(path)))
            packs.push_back({fs::file_size(path, error), path});
    }
    std::ranges::sort(packs);
    return packs;
}

// The smallest ones, until the next is larger than all of them together: sizes at least double
// from one pack to the next afterwards. `packs` are sorted.
std::vector<PackOnDisk> packs_to_join(std::vector<PackOnDisk> packs) {
    std::size_t count = 0;
    std::uintmax_t bytes = 0;
    while (count < packs.size()) {
        auto const& next = packs[count];
        bool const enough = count > kPacksMax / 2 && next.bytes > bytes;
        if (enough || bytes + next.bytes > kGroupBytesMax) break;
        bytes += next.bytes;
        ++count;
    }
    packs.resize(count);
    return packs;
}

Result<std::string> read_whole(fs::path const& path) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    if (!in.good() && !in.eof()) return system_error("read", path);
    return bytes;
}

// Not in place yet, so perhaps cut short; to git they are nothing.
bool is_temporary(fs::path const& path) {
    return path.filename().string().starts_with(kTemporaryPack);
}

// Of a writer that was killed.
void remove_leftovers(fs::path const& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (is_temporary(at->path())) found.push_back(at->path());
    }
    for (auto const& path : found) ::unlink(path.c_str());
}

// libgit2 believes an index, and follows a damaged one anywhere: its checksum is looked at first.
Result<void> check_index(fs::path const& path) {
    io::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info{};
    if (!file.valid() && errno == ENOENT) return {};  // its writer joined the pack with others
    if (!file.valid() || ::fstat(file.get(), &info) != 0) return system_error("read", path);
    crypto::Sha1Digest digest{};
    auto const size = static_cast<std::size_t>(info.st_size);
    if (size > digest.size()) {
        void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
        if (mapped == MAP_FAILED) return system_error("read", path);
        std::string_view const bytes(static_cast<char const*>(mapped), size);
        auto const checksum = bytes.substr(size - digest.size());
        digest = crypto::sha1(bytes.substr(0, size - digest.size()));
        bool const same = std::memcmp(digest.data(), checksum.data(), digest.size()) == 0;
        ::munmap(mapped, size);
        if (same) return {};
    }
    return fail(Errc::kCorrupt, fmt::format("{0} is damaged; `git index-pack` makes it anew from "
                                            "the pack beside it",
                                            path.string()));
}

Result<void> check_indexes(fs::path const& directory) {
    std::error_code error;
    for (fs::directory_iterator at(pack_folder(directory), error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().extension() == ".idx" && !is_temporary(at->path())) {
            MERIDIAN_CHECK(check_index(at->path()));
        }
    }
    if (!error) return {};
    return fail(Errc::kCorrupt,
                fmt::format("cannot look into {}: {}", directory.string(), error.message()));
}

struct FreeConfig {
    void operator()(git_config* config) const noexcept { git_config_free(config); }
};
using Config = std::unique_ptr<git_config, FreeConfig>;

Result<Config> open_config(git_repository* repository) {
    git_config* config = nullptr;
    if (git_repository_config(&config, repository) != 0)
        return git_error("read the vault's configuration", Errc::kCorrupt);
    return Config(config);
}

Result<void> check_format(git_repository* repository, fs::path const& directory) {
    MERIDIAN_TRY(auto const config, open_config(repository));
    std::int32_t format = 0;
    if (git_config_get_int32(&format, config.get(), kFormatKey) != 0) {
        return fail(Errc::kCorrupt,
                    fmt::format("{} is a git repository, but no vault", directory.string()));
    }
    if (format > kVaultFormat) {
        return fail(Errc::kCorrupt,
                    fmt::format("the vault {} has format {}, this program knows {}: use the newer "
                                "Meridian that wrote it",
                                directory.string(), format, kVaultFormat));
    }
    return {};
}

// Made beside and renamed: a crash leaves all of it or nothing.
Result<void> make_repository(fs::path const& directory) {
    auto const temporary = fs::path(directory.string() + ".new");
    std::error_code error;
    fs::remove_all(temporary, error);
    git_repository_init_options options{};
    git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR;
    options.mode = 0700;
    options.initial_head = kMain;
    git_repository* repository = nullptr;
    if (git_repository_init_ext(&repository, temporary.c_str(), &options) != 0)
        return git_error("make the vault");
    {
        std::unique_ptr<git_repository, decltype(&git_repository_free)> const owner(
            repository, git_repository_free);
        MERIDIAN_TRY(auto const config, open_config(repository));
        if (git_config_set_int32(config.get(), kFormatKey, kVaultFormat) != 0)
            return git_error("write the vault's configuration");
    }
    MERIDIAN_CHECK(sync_folder(temporary));
    if (::rename(temporary.c_str(), directory.c_str()) != 0)
        return system_error("rename", temporary);
    return sync_folder(directory.parent_path());
}

}  // namespace

void GitRepository::FreeRepository::operator()(git_repository* repository) const noexcept {
    git_repository_free(repository);
}
void GitRepository::FreeDatabase::operator()(git_odb* database) const noexcept {
    git_odb_free(database);
}

GitRepository::Library::Library() {
    git_libgit2_init();
    // References are synced; objects are hashed by read(), faster than libgit2 does it.
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    // No person's settings, and whoever may read the folder may.
    for (auto const level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                             GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL})
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}
GitRepository::Library::~Library() { git_libgit2_shutdown(); }

GitRepository::GitRepository(fs::path directory) : directory_(std::move(directory)) {}
GitRepository::~GitRepository() = default;

Result<std::unique_ptr<GitRepository>> GitRepository::open(fs::path const& directory,
                                                           Access access) {
    std::unique_ptr<GitRepository> repository(new GitRepository(directory));
    MERIDIAN_CHECK(repository->open_files(access));
    return repository;
}

Result<void> GitRepository::open_files(Access access) {
    if (access == Access::kWrite) {
        if (!is_there(directory_)) {
            MERIDIAN_CHECK(make_repository(directory_));
        }
        auto const path = directory_ / kLockFile;
        lock_ = io::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!lock_.valid()) return system_error("open", path);
        if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
            return fail(Errc::kUnavailable,
                        fmt::format("another process writes the vault {}", directory_.string()));
        }
        remove_stale_locks(directory_);
        remove_leftovers(pack_folder(directory_));
    }
    MERIDIAN_CHECK(open_database());
    // A clone has its own configuration: whoever reads it looks at vault.json.
    if (access == Access::kWrite) {
        MERIDIAN_CHECK(check_format(repository_.get(), directory_));
    }
    MERIDIAN_CHECK(check_indexes(directory_));
    if (access == Access::kRead) return {};
    return join_packs();
}

Result<void> GitRepository::open_database() {
    git_repository* repository = nullptr;
    if (git_repository_open_bare(&repository, directory_.c_str()) != 0)
        return git_error("open the vault", Errc::kCorrupt);
    database_.reset();
    repository_.reset(repository);
    // Packs alone: loose objects are not left to libgit2 (loose_object.h), nor are alternates
    // followed.
    git_odb* database = nullptr;
    git_odb_backend* packs = nullptr;
    if (git_odb_new(&database) != 0) return git_error("open the vault's objects");
    database_.reset(database);
    auto const objects = directory_ / "objects";
    if (git_odb_backend_pack(&packs, objects.c_str()) != 0 ||
        git_odb_add_backend(database, packs, 1) != 0 ||
        git_repository_set_odb(repository, database) != 0)
        return git_error("open the vault's objects", Errc::kCorrupt);
    return {};
}

Result<ObjectId> GitRepository::put(ObjectType type, std::string_view bytes, Packing packing) {
    auto const id = object_id(type, bytes);
    // This writer is the only one, so what its packs do not have is not looked for again on the
    // disk.
    auto const oid = oid_of(id);
    bool const there = group_.contains(id) ||
                       git_odb_exists_ext(database_.get(), &oid, GIT_ODB_LOOKUP_NO_REFRESH) == 1;
    if (there) return id;
    if (group_.bytes() + bytes.size() > kGroupBytesMax) {
        MERIDIAN_CHECK(flush());
    }
    group_.add(id, type, bytes, packing);
    return id;
}

bool GitRepository::contains(ObjectId const& id) {
    auto const oid = oid_of(id);
    return group_.contains(id) || git_odb_exists(database_.get(), &oid) == 1 ||
           is_there(loose_path(id));
}

fs::path GitRepository::loose_path(ObjectId const& id) const {
    auto const hex = id.hex();
    return directory_ / "objects" / hex.substr(0, 2) / hex.substr(2);
}

Result<std::string> GitRepository::read_loose(ObjectType type, ObjectId const& id) {
    auto const path = loose_path(id);
    if (!is_there(path)) {
        return fail(Errc::kCorrupt,
                    fmt::format("cannot read {} {}: it is missing", name_of(type), id.hex()));
    }
    MERIDIAN_TRY(auto const file, read_whole(path));
    auto object = parse_loose_object(file);
    if (!object)
        return fail(Errc::kCorrupt, fmt::format("cannot read {} {}: {}", name_of(type), id.hex(),
                                                object.error().message));
    if (object->type != type) {
        return fail(Errc::kCorrupt, fmt::format("{} is a {}, not a {}", id.hex(),
                                                name_of(object->type), name_of(type)));
    }
    if (object_id(type, object->bytes) == id) return std::move(object->bytes);
    return fail(Errc::kCorrupt, fmt::format("{} {} does not have the contents that its name says",
                                            name_of(type), id.hex()));
}

Result<std::string> GitRepository::read(ObjectType type, ObjectId const& id) {
    if (group_.contains(id)) return group_.read(id);
    auto const oid = oid_of(id);
    git_odb_object* object = nullptr;
    auto const found = git_odb_read(&object, database_.get(), &oid);
    if (found == GIT_ENOTFOUND) return read_loose(type, id);
    if (found != 0)
        return git_error(fmt::format("read {} {}", name_of(type), id.hex()), Errc::kCorrupt);
    std::unique_ptr<git_odb_object, decltype(&git_odb_object_free)> const owner(
        object, git_odb_object_free);
    auto const* const its_type = git_object_type2string(git_odb_object_type(object));
    if (its_type != name_of(type)) {
        return fail(Errc::kCorrupt,
                    fmt::format("{} is a {}, not a {}", id.hex(), its_type, name_of(type)));
    }
    std::string bytes(static_cast<char const*>(git_odb_object_data(object)),
                      git_odb_object_size(object));
    if (object_id(type, bytes) != id) {
        return fail(Errc::kCorrupt, fmt::format("{} {} does not have the contents that its name "
                                                "says",
                                                name_of(type), id.hex()));
    }
    return bytes;
}

Result<void> GitRepository::flush() {
    if (group_.is_empty()) return {};
    MERIDIAN_CHECK(write_group(group_));
    git_odb_refresh(database_.get());
    if (++packs_ > kPacksMax) return join_packs();
    return {};
}

Result<void> GitRepository::join_packs() {
    auto const folder = pack_folder(directory_);
    auto packs = packs_in(folder);
    packs_ = packs.size();
    if (packs_ <= kPacksMax) return {};
    PackFile joined;
    std::vector<fs::path> copied;
    for (auto const& [bytes, path] : packs_to_join(std::move(packs))) {
        // Views into these stand in `entries` until they are copied.
        MERIDIAN_TRY(auto const pack, read_whole(path));
        MERIDIAN_TRY(auto const index, read_whole(index_of(path)));
        auto const entries = read_pack_entries(pack, index);
        if (!entries && entries.error().code == Errc::kNotImplemented) continue;
        if (!entries) {
            return fail(entries.error().code,
                        fmt::format("{}: {}", path.string(), entries.error().message));
        }
        for (auto const& entry : *entries) joined.add(entry);
        copied.push_back(path);
    }
    if (copied.size() < 2) return {};
    MERIDIAN_CHECK(write_group(joined));
    for (auto const& path : copied) {
        // The index first: a pack without one is nothing to git.
        ::unlink(index_of(path).c_str());
        ::unlink(path.c_str());
    }
    packs_ -= copied.size() - 1;
    return open_database();
}

Result<void> GitRepository::write_group(PackFile& group) {
    auto const files = group.finish();
    auto const folder = pack_folder(directory_);
    // The index last: a pack without one is nothing to git.
    for (auto const& [suffix, bytes] : {std::pair(".pack", std::string_view(files.pack)),
                                        std::pair(".idx", std::string_view(files.index))}) {
        auto const path = folder / (files.name + suffix);
        auto const temporary = folder / (kTemporary + files.name + suffix);
        auto written = write_beside(temporary, bytes);
        if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
            written = system_error("rename", temporary);
        if (!written) {
            ::unlink(temporary.c_str());
            return written;
        }
    }
    return sync_folder(folder);
}

Result<std::optional<ObjectId>> GitRepository::reference(std::string const& name) {
    git_oid oid;
    int const found = git_reference_name_to_id(&oid, repository_.get(), name.c_str());
    if (found == GIT_ENOTFOUND) return std::nullopt;
    if (found != 0) return git_error("read " + name, Errc::kCorrupt);
    return id_of(oid);
}

Result<void> GitRepository::move_reference(std::string const& name,
                                           std::optional<ObjectId> const& from,
                                           ObjectId const& to) {
    MERIDIAN_CHECK(flush());
    auto const target = oid_of(to);
    git_reference* made = nullptr;
    int status = 0;
    if (from) {
        auto const expected = oid_of(*from);
        status = git_reference_create_matching(&made, repository_.get(), name.c_str(), &target, 1,
                                               &expected, nullptr);
    } else {
        status = git_reference_create(&made, repository_.get(), name.c_str(), &target, 0, nullptr);
    }
    git_reference_free(made);
    if (status == GIT_EMODIFIED || status == GIT_EEXISTS || (from && status == GIT_ENOTFOUND))
        return fail(Errc::kConflict, name + " was moved by someone else");
    if (status == GIT_EINVALIDSPEC)
        return fail(Errc::kInvalidParameterValue, name + " is no name that git takes");
    if (status != 0) return git_error("write " + name);
    return {};
}

Result<void> GitRepository::remove_reference(std::string const& name) {
    int const status = git_reference_remove(repository_.get(), name.c_str());
    if (status != 0 && status != GIT_ENOTFOUND) return git_error("remove " + name);
    // Folders that it emptied are gone, too.
    auto folder = (directory_ / name).parent_path();
    while (!is_there(folder)) folder = folder.parent_path();
    return sync_folder(folder);
}

Result<std::vector<std::pair<std::string, ObjectId>>> GitRepository::references(
    std::string const& prefix) {
    git_strarray names{};
    if (git_reference_list(&names, repository_.get()) != 0)
        return git_error("list the vault's references", Errc::kCorrupt);
    std::unique_ptr<git_strarray, decltype(&git_strarray_dispose)> const owner(
        &names, git_strarray_dispose);
    std::vector<std::pair<std::string, ObjectId>> found;
    for (std::size_t i = 0; i < names.count; ++i) {
        std::string name = names.strings[i];
        if (!name.starts_with(prefix)) continue;
        MERIDIAN_TRY(auto const id, reference(name));
        if (id) found.emplace_back(std::move(name), *id);
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace meridian::vault
