#include "store/code_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "store/zip_archive.h"

namespace meridian::store {
namespace {

namespace fs = std::filesystem;

constexpr char kBootFile[] = ".boot";
constexpr std::size_t kZipsAtOnceMax = 64;  // files that are open while they wait for the disk

std::unexpected<Error> io_error(std::string_view doing, fs::path const& path) {
    return fail(Errc::kIo,
                fmt::format("Cannot {} {}: {}", doing, path.string(), std::strerror(errno)));
}

// The kernel's name of the time since the machine started; empty if it does not say.
std::string boot_id() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(in, id);
    return id;
}

// Never throws: what cannot be looked at is as good as absent. A link is there, wherever it leads.
bool is_there(fs::path const& path) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(path, ignored));
}

std::string first_line(fs::path const& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

Result<void> make_directory(fs::path const& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return io_error("make", path);
    if (::chmod(path.c_str(), mode) != 0) return io_error("set the mode of", path);
    return {};
}

Result<void> sync_directory(fs::path const& path) {
    io::UniqueFd const directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid() || ::fsync(directory.get()) != 0) return io_error("sync", path);
    return {};
}

Result<void> remove_tree(fs::path const& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error)
        return fail(Errc::kIo, fmt::format("Cannot remove {}: {}", path.string(), error.message()));
    return {};
}

Result<std::vector<fs::path>> list(fs::path const& directory) {
    std::vector<fs::path> paths;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        paths.push_back(at->path());
    }
    if (error)
        return fail(Errc::kIo,
                    fmt::format("Cannot list {}: {}", directory.string(), error.message()));
    return paths;
}

Result<io::UniqueFd> write_new(fs::path const& path, std::string_view bytes) {
    // Nobody else reads customers' code.
    io::UniqueFd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid()) return io_error("create", path);
    while (!bytes.empty()) {
        auto const count = ::write(file.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error("write", path);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return file;
}

Result<void> sync_file(io::UniqueFd const& file, fs::path const& path) {
    if (!file.valid() || ::fsync(file.get()) != 0) return io_error("sync", path);
    return {};
}

std::unexpected<Error> no_package(fs::path const& path) {
    return fail(Errc::kResourceNotFound,
                fmt::format("There is no package {}.", path.filename().string()));
}

Result<std::string> read_whole(fs::path const& path) {
    io::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file.valid() && errno == ENOENT) return no_package(path);
    struct stat info{};
    if (!file.valid() || ::fstat(file.get(), &info) != 0) return io_error("read", path);
    std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        auto const count = ::read(file.get(), bytes.data() + have, bytes.size() - have);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error("read", path);
        if (count == 0) break;
        have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
}

// Whether neither of these was written lately. File times are the kernel's, so is this clock.
bool is_old(fs::path const& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return true;
    return std::time(nullptr) - info.st_mtime >
           std::chrono::seconds(kUnusedPackageLifetime).count();
}

void touch(fs::path const& path) {
    // Failing costs an early removal of what nobody uses, and a second upload or unpacking.
    static_cast<void>(::utimensat(AT_FDCWD, path.c_str(), nullptr, 0));
}

}  // namespace

CodeFolder::CodeFolder(fs::path const& directory)
    : zips_(directory / "zips"), unpacked_(directory / "unpacked") {}

Result<std::unique_ptr<CodeFolder>> CodeFolder::open(fs::path const& directory,
                                                     std::vector<fs::path>& remove_later) {
    std::unique_ptr<CodeFolder> folder(new CodeFolder(directory));
    MERIDIAN_CHECK(make_directory(directory, 0755));
    MERIDIAN_CHECK(make_directory(folder->zips_, 0700));
    MERIDIAN_CHECK(make_directory(folder->unpacked_, 0755));

    auto const boot = boot_id();
    if (boot.empty() || first_line(folder->unpacked_ / kBootFile) != boot) {
        fs::path aside;
        for (int n = 0; aside.empty() || is_there(aside); ++n) {
            aside = directory / fmt::format("removing-{}", n);
        }
        if (::rename(folder->unpacked_.c_str(), aside.c_str()) != 0)
            return io_error("move", folder->unpacked_);
        MERIDIAN_CHECK(make_directory(folder->unpacked_, 0755));
        std::ofstream(folder->unpacked_ / kBootFile) << boot << '\n';
    }
    MERIDIAN_TRY(auto const children, list(directory));
    for (auto const& path : children) {
        if (path.filename().string().starts_with("removing-")) remove_later.push_back(path);
    }
    for (auto const& parent : {folder->zips_, folder->unpacked_}) {
        MERIDIAN_TRY(auto const paths, list(parent));
        for (auto const& path : paths) {
            auto const name = path.filename().string();
            if (!name.starts_with(".") || name == kBootFile) continue;
            MERIDIAN_CHECK(remove_tree(path));
        }
    }
    MERIDIAN_CHECK(sync_directory(directory));
    return folder;
}

fs::path CodeFolder::zip_path(std::string const& hex) const { return zips_ / (hex + ".zip"); }
fs::path CodeFolder::unpacked_path(std::string const& hex) const { return unpacked_ / hex; }
std::string CodeFolder::temporary_name() { return fmt::format(".new-{}", next_temporary_++); }

Result<void> CodeFolder::put(std::vector<Zip> const& zips) {
    for (auto rest = std::span(zips); !rest.empty();) {
        auto const group = rest.first(std::min(rest.size(), kZipsAtOnceMax));
        rest = rest.subspan(group.size());
        std::vector<io::UniqueFd> files;
        for (auto const& zip : group) {
            MERIDIAN_TRY(auto file, write_zip(zip));
            files.push_back(std::move(file));
        }
        for (std::size_t n = 0; n < group.size(); ++n) {
            MERIDIAN_CHECK(sync_file(files[n], zip_path(group[n].hex)));
        }
    }
    return sync_directory(zips_);
}

