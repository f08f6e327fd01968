#pragma once
// A function package: a zip from a customer, checked before anything believes it, and unpacked into
// a directory. Both functions check everything: names that stay inside, sizes as declared and as
// they really are, checksums, symbolic links. Owner and times in the archive are ignored.
//
// Errors: kInvalidParameterValue with AWS's text; kIo when the directory cannot be written.
// Threads: any; they block. Inflating 250 MB takes a second or so.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "model/limits.h"

namespace meridian::store {

inline constexpr char kBadZipMessage[] =
    "Could not unzip uploaded file. Please check your file, then try to upload again.";
inline constexpr char kEmptyZipMessage[] = "Uploaded file must be a non-empty zip";

struct ZipLimits {
    std::uint64_t unzipped_bytes = model::limits::kCodeUnzippedBytesMax;
    // Files, links and directories, those that are only implied by a name too.
    std::size_t entries = model::limits::kCodeEntriesMax;
};

// Whether extract_zip() would unpack it, by inflating all of it to nowhere: how many bytes its
// files are.
[[nodiscard]] Result<std::uint64_t> check_zip(std::string const& bytes,
                                              ZipLimits const& limits = {});

// Unpacks below an empty directory. Directories become 0755; files 0755 if the archive lets anybody
// execute them, else 0644. On an error some of it may be there.
[[nodiscard]] Result<void> extract_zip(std::string const& bytes, int directory_fd,
                                       ZipLimits const& limits = {});

// Unpacks over what is below the directory already: whatever has the name of something in the
// archive gives way to it, but a directory to a directory.
[[nodiscard]] Result<void> extract_zip_over(std::string const& bytes, int directory_fd,
                                            ZipLimits const& limits = {});

// How many bytes its files are, as declared: for a package that check_zip() has found good.
[[nodiscard]] Result<std::uint64_t> unzipped_size(std::string const& bytes,
                                                  ZipLimits const& limits = {});

}  // namespace meridian::store
