#include "store/zip_archive.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "io/unique_fd.h"
#include "store/package_tree.h"

namespace meridian::store {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

struct Discard {
    void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
struct CloseFile {
    void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

struct Entry {
    zip_uint64_t index = 0;
    std::vector<std::string> path;
    PackageTree::Kind kind = PackageTree::Kind::kFile;
    std::uint64_t size_bytes = 0;  // as declared
    bool is_executable = false;
    std::string link_target;
};

std::unexpected<Error> bad_zip() { return fail(Errc::kInvalidParameterValue, kBadZipMessage); }

std::unexpected<Error> too_big(ZipLimits const& limits) {
    return fail(Errc::kInvalidParameterValue,
                fmt::format("Unzipped size must be smaller than {} bytes", limits.unzipped_bytes));
}

std::unexpected<Error> entry_error(std::string_view doing, std::string_view name) {
    return fail(Errc::kIo, fmt::format("Cannot {} {}: {}", doing, name, std::strerror(errno)));
}

Result<Archive> open_archive(std::string const& bytes) {
    if (bytes.empty()) return fail(Errc::kInvalidParameterValue, kEmptyZipMessage);
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    zip_t* archive = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
    bool const out_of_memory = zip_error_code_zip(&error) == ZIP_ER_MEMORY;
    zip_error_fini(&error);
    if (archive) return Archive(archive);
    if (source) zip_source_free(source);
    if (out_of_memory) return fail(Errc::kIo, "Cannot open a package: out of memory");
    return bad_zip();
}

// Reads one entry to its end, at most `limit` bytes, and hands it on piece by piece. libzip
// compares the checksum when the end is reached. Returns how many bytes there were; more than
// `limit` means that it stopped.
Result<std::uint64_t> read_entry(zip_t* archive, Entry const& entry, std::uint64_t limit,
                                 std::function<Result<void>(std::string_view)> const& take) {
    std::unique_ptr<zip_file_t, CloseFile> const file(zip_fopen_index(archive, entry.index, 0));
    if (!file) return bad_zip();
    std::vector<char> chunk(
        static_cast<std::size_t>(std::min<std::uint64_t>(entry.size_bytes + 1, kChunkBytes)));
    std::uint64_t total = 0;
    for (;;) {
        auto const count = zip_fread(file.get(), chunk.data(), chunk.size());
        if (count < 0) return bad_zip();
        if (count == 0) break;
        total += static_cast<std::uint64_t>(count);
        if (total > limit) return total;
        MERIDIAN_CHECK(take({chunk.data(), static_cast<std::size_t>(count)}));
    }
    if (total != entry.size_bytes) return bad_zip();
    return total;
}

// The kind and mode that a Unix archiver recorded; nothing for what a package may not hold.
bool read_attributes(zip_t* archive, std::string_view name, Entry& entry) {
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(archive, entry.index, 0, &system, &attributes) != 0)
        return false;
    bool const ends_with_slash = name.ends_with('/');
    mode_t const mode = system == ZIP_OPSYS_UNIX || system == ZIP_OPSYS_OS_X ? attributes >> 16 : 0;
    entry.is_executable = (mode & 0111) != 0;
    switch (mode & S_IFMT) {
        case S_IFLNK:
            entry.kind = PackageTree::Kind::kLink;
            return !ends_with_slash;
        case S_IFDIR:
            entry.kind = PackageTree::Kind::kDirectory;
            return true;
        case S_IFREG:
        case 0:  // the archiver kept only permissions, or comes from elsewhere
            entry.kind = ends_with_slash ? PackageTree::Kind::kDirectory : PackageTree::Kind::kFile;
            return true;
        default:
            return false;  // devices, pipes, sockets
    }
}

Result<Entry> read_header(zip_t* archive, zip_uint64_t index) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    char const* const name = zip_get_name(archive, index, ZIP_FL_ENC_RAW);
    if (!name || zip_stat_index(archive, index, 0, &stat) != 0) return bad_zip();
    if ((stat.valid & kNeeded) != kNeeded || stat.encryption_method != ZIP_EM_NONE)
        return bad_zip();
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) return bad_zip();
    Entry entry{.index = index, .size_bytes = stat.size};
    auto path = PackageTree::parse(name);
    if (!path || !read_attributes(archive, name, entry)) return bad_zip();
    entry.path = std::move(*path);
    if (entry.kind == PackageTree::Kind::kDirectory && entry.size_bytes != 0) return bad_zip();
    return entry;
}

