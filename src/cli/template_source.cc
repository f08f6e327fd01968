#include "cli/template_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "cli/child_process.h"

namespace meridian::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kGit = "git:";
constexpr std::array kNames = {"template.yaml", "template.yml", "template.json"};

std::unexpected<Error> bad(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

Result<TemplateSource> open_path(fs::path const& given, std::string const& shown) {
    std::error_code error;
    auto file = given;
    if (fs::is_directory(given, error)) {
        auto const* const name = std::ranges::find_if(
            kNames, [&](char const* each) { return fs::is_regular_file(given / each, error); });
        if (name == kNames.end())
            return bad(fmt::format("{} has no {}.", shown, fmt::join(kNames, ", ")));
        file = given / *name;
    } else if (!fs::is_regular_file(given, error)) {
        return bad(
            fmt::format("There is no template {}: give a folder with a template.yaml, a "
                        "file, or a commit such as git:main or REPO#v1:path.",
                        shown));
    }
    if (fs::file_size(file, error) > kTemplateBytesMax)
        return bad(fmt::format("{} has more than {} bytes.", file.string(), kTemplateBytesMax));
    std::ifstream in(file, std::ios::binary);
    TemplateSource out{.folder = file.parent_path().empty() ? fs::path(".") : file.parent_path(),
                       .file = file.filename().string(),
                       .text = {std::istreambuf_iterator<char>(in), {}},
                       .origin = {{"Template", shown}}};
    if (!in) return fail(Errc::kIo, fmt::format("cannot read {}.", file.string()));
    return out;
}

Result<TemplateSource> open_commit(GitPlace const& place, std::string const& shown) {
    // A ref that is an option would be one of git's.
    if (place.ref.starts_with('-') || place.path.starts_with('-'))
        return bad(fmt::format("{} names no commit.", shown));
    MERIDIAN_TRY(auto commit, run_child({"git", "-C", place.repository, "rev-parse", "--verify",
                                         "--end-of-options", place.ref + "^{commit}"}));
    while (commit.ends_with('\n')) commit.pop_back();
    MERIDIAN_TRY(auto folder, TemporaryFolder::make());
    auto const checkout = std::make_shared<TemporaryFolder>(std::move(folder));
    auto const archive = (checkout->path() / "archive.tar").string();
    auto const tree = checkout->path() / "tree";
    std::error_code error;
    fs::create_directory(tree, error);
    // From the top of the repository, wherever in it the working directory is.
    MERIDIAN_TRY(auto top, run_child({"git", "-C", place.repository, "rev-parse", "--git-dir"}));
    while (top.ends_with('\n')) top.pop_back();
    auto const git_folder = fs::path(place.repository) / top;
    MERIDIAN_CHECK(run_child({"git", "--git-dir", git_folder.string(), "archive", "--format=tar",
                              "--output=" + archive, commit}));
    MERIDIAN_CHECK(run_child({"tar", "-x", "-f", archive, "-C", tree.string()}));
    MERIDIAN_TRY(auto out, open_path(tree / place.path, shown));
    out.origin["Repository"] = place.repository;
    out.origin["Ref"] = place.ref;
    out.origin["Commit"] = commit;
    out.checkout = checkout;
    return out;
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::make() {
    auto name = (fs::temp_directory_path() / "meridian-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        return fail(Errc::kIo, fmt::format("cannot make {}: {}", name, std::strerror(errno)));
    return TemporaryFolder(name);
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::optional<GitPlace> parse_git_place(std::string_view argument) {
    GitPlace out{.repository = "."};
    std::string_view rest;
    if (argument.starts_with(kGit)) {
        rest = argument.substr(kGit.size());
    } else if (auto const hash = argument.rfind('#'); hash != argument.npos && hash > 0) {
        out.repository = std::string(argument.substr(0, hash));
        rest = argument.substr(hash + 1);
    } else {
        return std::nullopt;
    }
    auto const colon = rest.find(':');
    out.ref = std::string(rest.substr(0, colon));
    if (colon != rest.npos && colon + 1 < rest.size())
        out.path = std::string(rest.substr(colon + 1));
    if (out.ref.empty()) return std::nullopt;
    return out;
}

Result<TemplateSource> open_template(std::string const& argument) {
    std::error_code error;
    if (!fs::exists(argument, error)) {
        if (auto const place = parse_git_place(argument)) return open_commit(*place, argument);
    }
    return open_path(argument, argument);
}

std::string stack_name_of(fs::path const& folder) {
    std::error_code error;
    auto const whole = fs::weakly_canonical(folder, error);
    std::string out;
    for (char const c : whole.filename().string()) {
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool const other = (c >= '0' && c <= '9') || c == '-';
        if (letter || (other && !out.empty()))
            out.push_back(c);
        else if (!out.empty() && out.back() != '-')
            out.push_back('-');
    }
    while (out.ends_with('-')) out.pop_back();
    return out;
}

}  // namespace meridian::cli
