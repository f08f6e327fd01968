#pragma once
// An inventory with its packages as a folder: readable files, sorted keys, packages byte for byte.
// The form is docs/formats/transfer-folder.md.
//
//   transfer.json                          Format, FormatVersion, Region, Account, Environment
//   functions/NAME/function.json           ARN, Configuration and what hangs under the function
//   functions/NAME/versions/N.json         a published version's configuration
//   functions/NAME/code/SHA256HEX.zip      their packages
//   layers/NAME/N.json, N.zip
//   roles/NAME.json  policies/NAME.json  code-signing-configs/ID.json
//
// Environment variables whose values are withheld stand there with the value null.
//
// Threads: any, one at a time; these calls wait for the disk. Errors: kIo (the system's words),
// kInvalidParameterValue for what is no such folder, with the file's name.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transfer/inventory.h"
#include "transfer/package_source.h"

namespace meridian::transfer {

// The files of an inventory by their names in the folder; packages apart. Pure.
[[nodiscard]] std::map<std::string, nlohmann::json> folder_documents(Inventory const& inventory);
// The reverse. Pure.
[[nodiscard]] Result<Inventory> read_documents(std::map<std::string, nlohmann::json> documents);

// "SHA256HEX.zip" of a hash in base64.
[[nodiscard]] std::string package_name(std::string const& sha256);
// Each package of the inventory, once, with the file that it becomes.
struct PackageFile {
    std::string file;
    CodeRef code;
};
[[nodiscard]] std::vector<PackageFile> package_files(Inventory const& inventory);

// Replaces the values of all environment variables by null.
void withhold_environment(Inventory& inventory);

// Writes beside `to` and moves it there at the end. An earlier export at `to` is replaced; a
// folder that is anything else is refused and left alone.
class FolderWriter {
  public:
    [[nodiscard]] static Result<FolderWriter> begin(std::filesystem::path to);
    [[nodiscard]] Result<void> write(std::string const& file, std::string_view bytes);
    [[nodiscard]] Result<void> finish();

  private:
    explicit FolderWriter(std::filesystem::path to);
    std::filesystem::path to_, partial_;
};

[[nodiscard]] Result<Inventory> read_folder(std::filesystem::path const& from);

class FolderPackages final : public PackageSource {
  public:
    explicit FolderPackages(std::filesystem::path from) : from_(std::move(from)) {}
    io::Task<std::string> fetch(std::size_t lane, CodeRef what) override;

  private:
    std::filesystem::path from_;
};

// Another source, and where it fails a folder of packages under their hashes: SHA256HEX.zip. The
// other outlives this.
class PackagesByHash final : public PackageSource {
  public:
    PackagesByHash(PackageSource& other, std::filesystem::path folder)
        : other_(other), folder_(std::move(folder)) {}
    io::Task<std::string> fetch(std::size_t lane, CodeRef what) override;

  private:
    PackageSource& other_;
    std::filesystem::path folder_;
};

// A JSON document of such a folder: an object of not too many levels, with no key twice.
// kInvalidParameterValue, with the place.
[[nodiscard]] Result<nlohmann::json> parse_document(std::string_view text);

}  // namespace meridian::transfer
