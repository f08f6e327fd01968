#include "transfer/folder.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace meridian::transfer {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr char const* kManifestFile = "transfer.json";
constexpr std::uintmax_t kDocumentBytesMax = 16 * 1024 * 1024;

std::unexpected<Error> io_error(fs::path const& path, std::error_code const& error) {
    return fail(Errc::kIo, fmt::format("{}: {}", path.string(), error.message()));
}

Result<std::string> read_file(fs::path const& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Errc::kIo, fmt::format("{} cannot be read.", path.string()));
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) return fail(Errc::kIo, fmt::format("{} cannot be read.", path.string()));
    return bytes;
}

}  // namespace

FolderWriter::FolderWriter(fs::path to) : to_(std::move(to)), partial_(to_.string() + ".partial") {}

Result<FolderWriter> FolderWriter::begin(fs::path to) {
    if (!to.has_filename()) to = to.parent_path();
    std::error_code error;
    if (fs::exists(to, error)) {
        bool const ours = fs::exists(to / kManifestFile, error);
        if (!fs::is_directory(to, error) || (!ours && !fs::is_empty(to, error))) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{} is there already, and is no earlier export.", to.string()));
        }
    }
    FolderWriter writer(std::move(to));
    fs::remove_all(writer.partial_, error);
    if (error) return io_error(writer.partial_, error);
    fs::create_directories(writer.partial_, error);
    if (error) return io_error(writer.partial_, error);
    // What is inside may be secret.
    fs::permissions(writer.partial_, fs::perms::owner_all, error);
    if (error) return io_error(writer.partial_, error);
    return writer;
}

Result<void> FolderWriter::write(std::string const& file, std::string_view bytes) {
    auto const path = partial_ / file;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return io_error(path.parent_path(), error);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) return fail(Errc::kIo, fmt::format("{} cannot be written.", path.string()));
    return {};
}

Result<void> FolderWriter::finish() {
    std::error_code error;
    auto const old = fs::path(to_.string() + ".old");
    fs::remove_all(old, error);
    if (fs::exists(to_, error)) {
        fs::rename(to_, old, error);
        if (error) return io_error(to_, error);
    }
    fs::rename(partial_, to_, error);
    if (error) return io_error(to_, error);
    fs::remove_all(old, error);
    return {};
}

Result<Inventory> read_folder(fs::path const& from) {
    std::error_code error;
    if (!fs::is_regular_file(from / kManifestFile, error))
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{} is no folder that `meridian export zip` wrote: it has no "
                                "transfer.json.",
                                from.string()));
    std::map<std::string, json> documents;
    fs::recursive_directory_iterator it(from, error);
    if (error) return io_error(from, error);
    for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
        if (error) return io_error(from, error);
        if (it->path().extension() != ".json" || !it->is_regular_file(error)) continue;
        auto const name = it->path().lexically_relative(from).generic_string();
        if (it->file_size(error) > kDocumentBytesMax)
            return fail(Errc::kInvalidParameterValue, fmt::format("{}: it is too long.", name));
        MERIDIAN_TRY(auto const text, read_file(it->path()));
        auto document = parse_document(text);
        if (!document)
            return fail(document.error().code,
                        fmt::format("{}: {}", name, document.error().message));
        documents[name] = std::move(*document);
    }
    if (error) return io_error(from, error);
    return read_documents(std::move(documents));
}

io::Task<std::string> FolderPackages::fetch(std::size_t, CodeRef what) {
    // The file's name follows from the reference, as when it was written.
    Inventory one;
    if (what.qualifier.empty()) {
        one.layers.push_back(
            {.arn = what.arn, .source_arn = what.arn, .properties = {{"CodeSha256", what.sha256}}});
    } else {
        one.functions.push_back(
            {.arn = what.arn, .source_arn = what.arn, .latest = {{"CodeSha256", what.sha256}}});
    }
    auto const files = package_files(one);
    if (files.empty())
        co_return fail(Errc::kInvalidParameterValue, fmt::format("{} has no package.", what.arn));
    MERIDIAN_CO_TRY(auto bytes, read_file(from_ / files.front().file));
    MERIDIAN_CO_CHECK(check_package(what, bytes));
    co_return bytes;
}

io::Task<std::string> PackagesByHash::fetch(std::size_t lane, CodeRef what) {
    auto found = co_await other_.fetch(lane, what);
    if (found || folder_.empty()) co_return found;
    auto here = read_file(folder_ / package_name(what.sha256));
    if (!here) co_return found;
    MERIDIAN_CO_CHECK(check_package(what, *here));
    co_return here;
}

}  // namespace meridian::transfer
