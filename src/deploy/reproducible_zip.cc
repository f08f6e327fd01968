#include "deploy/reproducible_zip.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <zip.h>

#include "model/limits.h"

namespace meridian::deploy {
namespace {

// 1980-01-01 00:00, the first that a zip can say; as DOS has it, so that no time zone matters.
constexpr zip_uint16_t kDosDate = (0 << 9) | (1 << 5) | 1;
constexpr zip_uint16_t kDosTime = 0;
constexpr zip_uint32_t kRegularFile = 0100000;
constexpr zip_uint32_t kSymbolicLink = 0120000;
constexpr zip_uint32_t kModeShift = 16;
constexpr zip_uint32_t kCompressionLevel = 6;

struct CloseSource {
    void operator()(zip_source_t* source) const { zip_source_free(source); }
};
struct DiscardArchive {
    void operator()(zip_t* archive) const { zip_discard(archive); }
};
using ZipSource = std::unique_ptr<zip_source_t, CloseSource>;
using ZipArchive = std::unique_ptr<zip_t, DiscardArchive>;

std::unexpected<Error> zip_failed(std::string_view what) {
    return fail(Errc::kIo, fmt::format("cannot make the package: {}", what));
}

bool stays_inside(std::string_view name) {
    if (name.empty() || name.starts_with('/') || name.ends_with('/')) return false;
    for (std::size_t at = 0; at <= name.size();) {
        auto const slash = std::min(name.find('/', at), name.size());
        auto const part = name.substr(at, slash - at);
        if (part.empty() || part == "." || part == "..") return false;
        at = slash + 1;
    }
    return true;
}

zip_uint32_t mode_of(PackageEntry::Kind kind) {
    switch (kind) {
        case PackageEntry::Kind::kExecutable:
            return kRegularFile | 0755U;
        case PackageEntry::Kind::kLink:
            return kSymbolicLink | 0777U;
        case PackageEntry::Kind::kFile:
            break;
    }
    return kRegularFile | 0644U;
}

Result<void> check(std::vector<PackageEntry> const& files) {
    if (files.empty()) return fail(Errc::kInvalidParameterValue, "The package has no files.");
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        auto const& name = files[i].name;
        if (!stays_inside(name)) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{} is no file's name inside a package.", name));
        }
        if (i > 0 && files[i - 1].name == name) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("The package has {} twice.", name));
        }
        bytes += files[i].bytes.size();
    }
    if (bytes > model::limits::kCodeUnzippedBytesMax) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The package's files are {} bytes; Lambda takes {} at most.", bytes,
                                model::limits::kCodeUnzippedBytesMax));
    }
    return {};
}

Result<void> add(zip_t* archive, PackageEntry const& file) {
    // The bytes outlive the archive: they are not copied.
    auto* const bytes =
        zip_source_buffer(archive, file.bytes.data(), file.bytes.size(), /*freep=*/0);
    if (bytes == nullptr) return zip_failed(zip_strerror(archive));
    auto const index = zip_file_add(archive, file.name.c_str(), bytes, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(bytes);
        return zip_failed(zip_strerror(archive));
    }
    auto const at = static_cast<zip_uint64_t>(index);
    auto const mode = mode_of(file.kind);
    if (zip_file_set_dostime(archive, at, kDosTime, kDosDate, 0) != 0 ||
        zip_file_set_external_attributes(archive, at, 0, ZIP_OPSYS_UNIX, mode << kModeShift) != 0 ||
        zip_set_file_compression(archive, at, ZIP_CM_DEFLATE, kCompressionLevel) != 0)
        return zip_failed(zip_strerror(archive));
    return {};
}

Result<std::string> read_all(zip_source_t* source) {
    zip_stat_t about;
    if (zip_source_stat(source, &about) != 0 || (about.valid & ZIP_STAT_SIZE) == 0)
        return zip_failed("its size is not known");
    std::string out(about.size, '\0');
    if (zip_source_open(source) != 0) return zip_failed("it cannot be read");
    auto const read = zip_source_read(source, out.data(), out.size());
    zip_source_close(source);
    if (read < 0 || static_cast<std::uint64_t>(read) != out.size())
        return zip_failed("it cannot be read");
    return out;
}

}  // namespace

Result<std::string> make_package(std::vector<PackageFile> const& files) {
    std::vector<PackageEntry> entries;
    entries.reserve(files.size());
    for (auto const& file : files) {
        entries.push_back({.name = file.name,
                           .bytes = file.bytes,
                           .kind = file.executable ? PackageEntry::Kind::kExecutable
                                                   : PackageEntry::Kind::kFile});
    }
    return make_package_of(std::move(entries));
}

Result<std::string> make_package_of(std::vector<PackageEntry> entries) {
    std::ranges::sort(entries, {}, &PackageEntry::name);
    MERIDIAN_CHECK(check(entries));
    ZipSource const source(zip_source_buffer_create(nullptr, 0, 0, nullptr));
    if (!source) return zip_failed("no memory");
    zip_source_keep(source.get());
    ZipArchive archive(zip_open_from_source(source.get(), ZIP_TRUNCATE, nullptr));
    if (!archive) {
        zip_source_free(source.get());
        return zip_failed("no archive");
    }
    for (auto const& file : entries) {
        MERIDIAN_CHECK(add(archive.get(), file));
    }
    if (zip_close(archive.get()) != 0) return zip_failed(zip_strerror(archive.get()));
    (void)archive.release();  // closed
    return read_all(source.get());
}

}  // namespace meridian::deploy
