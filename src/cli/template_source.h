#pragma once
// Where a template and its sources are: a folder, a file, or a commit of a git repository. Reading
// blocks; for commands that have nothing else to do.
//
// Threads: the caller's executor.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "io/task.h"

namespace meridian::cli {

// A folder that goes with this.
class TemporaryFolder {
  public:
    [[nodiscard]] static Result<TemporaryFolder> make();
    explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
    ~TemporaryFolder();
    TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::move(other.path_)) {
        other.path_.clear();
    }
    TemporaryFolder& operator=(TemporaryFolder&&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
};

struct TemplateSource {
    std::filesystem::path folder;  // what the template's paths are relative to
    std::string file;              // as errors name it
    std::string text;
    nlohmann::json
        origin;  // for the record: {"Template"}, of git also {"Repository", "Ref", "Commit"}
    std::shared_ptr<TemporaryFolder> checkout = {};
};

// What "REPO#REF:PATH" or "git:REF:PATH" names; PATH may be absent.
struct GitPlace {
    std::string repository;  // "." for the one around the working directory
    std::string ref;
    std::string path = ".";

    bool operator==(GitPlace const&) const = default;
};
// Nothing for what is a plain path. Pure.
[[nodiscard]] std::optional<GitPlace> parse_git_place(std::string_view argument);

inline constexpr std::size_t kTemplateBytesMax = 1024 * 1024;  // DOC: CloudFormation quotas

// `argument`: a folder with template.yaml, template.yml or template.json in it, a file, or a place
// in git. kInvalidParameterValue with what was looked for; kUnavailable with what git says.
io::Task<TemplateSource> open_template(std::string argument);
// The same of a folder or a file, which errors call `shown`.
[[nodiscard]] Result<TemplateSource> open_template_path(std::filesystem::path const& given,
                                                        std::string const& shown);

// The stack's name when none is given: that of the folder, as far as a name can have it.
[[nodiscard]] std::string stack_name_of(std::filesystem::path const& folder);

}  // namespace meridian::cli
