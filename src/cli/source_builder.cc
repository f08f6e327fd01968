#include "cli/source_builder.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/contains.h"
#include "deploy/reproducible_zip.h"
#include "model/limits.h"

namespace meridian::cli {
namespace fs = std::filesystem;
namespace {

using deploy::PackageFile;

// What tools leave beside sources.
constexpr std::array<std::string_view, 4> kLeftOut = {".git", ".aws-sam", "__pycache__",
                                                      ".meridian"};

std::unexpected<Error> bad(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

Result<std::string> read_file(fs::path const& path) {
    std::ifstream in(path, std::ios::binary);
    std::string out{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof())
        return fail(Errc::kIo, fmt::format("cannot read {}.", path.string()));
    if (!in.is_open()) return fail(Errc::kIo, fmt::format("cannot read {}.", path.string()));
    return out;
}

bool is_inside(fs::path const& path, fs::path const& folder) {
    auto const [end, _] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end == folder.end();
}

bool is_executable(fs::path const& path) {
    std::error_code error;
    auto const mode = fs::status(path, error).permissions();
    return !error && (mode & fs::perms::owner_exec) != fs::perms::none;
}

Result<std::vector<PackageFile>> read_folder(fs::path const& folder) {
    std::vector<PackageFile> files;
    std::uint64_t bytes = 0;
    std::error_code error;
    fs::recursive_directory_iterator entries(folder, error);
    if (error)
        return fail(Errc::kIo, fmt::format("cannot read {}: {}", folder.string(), error.message()));
    for (auto const end = fs::recursive_directory_iterator(); entries != end;
         entries.increment(error)) {
        if (error) break;
        auto const& path = entries->path();
        if (contains(kLeftOut, std::string_view(path.filename().native()))) {
            if (entries->is_directory(error)) entries.disable_recursion_pending();
            continue;
        }
        auto const real = fs::canonical(path, error);
        if (error || !is_inside(real, folder)) {
            return bad(
                fmt::format("{} is a link that leads out of {}.", path.string(), folder.string()));
        }
        if (fs::is_directory(real, error)) {
            if (entries->is_symlink(error))
                return bad(fmt::format("{} is a link to a folder; copy it.", path.string()));
            continue;
        }
        if (!fs::is_regular_file(real, error))
            return bad(fmt::format("{} is no ordinary file.", path.string()));
        bytes += fs::file_size(real, error);
        if (bytes > model::limits::kCodeUnzippedBytesMax) {
            return bad(fmt::format("{} has more than {} bytes.", folder.string(),
                                   model::limits::kCodeUnzippedBytesMax));
        }
        MERIDIAN_TRY(auto content, read_file(real));
        files.push_back({.name = path.lexically_relative(folder).generic_string(),
                         .bytes = std::move(content),
                         .executable = is_executable(real)});
    }
    if (error)
        return fail(Errc::kIo, fmt::format("cannot read {}: {}", folder.string(), error.message()));
    return files;
}

PackageFile const* find(std::vector<PackageFile> const& files, std::string_view name) {
    auto const found = std::ranges::find(files, name, &PackageFile::name);
    return found == files.end() ? nullptr : &*found;
}

bool has_requirements(PackageFile const* file) {
    if (file == nullptr) return false;
    std::string_view text = file->bytes;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const first = line.find_first_not_of(" \t\r");
        if (first != line.npos && line[first] != '#') return true;
    }
    return false;
}

bool has_dependencies(PackageFile const* file) {
    if (file == nullptr) return false;
    auto const manifest = nlohmann::json::parse(file->bytes, nullptr, false);
    return manifest.is_object() && manifest.contains("dependencies") &&
           !manifest["dependencies"].empty();
}

// Why the sources cannot go as they are; empty: they can.
std::string needs_build(std::vector<PackageFile> const& files, std::string const& method) {
    auto const has_folder = [&](std::string_view name) {
        return std::ranges::any_of(
            files, [&](PackageFile const& file) { return file.name.starts_with(name); });
    };
    if (method == "makefile") return "its BuildMethod is makefile";
    if (method.starts_with("python") && has_requirements(find(files, "requirements.txt")))
        return "requirements.txt names packages";
    if (method.starts_with("nodejs") && has_dependencies(find(files, "package.json")) &&
        !has_folder("node_modules/"))
        return "package.json has dependencies, and there is no node_modules";
    bool const compiled = !find(files, "bootstrap");
    if (compiled && find(files, "go.mod") != nullptr) return "it is Go source";
    if (compiled && find(files, "Cargo.toml") != nullptr) return "it is Rust source";
    for (auto const* const name : {"pom.xml", "build.gradle", "build.gradle.kts"}) {
        if (find(files, name) != nullptr) return "it is Java source";
    }
    return {};
}

// A layer's files lie where the runtime looks for them, as `sam build` puts them.
void move_layer_files(std::vector<PackageFile>& files, std::string const& method) {
    std::string folder;
    if (method.starts_with("python")) folder = "python/";
    if (method.starts_with("nodejs")) folder = "nodejs/";
    if (folder.empty()) return;
    for (auto& file : files) file.name = folder + file.name;
}

}  // namespace

io::Task<std::string> SourceBuilder::build(deploy::BuildRequest request) {
    co_return package(request);
}

Result<std::string> SourceBuilder::package(deploy::BuildRequest const& request) const {
    std::error_code error;
    auto const root = fs::canonical(root_, error);
    auto const path = fs::canonical(root / request.path, error);
    if (error) return bad(fmt::format("There is no {} beside the template.", request.path));
    if (fs::is_regular_file(path, error)) {
        MERIDIAN_TRY(auto bytes, read_file(path));
        if (bytes.starts_with("PK\x03\x04")) return bytes;
        return deploy::make_package({{.name = path.filename().string(),
                                      .bytes = std::move(bytes),
                                      .executable = is_executable(path)}});
    }
    MERIDIAN_TRY(auto files, read_folder(path));
    auto const method = request.build_method.empty() ? request.runtime : request.build_method;
    if (auto const why = needs_build(files, method); !why.empty()) {
        return bad(
            fmt::format("{} needs a build ({}), which this deploy does not do: build it "
                        "before (for instance with `sam build`) and deploy the result.",
                        request.path, why));
    }
    if (request.type == "AWS::Lambda::LayerVersion") move_layer_files(files, request.build_method);
    return deploy::make_package(std::move(files));
}

}  // namespace meridian::cli