Result<std::string> read_link_target(zip_t* archive, Entry const& entry) {
    if (entry.size_bytes == 0 || entry.size_bytes >= PATH_MAX) return bad_zip();
    std::string target;
    MERIDIAN_TRY(auto const size, read_entry(archive, entry, PATH_MAX, [&](std::string_view bytes) {
                     target.append(bytes);
                     return Result<void>{};
                 }));
    if (size >= PATH_MAX || target.find('\0') != std::string::npos) return bad_zip();
    return target;
}

// Everything that can be known without inflating a file.
Result<std::vector<Entry>> read_entries(zip_t* archive, ZipLimits const& limits) {
    auto const count = zip_get_num_entries(archive, 0);
    if (count == 0) return fail(Errc::kInvalidParameterValue, kEmptyZipMessage);
    if (count < 0 || static_cast<std::uint64_t>(count) > limits.entries) return bad_zip();
    std::vector<Entry> entries;
    entries.reserve(static_cast<std::size_t>(count));
    PackageTree tree(limits.entries);
    std::uint64_t declared_bytes = 0;
    for (zip_uint64_t index = 0; index < static_cast<zip_uint64_t>(count); ++index) {
        MERIDIAN_TRY(auto entry, read_header(archive, index));
        if (entry.size_bytes >= limits.unzipped_bytes - declared_bytes) return too_big(limits);
        declared_bytes += entry.size_bytes;
        if (entry.kind == PackageTree::Kind::kLink) {
            MERIDIAN_TRY(entry.link_target, read_link_target(archive, entry));
        }
        if (!tree.add(entry.path, entry.kind, entry.link_target)) return bad_zip();
        entries.push_back(std::move(entry));
    }
    if (!tree.links_stay_inside()) return bad_zip();
    return entries;
}

enum class Existing {
    kError,    // the directory was empty
    kReplace,  // what is there gives way
};

// Writes below one directory, never through a link. Keeps the directory that it wrote to last open.
class Writer {
  public:
    Writer(int root, Existing existing) : root_(root), existing_(existing) {}

    Result<void> make_directory(std::vector<std::string> const& path) { return enter(path); }

