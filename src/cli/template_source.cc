#include "cli/template_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <unistd.h>

#include "io/child_process.h"

namespace meridian::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kGit = "git:";
constexpr std::size_t kOutputBytesMax = 1024 * 1024;  // of git rev-parse, which says a line
constexpr std::array kNames = {"template.yaml", "template.yml", "template.json"};

std::unexpected<Error> bad_template(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

// A program of the person's own PATH, with the person's environment, where the person stands; what
// it writes. kUnavailable with what it says where its status is not 0.
io::Task<std::string> run_program(std::vector<std::string> words) {
    auto const name = words.front();
    words.insert(words.begin(), "/usr/bin/env");
    io::ProcessOptions options{.arguments = std::move(words)};
    for (char** variable = ::environ; *variable != nullptr; ++variable)
        options.environment.emplace_back(*variable);
    std::error_code error;
    options.directory = fs::current_path(error);
    MERIDIAN_CO_TRY(auto done, co_await io::run_process(std::move(options), kOutputBytesMax));
    auto& told = done.ok() ? done.output : done.errors;
    while (told.ends_with('\n')) told.pop_back();
    if (!done.ok()) co_return fail(Errc::kUnavailable, fmt::format("{}: {}", name, told));
    co_return std::move(told);
}

io::Task<TemplateSource> open_commit(GitPlace place, std::string shown) {
    // A ref that is an option would be one of git's.
    if (place.ref.starts_with('-') || place.path.starts_with('-'))
        co_return bad_template(fmt::format("{} names no commit.", shown));
    std::vector<std::string> words = {"git",
                                      "-C",
                                      place.repository,
                                      "rev-parse",
                                      "--verify",
                                      "--end-of-options",
                                      place.ref + "^{commit}"};
    MERIDIAN_CO_TRY(auto const commit, co_await run_program(std::move(words)));
    MERIDIAN_CO_TRY(auto folder, TemporaryFolder::make());
    auto const checkout = std::make_shared<TemporaryFolder>(std::move(folder));
    auto const archive = (checkout->path() / "archive.tar").string();
    auto const tree = checkout->path() / "tree";
    std::error_code error;
    fs::create_directory(tree, error);
    // From the top of the repository, wherever in it the working directory is.
    words = {"git", "-C", place.repository, "rev-parse", "--git-dir"};
    MERIDIAN_CO_TRY(auto const top, co_await run_program(std::move(words)));
    auto const git_folder = fs::path(place.repository) / top;
    words = {"git",     "--git-dir",    git_folder.string(),
             "archive", "--format=tar", "--output=" + archive,
             commit};
    MERIDIAN_CO_CHECK(co_await run_program(std::move(words)));
    words = {"tar", "-x", "-f", archive, "-C", tree.string()};
    MERIDIAN_CO_CHECK(co_await run_program(std::move(words)));
    MERIDIAN_CO_TRY(auto out, open_template_path(tree / place.path, shown));
    out.origin["Repository"] = place.repository;
    out.origin["Ref"] = place.ref;
    out.origin["Commit"] = commit;
    out.checkout = checkout;
    co_return out;
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

Result<TemplateSource> open_template_path(fs::path const& given, std::string const& shown) {
    std::error_code error;
    auto file = given;
    if (fs::is_directory(given, error)) {
        auto const* const name = std::ranges::find_if(
            kNames, [&](char const* each) { return fs::is_regular_file(given / each, error); });
        if (name == kNames.end())
            return bad_template(fmt::format("{} has no {}.", shown, fmt::join(kNames, ", ")));
        file = given / *name;
    } else if (!fs::is_regular_file(given, error)) {
        return bad_template(
            fmt::format("There is no template {}: give a folder with a template.yaml, a "
                        "file, or a commit such as git:main or REPO#v1:path.",
                        shown));
    }
    if (fs::file_size(file, error) > kTemplateBytesMax)
        return bad_template(
            fmt::format("{} has more than {} bytes.", file.string(), kTemplateBytesMax));
    std::ifstream in(file, std::ios::binary);
    TemplateSource out{.folder = file.parent_path().empty() ? fs::path(".") : file.parent_path(),
                       .file = file.filename().string(),
                       .text = {std::istreambuf_iterator<char>(in), {}},
                       .origin = {{"Template", shown}}};
    if (!in) return fail(Errc::kIo, fmt::format("cannot read {}.", file.string()));
    return out;
}

io::Task<TemplateSource> open_template(std::string argument) {
    std::error_code error;
    if (!fs::exists(argument, error)) {
        if (auto const place = parse_git_place(argument))
            co_return co_await open_commit(*place, argument);
    }
    co_return open_template_path(argument, argument);
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
