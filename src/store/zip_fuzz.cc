// Any bytes as a package: check_zip() and extract_zip() agree, and nothing appears outside the
// directory.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/unique_fd.h"
#include "store/zip_archive.h"

namespace {

namespace fs = std::filesystem;

// Every link in the package resolves to something below `root`, or to nothing.
void check_inside(fs::path const& root) {
    for (auto const& entry : fs::recursive_directory_iterator(root)) {
        struct stat info{};
        MERIDIAN_ASSERT(::lstat(entry.path().c_str(), &info) == 0);
        MERIDIAN_ASSERT(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISLNK(info.st_mode));
        std::error_code missing;
        auto const real = fs::canonical(entry.path(), missing);
        if (missing) continue;
        auto const inside = real.lexically_relative(root);
        MERIDIAN_ASSERT(!inside.empty() && *inside.begin() != "..");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const zip(reinterpret_cast<char const*>(data), size);
    meridian::store::ZipLimits const limits{.unzipped_bytes = 1 << 20, .entries = 200};

    std::string name = (fs::temp_directory_path() / "meridian-zip-fuzz-XXXXXX").string();
    MERIDIAN_ASSERT(::mkdtemp(name.data()));
    fs::path const outer = fs::canonical(name);
    fs::path const root = outer / "a" / "b";
    fs::create_directories(root);
    {
        meridian::io::UniqueFd const directory(
            ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        auto const checked = meridian::store::check_zip(zip, limits);
        auto const extracted = meridian::store::extract_zip(zip, directory.get(), limits);
        MERIDIAN_ASSERT(checked.has_value() == extracted.has_value());
        // Over itself, as a layer over another.
        if (extracted)
            MERIDIAN_ASSERT(meridian::store::extract_zip_over(zip, directory.get(), limits));
    }
    check_inside(root);
    fs::remove_all(root);
    // Empty directories alone are left: rmdir refuses anything else.
    MERIDIAN_ASSERT(::rmdir((outer / "a").c_str()) == 0);
    MERIDIAN_ASSERT(::rmdir(outer.c_str()) == 0);
    return 0;
}