    Result<io::UniqueFd> create(std::vector<std::string> const& path) {
        MERIDIAN_CHECK(enter(std::span(path).first(path.size() - 1)));
        MERIDIAN_CHECK(make_room(path.back()));
        io::UniqueFd file(::openat(current(), path.back().c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file.valid()) return entry_error("create", path.back());
        return file;
    }

    Result<void> link(std::vector<std::string> const& path, std::string const& target) {
        MERIDIAN_CHECK(enter(std::span(path).first(path.size() - 1)));
        MERIDIAN_CHECK(make_room(path.back()));
        if (::symlinkat(target.c_str(), current(), path.back().c_str()) != 0) {
            return entry_error("create", path.back());
        }
        return {};
    }

  private:
    [[nodiscard]] int current() const { return directory_.valid() ? directory_.get() : root_; }

    // Takes away what has the name of a file or link to come.
    Result<void> make_room(std::string const& name) {
        if (existing_ == Existing::kError) return {};
        if (::unlinkat(current(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
        if (errno != EISDIR) return entry_error("replace", name);
        // remove_all() goes below by descriptor and never through a link.
        std::error_code error;
        std::filesystem::remove_all(fmt::format("/proc/self/fd/{}/{}", current(), name), error);
        if (!error) return {};
        errno = error.value();
        return entry_error("replace", name);
    }

    // Whether `name` is there and no directory.
    [[nodiscard]] bool is_in_the_way(std::string const& name) const {
        struct stat info{};
        return existing_ == Existing::kReplace &&
               ::fstatat(current(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
               !S_ISDIR(info.st_mode);
    }

    // Goes to a directory and makes what is missing on the way.
    Result<void> enter(std::span<std::string const> path) {
        if (std::equal(path.begin(), path.end(), path_.begin(), path_.end())) return {};
        directory_.reset();
        path_.clear();
        for (auto const& part : path) {
            if (is_in_the_way(part)) {
                MERIDIAN_CHECK(make_room(part));
            }
            if (::mkdirat(current(), part.c_str(), 0700) == 0) {
                // Past the umask.
                if (::fchmodat(current(), part.c_str(), 0755, 0) != 0)
                    return entry_error("make", part);
            } else if (errno != EEXIST) {
                return entry_error("make", part);
            }
            io::UniqueFd next(
                ::openat(current(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!next.valid()) return entry_error("open", part);
            directory_ = std::move(next);
            path_.push_back(part);
        }
        return {};
    }

    int const root_;
    Existing const existing_;
    std::vector<std::string> path_;  // of directory_
    io::UniqueFd directory_;         // not valid: the root
};

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        auto const count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return entry_error("write", "a file of a package");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

// Both functions in one, so that what was checked is what is unpacked. `writer` may be null. How
// many bytes the files are.
Result<std::uint64_t> process(std::string const& bytes, ZipLimits const& limits, Writer* writer) {
    MERIDIAN_TRY(auto const archive, open_archive(bytes));
    MERIDIAN_TRY(auto const entries, read_entries(archive.get(), limits));
    std::uint64_t left = limits.unzipped_bytes - 1;  // "smaller than"
    for (auto const& entry : entries) {
        if (entry.kind == PackageTree::Kind::kDirectory && writer) {
            MERIDIAN_CHECK(writer->make_directory(entry.path));
        }
        if (entry.kind != PackageTree::Kind::kFile) continue;
        io::UniqueFd file;
        if (writer) {
            MERIDIAN_TRY(file, writer->create(entry.path));
        }
        MERIDIAN_TRY(auto const size,
                     read_entry(archive.get(), entry, left, [&](std::string_view piece) {
                         return file.valid() ? write_all(file.get(), piece) : Result<void>{};
                     }));
        if (size > left) return too_big(limits);
        left -= size;
        if (file.valid() && ::fchmod(file.get(), entry.is_executable ? 0755 : 0644) != 0) {
            return entry_error("set the mode of", entry.path.back());
        }
    }
    auto const total = limits.unzipped_bytes - 1 - left;
    if (!writer) return total;
    // Last, so that nothing above could have gone through one.
    for (auto const& entry : entries) {
        if (entry.kind == PackageTree::Kind::kLink) {
            MERIDIAN_CHECK(writer->link(entry.path, entry.link_target));
        }
    }
    return total;
}

}  // namespace

Result<std::uint64_t> check_zip(std::string const& bytes, ZipLimits const& limits) {
    return process(bytes, limits, nullptr);
}

Result<void> extract_zip(std::string const& bytes, int directory_fd, ZipLimits const& limits) {
    Writer writer(directory_fd, Existing::kError);
    MERIDIAN_CHECK(process(bytes, limits, &writer));
    return {};
}

Result<void> extract_zip_over(std::string const& bytes, int directory_fd, ZipLimits const& limits) {
    Writer writer(directory_fd, Existing::kReplace);
    MERIDIAN_CHECK(process(bytes, limits, &writer));
    return {};
}

Result<std::uint64_t> unzipped_size(std::string const& bytes, ZipLimits const& limits) {
    MERIDIAN_TRY(auto const archive, open_archive(bytes));
    MERIDIAN_TRY(auto const entries, read_entries(archive.get(), limits));
    std::uint64_t total = 0;
    for (auto const& entry : entries) {
        if (entry.kind == PackageTree::Kind::kFile) total += entry.size_bytes;
    }
    return total;
}

}  // namespace meridian::store
