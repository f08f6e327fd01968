#include "cli/source_builder.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

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

Result<std::string> read_source(fs::path const& path) {
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
        // What cargo makes is made anew, and long.
        bool const made = path == folder / "target" && fs::exists(folder / "Cargo.toml", error);
        if (made || contains(kLeftOut, std::string_view(path.filename().native()))) {
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
        MERIDIAN_TRY(auto content, read_source(real));
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

// What has to be done before the sources are a package.
struct Step {
    std::string method;
    std::string why;
};

bool is_supported(std::string_view method) {
    // A runtime is a method, too: what `sam build` takes where nothing else is said.
    for (std::string_view const runtime :
         {"python3.", "nodejs", "java", "provided", "ruby", "dotnet"}) {
        if (method.starts_with(runtime)) return true;
    }
    return method.empty() || method == "makefile" || method == "go1.x" ||
           method == "rust-cargolambda";
}

// What is built by tools that no region has.
std::string_view foreign_sources(std::vector<PackageFile> const& files) {
    for (auto const* const name : {"pom.xml", "build.gradle", "build.gradle.kts"}) {
        if (find(files, name) != nullptr) return "Java";
    }
    if (find(files, "Gemfile") != nullptr) return "Ruby";
    bool const dotnet = std::ranges::any_of(files, [](PackageFile const& file) {
        return file.name.ends_with(".csproj") && !file.name.contains('/');
    });
    return dotnet ? ".NET" : std::string_view();
}

// Nothing: the sources can go as they are.
std::optional<Step> needed_step(std::vector<PackageFile> const& files, std::string const& method) {
    auto const has_folder = [&](std::string_view name) {
        return std::ranges::any_of(
            files, [&](PackageFile const& file) { return file.name.starts_with(name); });
    };
    if (method == "makefile" || method == "go1.x" || method == "rust-cargolambda")
        return Step{method, "its BuildMethod is " + method};
    if (method.starts_with("python") && has_requirements(find(files, "requirements.txt")))
        return Step{method, "requirements.txt names packages"};
    if (method.starts_with("nodejs") && has_dependencies(find(files, "package.json")) &&
        !has_folder("node_modules/"))
        return Step{method, "package.json has dependencies, and there is no node_modules"};
    bool const compiled = !find(files, "bootstrap");
    if (compiled && find(files, "go.mod") != nullptr) return Step{"go1.x", "it is Go source"};
    if (compiled && find(files, "Cargo.toml") != nullptr)
        return Step{"rust-cargolambda", "it is Rust source"};
    return std::nullopt;
}

// Whose bundle has the tools.
std::string tools_of(deploy::BuildRequest const& request, std::string const& method) {
    if (method.starts_with("python") || method.starts_with("nodejs")) return method;
    constexpr char const* kPlainest = "provided.al2023";
    return request.runtime.empty() ? kPlainest : request.runtime;
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
    auto const key = fmt::format(
        "{}\n{}\n{}\n{}\n{}\n{}", request.path, request.build_method, request.runtime, request.type,
        request.handler, request.build_method == "makefile" ? request.logical_id : std::string());
    if (auto const known = built_.find(key); known != built_.end()) co_return known->second;
    MERIDIAN_CO_TRY(auto package, co_await build_anew(std::move(request)));
    built_[key] = package;
    co_return package;
}

io::Task<std::string> SourceBuilder::build_anew(deploy::BuildRequest request) {
    std::error_code error;
    auto const root = fs::canonical(root_, error);
    auto const path = fs::canonical(root / request.path, error);
    if (error) co_return bad(fmt::format("There is no {} beside the template.", request.path));
    if (fs::is_regular_file(path, error)) {
        MERIDIAN_CO_TRY(auto bytes, read_source(path));
        if (bytes.starts_with("PK\x03\x04")) co_return bytes;
        std::vector<PackageFile> one;
        one.push_back({.name = path.filename().string(),
                       .bytes = std::move(bytes),
                       .executable = is_executable(path)});
        co_return deploy::make_package(one);
    }
    MERIDIAN_CO_TRY(auto files, read_folder(path));
    auto const method = request.build_method.empty() ? request.runtime : request.build_method;
    if (!is_supported(method)) {
        co_return bad(
            fmt::format("BuildMethod {} is not supported: makefile, python3.x, "
                        "nodejsNN.x, go1.x and rust-cargolambda are.",
                        method));
    }
    bool const is_layer = request.type == "AWS::Lambda::LayerVersion";
    auto const step = needed_step(files, method);
    if (!step) {
        if (auto const language = foreign_sources(files); !language.empty()) {
            co_return bad(
                fmt::format("{} is {} source, which regions do not build: build it "
                            "before (for instance with `sam build`) and deploy the "
                            "result.",
                            request.path, language));
        }
        if (is_layer) move_layer_files(files, request.build_method);
        co_return deploy::make_package(files);
    }
    if (region_ == nullptr) {
        co_return bad(
            fmt::format("{} needs a build ({}), which is not done here: build it "
                        "before (for instance with `sam build`) and deploy the result.",
                        request.path, step->why));
    }
    if (on_step) on_step(fmt::format("{} ({})", request.logical_id, step->method));
    MERIDIAN_CO_TRY(auto source, deploy::make_package(files));
    BuildInput input{.source = std::move(source),
                     .method = step->method,
                     .runtime = tools_of(request, step->method),
                     .logical_id = request.logical_id,
                     .handler = request.handler,
                     .is_layer = is_layer};
    co_return co_await region_->build(std::move(input));
}

}  // namespace meridian::cli
