#include "builds/artifacts.h"

#include <fmt/format.h>

#include "builds/tar_reader.h"
#include "deploy/reproducible_zip.h"
#include "model/limits.h"
#include "store/package_tree.h"

namespace meridian::builds {
namespace {

using deploy::PackageEntry;
using store::PackageTree;
namespace limits = model::limits;

std::unexpected<Error> bad(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

PackageTree::Kind kind_of(TarEntry const& entry) {
    switch (entry.kind) {
        case TarEntry::Kind::kDirectory:
            return PackageTree::Kind::kDirectory;
        case TarEntry::Kind::kLink:
            return PackageTree::Kind::kLink;
        default:
            return PackageTree::Kind::kFile;
    }
}

}  // namespace

Result<std::string> package_artifacts(std::string_view tar) {
    MERIDIAN_TRY(auto const entries, read_tar(tar, limits::kCodeEntriesMax));
    PackageTree tree(limits::kCodeEntriesMax);
    std::vector<PackageEntry> out;
    std::uint64_t bytes = 0;
    for (auto const& entry : entries) {
        if (entry.kind == TarEntry::Kind::kOther) {
            return bad(fmt::format(
                "The build left {}, which is neither file nor directory nor link.", entry.name));
        }
        auto const path = PackageTree::parse(entry.name);
        if (!path || !tree.add(*path, kind_of(entry), entry.target))
            return bad(fmt::format("The build left {}, which no package can have.", entry.name));
        bytes += entry.bytes.size();
        if (bytes > limits::kCodeUnzippedBytesMax) {
            return bad(fmt::format("The build left more than {} bytes, the most that Lambda takes.",
                                   limits::kCodeUnzippedBytesMax));
        }
        if (entry.kind == TarEntry::Kind::kDirectory) continue;
        bool const link = entry.kind == TarEntry::Kind::kLink;
        out.push_back({.name = fmt::format("{}", fmt::join(*path, "/")),
                       .bytes = link ? std::string_view(entry.target) : entry.bytes,
                       .kind = link               ? PackageEntry::Kind::kLink
                               : entry.executable ? PackageEntry::Kind::kExecutable
                                                  : PackageEntry::Kind::kFile});
    }
    if (out.empty())
        return bad("The build left nothing: it is to put the package's files into ARTIFACTS_DIR.");
    if (!tree.links_stay_inside())
        return bad("The build left a symbolic link that leads out of the package.");
    MERIDIAN_TRY(auto zip, deploy::make_package_of(std::move(out)));
    if (zip.size() > limits::kCodeZippedBytesMax) {
        return bad(fmt::format("The package has {} bytes; {} are the most that can be uploaded.",
                               zip.size(), limits::kCodeZippedBytesMax));
    }
    return zip;
}

}  // namespace meridian::builds
