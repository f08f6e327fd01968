#pragma once
// The files under FolderCodeStore, as calls that block. Every package is checked against its name,
// the SHA-256 of the zip in hex, whenever its bytes are read.
//
// Threads: any number at once.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/unique_fd.h"

namespace meridian::store {

// Packages that nobody uses are kept this long: whoever uploaded one may be about to name it.
inline constexpr auto kUnusedPackageLifetime = std::chrono::hours(1);

// Unpacking what is smaller takes less than a millisecond, which an environment's start does not
// notice; unpacked ahead it would be most of what a creation costs.
inline constexpr std::uint64_t kUnpackAheadBytesMin = 256 * 1024;

class CodeFolder {
  public:
    // Makes what is missing and removes what a crash left. What takes long to remove is only moved
    // aside, to the paths in `remove_later`.
    static Result<std::unique_ptr<CodeFolder>> open(
        std::filesystem::path const& directory, std::vector<std::filesystem::path>& remove_later);

    struct Zip {
        std::string hex;
        std::string_view bytes;
    };
    // Stores zips durably unless they are here, sound, already. All of them wait for the disk
    // together.
    Result<void> put(std::vector<Zip> const& zips);
    // kResourceNotFound, or kCorrupt with the file's path.
    Result<std::string> get(std::string const& hex);
    // How long the zip is; kResourceNotFound. Its bytes are not looked at.
    Result<std::uint64_t> zipped_bytes(std::string const& hex);
    struct Part {
        std::string hex;
        // Whose bytes are found elsewhere, and were compared. Nothing: they are here.
        std::optional<std::string> zip_bytes = {};
    };
    // The package's directory, O_PATH | O_DIRECTORY; unpacks it if need be. Two calls for one
    // package at once would both do the work; the first to end wins.
    Result<io::UniqueFd> unpack(Part const& package);
    // The same of several packages over each other, the later ones' files winning, kept as `hex`.
    Result<io::UniqueFd> merge(std::string const& hex, std::vector<Part> const& packages);
    // Forgets packages that are not in `used` and have been neither stored nor unpacked for a
    // while.
    Result<void> remove_unused(std::set<std::string> const& used);

  private:
    explicit CodeFolder(std::filesystem::path const& directory);
    [[nodiscard]] std::filesystem::path zip_path(std::string const& hex) const;
    [[nodiscard]] std::filesystem::path unpacked_path(std::string const& hex) const;
    // A zip's file under its name, on its way to the disk.
    Result<io::UniqueFd> write_zip(Zip const& zip);
    // A name beside, which the next open() removes if it is still there.
    [[nodiscard]] std::string temporary_name();
    // Opens unpacked/hex; where it is not there, `fill` writes its files first.
    Result<io::UniqueFd> open_or_make(std::string const& hex,
                                      std::function<Result<void>(int directory)> const& fill);
    // The files of a package into a directory, which is empty, or over what it has.
    enum class Target { kEmpty, kAnything };
    Result<void> unpack_into(Part const& package, int directory, Target target);
    Result<void> remove_package(std::string const& hex);

    std::filesystem::path const zips_;
    std::filesystem::path const unpacked_;
    std::atomic<std::uint64_t> next_temporary_ = 0;
    // Held while a zip is found to be here, and while it is removed: never both.
    std::mutex presence_;
};

}  // namespace meridian::store