Result<io::UniqueFd> CodeFolder::write_zip(Zip const& zip) {
    auto const path = zip_path(zip.hex);
    {
        std::lock_guard lock(presence_);
        touch(path);
    }
    // A copy that has rotted is replaced. One that is sound may have been written only now: it is
    // synced all the same, which costs nothing where it is done.
    if (get(zip.hex)) {
        io::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file.valid()) return io_error("open", path);
        return file;
    }
    auto const temporary = zips_ / temporary_name();
    auto file = write_new(temporary, zip.bytes);
    Result<void> named = file ? Result<void>() : std::unexpected(file.error());
    if (named && ::rename(temporary.c_str(), path.c_str()) != 0)
        named = io_error("rename", temporary);
    if (!named) {
        ::unlink(temporary.c_str());
        return std::unexpected(named.error());
    }
    // Named before it is synced: the sync writes the file and its name together, and the
    // directory's finds little left to do. What a power cut leaves here half-written is never taken
    // for sound. Writing begins now, so that the first sync of many finds all of them under way.
    static_cast<void>(::sync_file_range(file->get(), 0, 0, SYNC_FILE_RANGE_WRITE));
    return file;
}

Result<std::uint64_t> CodeFolder::zipped_bytes(std::string const& hex) {
    auto const path = zip_path(hex);
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) return static_cast<std::uint64_t>(info.st_size);
    if (errno != ENOENT) return io_error("look at", path);
    return no_package(path);
}

Result<std::string> CodeFolder::get(std::string const& hex) {
    auto const path = zip_path(hex);
    MERIDIAN_TRY(auto bytes, read_whole(path));
    if (crypto::sha256_hex(bytes) != hex) {
        return fail(Errc::kCorrupt, fmt::format("{} does not have the contents that its name says.",
                                                path.string()));
    }
    return bytes;
}

Result<io::UniqueFd> CodeFolder::unpack(Part const& package) {
    return open_or_make(package.hex, [&](int directory) {
        return unpack_into(package, directory, Target::kEmpty);
    });
}

Result<io::UniqueFd> CodeFolder::merge(std::string const& hex, std::vector<Part> const& packages) {
    return open_or_make(hex, [&](int directory) -> Result<void> {
        for (auto const& package : packages) {
            MERIDIAN_CHECK(unpack_into(package, directory, Target::kAnything));
        }
        return {};
    });
}

Result<void> CodeFolder::unpack_into(Part const& package, int directory, Target target) {
    std::string own;
    if (!package.zip_bytes) {
        MERIDIAN_TRY(own, get(package.hex));
    }
    auto const& bytes = package.zip_bytes ? *package.zip_bytes : own;
    auto unpacked = target == Target::kEmpty ? extract_zip(bytes, directory)
                                             : extract_zip_over(bytes, directory);
    if (!unpacked && unpacked.error().code == Errc::kInvalidParameterValue) {
        auto const where =
            package.zip_bytes ? "package " + package.hex : zip_path(package.hex).string();
        return fail(Errc::kInvalidZipFile, fmt::format("{}: {}", where, unpacked.error().message));
    }
    return unpacked;
}

Result<io::UniqueFd> CodeFolder::open_or_make(
    std::string const& hex, std::function<Result<void>(int directory)> const& fill) {
    auto const path = unpacked_path(hex);
    auto const open_it = [&]() -> Result<io::UniqueFd> {
        io::UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!directory.valid()) return io_error("open", path);
        return directory;
    };
    {
        std::lock_guard lock(presence_);
        if (is_there(path)) {
            touch(path);
            return open_it();
        }
    }
    auto const temporary = unpacked_ / temporary_name();
    auto const work = [&]() -> Result<io::UniqueFd> {
        MERIDIAN_CHECK(make_directory(temporary, 0700));
        {
            io::UniqueFd const target(
                ::open(temporary.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!target.valid()) return io_error("open", temporary);
            MERIDIAN_CHECK(fill(target.get()));
        }
        // Functions run as other users.
        if (::chmod(temporary.c_str(), 0755) != 0) return io_error("set the mode of", temporary);
        if (::rename(temporary.c_str(), path.c_str()) != 0 && errno != ENOTEMPTY &&
            errno != EEXIST) {
            return io_error("rename", temporary);
        }
        return open_it();
    };
    auto directory = work();
    std::error_code gone;
    fs::remove_all(temporary, gone);  // there on an error, and when someone else was faster
    return directory;
}

Result<void> CodeFolder::remove_unused(std::set<std::string> const& used) {
    std::set<std::string> candidates;
    for (auto const* parent : {&zips_, &unpacked_}) {
        MERIDIAN_TRY(auto const paths, list(*parent));
        for (auto const& path : paths) {
            auto const hex = path.stem().string();
            if (!hex.starts_with(".") && !used.contains(hex)) candidates.insert(hex);
        }
    }
    for (auto const& hex : candidates) {
        MERIDIAN_CHECK(remove_package(hex));
    }
    return {};
}

Result<void> CodeFolder::remove_package(std::string const& hex) {
    auto const zip = zip_path(hex);
    auto const unpacked = unpacked_path(hex);
    auto const aside = unpacked_ / temporary_name();
    {
        std::lock_guard lock(presence_);
        if (!is_old(zip) || !is_old(unpacked)) return {};
        if (::unlink(zip.c_str()) != 0 && errno != ENOENT) return io_error("remove", zip);
        // It loses its name at once: what has it is whole.
        if (::rename(unpacked.c_str(), aside.c_str()) != 0 && errno != ENOENT)
            return io_error("move", unpacked);
    }
    return remove_tree(aside);
}

}  // namespace meridian::store
