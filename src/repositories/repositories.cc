#include "repositories/repositories.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/assert.h"
#include "repositories/repository_name.h"

namespace meridian::repositories {

namespace fs = std::filesystem;

namespace {

constexpr char kSuffix[] = ".git";
// Folders that are being made or removed; no account and no repository is called so.
constexpr char kMaking[] = ".new-";
constexpr char kRemoving[] = ".deleted-";
constexpr std::size_t kAnswerBytesMax = 1UL * 1024 * 1024;
constexpr char kForcePush[] = "receive.denyNonFastForwards";

std::unexpected<Error> io_error(std::string_view doing, fs::path const& path,
                                std::error_code const& error) {
    return fail(Errc::kIo, fmt::format("cannot {} {}: {}", doing, path.string(), error.message()));
}

std::unexpected<Error> no_repository(RepositoryName const& name) {
    return fail(Errc::kResourceNotFound, fmt::format("There is no repository {}.", name.name));
}

Result<void> sync(fs::path const& path) {
    io::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid() || ::fsync(file.get()) != 0)
        return io_error("sync", path, {errno, std::generic_category()});
    return {};
}

// Everything in `folder`, and its name.
Result<void> sync_tree(fs::path const& folder) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        MERIDIAN_CHECK(sync(at->path()));
    }
    if (error) return io_error("look into", folder, error);
    MERIDIAN_CHECK(sync(folder));
    return sync(folder.parent_path());
}

// A process that was killed leaves its locks, and nobody else writes here now.
void remove_locks(fs::path const& repository) {
    std::error_code error;
    for (auto const* name : {"HEAD.lock", "config.lock", "packed-refs.lock", "gc.pid"})
        fs::remove(repository / name, error);
    error.clear();
    std::vector<fs::path> locks;
    for (fs::recursive_directory_iterator at(repository / "refs", error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().extension() == ".lock") locks.push_back(at->path());
    }
    for (auto const& lock : locks) fs::remove(lock, error);
}

Result<void> clear_up(fs::path const& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return io_error("make", directory, error);
    // Not `for (x : y)`: its steps throw.
    for (fs::directory_iterator account(directory, error), end; !error && account != end;
         account.increment(error)) {
        std::error_code inside;
        for (fs::directory_iterator entry(account->path(), inside); !inside && entry != end;
             entry.increment(inside)) {
            auto const name = entry->path().filename().string();
            std::error_code ignored;
            if (name.starts_with(kMaking) || name.starts_with(kRemoving)) {
                fs::remove_all(entry->path(), ignored);
            } else {
                remove_locks(entry->path());
            }
        }
        if (inside) return io_error("look into", account->path(), inside);
    }
    if (error) return io_error("look into", directory, error);
    return {};
}

std::size_t packs_in(fs::path const& repository) {
    std::error_code error;
    std::size_t packs = 0;
    for (fs::directory_iterator at(repository / "objects" / "pack", error), end;
         !error && at != end; at.increment(error)) {
        if (at->path().extension() == ".pack") ++packs;
    }
    return packs;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto const end = std::min(text.find(separator), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

Result<void> succeeded(io::ProcessResult const& result, std::string_view doing) {
    if (result.ok()) return {};
    return fail(Errc::kIo, fmt::format("git cannot {}: {}", doing, result.errors));
}

}  // namespace

// What running answers need, even when they outlive the region.
struct Repositories::Shared {
    Shared(asio::any_io_executor executor, Log& log_given)
        : background(std::move(executor), log_given), log(log_given) {}

    io::TaskScope background;
    Log& log;
    std::size_t running = 0;
    Pushed pushed;
};

// A program's output as a response's body. Whoever lets it go early ends the program.
class Repositories::Output final : public io::BodySource {
  public:
    Output(std::shared_ptr<Shared> shared, io::ChildProcess child, std::function<void()> ended)
        : shared_(std::move(shared)), child_(std::move(child)), ended_(std::move(ended)) {
        ++shared_->running;
    }
    ~Output() override {
        --shared_->running;
        if (!child_ || !ended_ || shared_->background.stopping()) return;
        // What it did counts, even if nobody waited for the answer.
        shared_->background.spawn("end git", end(std::move(*child_), std::move(ended_)));
    }
    Output(Output const&) = delete;
    Output& operator=(Output const&) = delete;

    io::Task<std::string> read() override {
        if (!begun_.empty()) co_return std::exchange(begun_, {});
        if (!child_) co_return std::string();
        MERIDIAN_CO_TRY(auto piece, co_await child_->read());
        if (!piece.empty()) co_return piece;
        MERIDIAN_CO_TRY(auto const status, co_await child_->wait());
        auto const errors = child_->errors();
        child_.reset();
        if (ended_) std::exchange(ended_, nullptr)();
        if (status != 0) {
            shared_->log.write(LogLevel::kWarn, "git did not succeed",
                               {{"status", std::to_string(status)}, {"errors", errors}});
            co_return fail(Errc::kIo, "git did not succeed");
        }
        co_return std::string();
    }

    // The answer's head; what follows it stays for read().
    io::Task<HttpResponse> read_head() {
        for (;;) {
            MERIDIAN_CO_TRY(auto const piece, co_await child_->read());
            if (piece.empty())
                co_return fail(Errc::kIo, "git's http-backend said nothing: " + child_->errors());
            begun_ += piece;
            MERIDIAN_CO_TRY(auto head, parse_cgi_head(begun_));
            if (!head) continue;
            begun_.erase(0, head->bytes);
            co_return std::move(head->response);
        }
    }

  private:
    static io::Task<> end(io::ChildProcess child, std::function<void()> ended) {
        child.end();
        (void)co_await child.wait();
        ended();
        co_return Result<void>{};
    }

    std::shared_ptr<Shared> shared_;
    std::optional<io::ChildProcess> child_;
    std::function<void()> ended_;
    std::string begun_;
};

Repositories::Repositories(Parts parts)
    : parts_(std::move(parts)), shared_(std::make_shared<Shared>(parts_.executor, parts_.log)) {}

Repositories::~Repositories() = default;

Result<std::unique_ptr<Repositories>> Repositories::open(Parts parts) {
    MERIDIAN_CHECK(clear_up(parts.directory));
    return std::unique_ptr<Repositories>(new Repositories(std::move(parts)));
}

asio::awaitable<void> Repositories::stop() { co_await shared_->background.stop(); }

void Repositories::on_pushed(Pushed pushed) { shared_->pushed = std::move(pushed); }

fs::path Repositories::folder_of(RepositoryName const& name) const {
    MERIDIAN_ASSERT(is_repository_name(name.name));
    return parts_.directory / name.account.value() / (name.name + kSuffix);
}

Result<GitProgram const*> Repositories::git() const {
    if (parts_.git) return &*parts_.git;
    return fail(Errc::kUnavailable, "git is not installed on the server's machine.");
}

Result<fs::path> Repositories::existing(RepositoryName const& name) const {
    if (!is_repository_name(name.name)) return no_repository(name);
    auto folder = folder_of(name);
    std::error_code error;
    if (!fs::is_directory(folder, error)) return no_repository(name);
    return folder;
}

io::Task<> Repositories::create(NewRepository wanted) {
    MERIDIAN_CO_TRY(auto const* const program, git());
    MERIDIAN_CO_TRY(auto const there, co_await list(wanted.name.account));
    auto const exists = [&] {
        return fail(Errc::kResourceConflict,
                    fmt::format("There is a repository {} already.", wanted.name.name));
    };
    if (std::ranges::find(there, wanted.name.name) != there.end()) co_return exists();
    if (there.size() >= kRepositoriesPerAccountMax) {
        co_return fail(Errc::kLimitExceeded, fmt::format("An account has at most {} repositories.",
                                                         kRepositoriesPerAccountMax));
    }
    auto const folder = folder_of(wanted.name);
    auto const temporary = folder.parent_path() / (kMaking + wanted.name.name);
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (error) co_return io_error("make", folder.parent_path(), error);
    auto const run = [&](std::vector<std::string> words) {
        return io::run_process(program->in(temporary, std::move(words)), kAnswerBytesMax);
    };
    MERIDIAN_CO_TRY(auto const made, co_await run({"init", "--quiet", "--bare",
                                                   "--template=", "--initial-branch=main"}));
    MERIDIAN_CO_CHECK(succeeded(made, "make a repository"));
    if (wanted.deny_force_push) {
        MERIDIAN_CO_TRY(auto const set, co_await run({"config", kForcePush, "true"}));
        MERIDIAN_CO_CHECK(succeeded(set, "set up a repository"));
    }
    co_return co_await io::blocking(parts_.pool, [&]() -> Result<void> {
        MERIDIAN_CHECK(sync_tree(temporary));
        std::error_code failed;
        fs::rename(temporary, folder, failed);
        if (failed == std::errc::directory_not_empty) return exists();
        if (failed) return io_error("make", folder, failed);
        return sync(folder.parent_path());
    });
}

io::Task<std::vector<std::string>> Repositories::list(model::AccountId account) {
    auto const folder = parts_.directory / account.value();
    co_return co_await io::blocking(parts_.pool, [folder]() -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end;
             at.increment(error)) {
            auto name = at->path().stem().string();
            if (at->path().extension() == kSuffix && is_repository_name(name))
                names.push_back(std::move(name));
        }
        if (error && error != std::errc::no_such_file_or_directory)
            return io_error("look into", folder, error);
        std::ranges::sort(names);
        return names;
    });
}

io::Task<RepositoryInfo> Repositories::get(RepositoryName name) {
    MERIDIAN_CO_TRY(auto const* const program, git());
    MERIDIAN_CO_TRY(auto const folder, existing(name));
    auto const run = [&](std::vector<std::string> words) {
        return io::run_process(program->in(folder, std::move(words)), kAnswerBytesMax);
    };
    RepositoryInfo info{.name = name.name, .default_branch = {}};
    MERIDIAN_CO_TRY(auto const head, co_await run({"symbolic-ref", "--short", "HEAD"}));
    MERIDIAN_CO_CHECK(succeeded(head, "read HEAD"));
    info.default_branch = head.output.substr(0, head.output.find('\n'));
    MERIDIAN_CO_TRY(auto const force, co_await run({"config", "--local", kForcePush}));
    info.deny_force_push = force.output.starts_with("true");
    MERIDIAN_CO_TRY(auto const branches,
                    co_await run({"for-each-ref", fmt::format("--count={}", kBranchesShownMax),
                                  "--format=%(objectname) %(refname:lstrip=2)", "refs/heads"}));
    MERIDIAN_CO_CHECK(succeeded(branches, "list branches"));
    for (auto const line : split(branches.output, '\n')) {
        auto const space = line.find(' ');
        if (space == std::string_view::npos) continue;
        info.branches.emplace(line.substr(space + 1), line.substr(0, space));
    }
    co_return info;
}

io::Task<> Repositories::remove(RepositoryName name) {
    MERIDIAN_CO_TRY(auto const folder, existing(name));
    auto const removed = folder.parent_path() / (kRemoving + name.name);
    co_return co_await io::blocking(parts_.pool, [folder, removed]() -> Result<void> {
        std::error_code error;
        fs::remove_all(removed, error);
        fs::rename(folder, removed, error);
        if (error) return io_error("remove", folder, error);
        MERIDIAN_CHECK(sync(folder.parent_path()));
        fs::remove_all(removed, error);  // what is left is removed at the next start
        return {};
    });
}

io::Task<std::optional<BranchMove>> Repositories::head_of(RepositoryName name, std::string branch) {
    MERIDIAN_ASSERT(is_branch_name(branch));
    MERIDIAN_CO_TRY(auto const* const program, git());
    auto const folder = existing(name);
    if (!folder) co_return std::nullopt;
    MERIDIAN_CO_TRY(
        auto const log,
        co_await io::run_process(
            program->in(*folder, {"log", "--walk-reflogs", "--max-count=1",
                                  "--format=%H%x00%gn%x00%ge", "refs/heads/" + branch, "--"}),
            kAnswerBytesMax));
    auto const line = std::string_view(log.output).substr(0, log.output.find('\n'));
    auto const words = split(line, '\0');
    if (!log.ok() || words.size() != 3 || !is_commit_id(words[0])) co_return std::nullopt;
    co_return BranchMove{.commit = std::string(words[0]),
                         .by = {.arn = std::string(words[1]), .user_id = std::string(words[2])}};
}

io::Task<std::string> Repositories::object_at(fs::path folder, std::string name) {
    MERIDIAN_CO_TRY(auto const* const program, git());
    MERIDIAN_CO_TRY(auto found, co_await io::run_process(
                                    program->in(folder, {"rev-parse", "--verify", "--quiet", name}),
                                    kAnswerBytesMax));
    auto id = found.output.substr(0, found.output.find('\n'));
    if (!found.ok() || !is_commit_id(id))
        co_return fail(Errc::kResourceNotFound, fmt::format("There is no {}.", name));
    co_return id;
}

io::Task<std::string> Repositories::package(RepositoryName name, std::string commit,
                                            std::string folder) {
    MERIDIAN_CO_TRY(auto const* const program, git());
    MERIDIAN_CO_TRY(auto const repository, existing(name));
    auto const place = folder == "." ? commit : fmt::format("{}:{}", commit, folder);
    MERIDIAN_CO_TRY(auto const found, co_await object_at(repository, place));
    auto const tree = co_await object_at(repository, found + "^{tree}");
    if (!tree) co_return fail(Errc::kResourceNotFound, fmt::format("{} is no folder.", folder));
    // A zip of a commit carries its time. This one is the same for the same tree, belongs to no
    // branch, and is tidied away.
    auto making = program->in(repository, {"commit-tree", "-m", "package", *tree});
    for (auto const* variable :
         {"GIT_AUTHOR_NAME=meridian", "GIT_AUTHOR_EMAIL=meridian", "GIT_COMMITTER_NAME=meridian",
          "GIT_COMMITTER_EMAIL=meridian", "GIT_AUTHOR_DATE=1980-01-01T00:00:00Z",
          "GIT_COMMITTER_DATE=1980-01-01T00:00:00Z"})
        making.environment.emplace_back(variable);
    MERIDIAN_CO_TRY(auto const made, co_await io::run_process(std::move(making), kAnswerBytesMax));
    MERIDIAN_CO_CHECK(succeeded(made, "make a package"));
    MERIDIAN_CO_TRY(auto zipped,
                    co_await io::run_process(
                        program->in(repository, {"archive", "--format=zip",
                                                 made.output.substr(0, made.output.find('\n'))}),
                        kPackageBytesMax));
    MERIDIAN_CO_CHECK(succeeded(zipped, "zip a package"));
    co_return std::move(zipped.output);
}

io::Task<std::string> Repositories::file(RepositoryName name, std::string commit, std::string path,
                                         std::size_t bytes_max) {
    MERIDIAN_CO_TRY(auto const* const program, git());
    MERIDIAN_CO_TRY(auto const repository, existing(name));
    MERIDIAN_CO_TRY(auto const blob,
                    co_await object_at(repository, fmt::format("{}:{}", commit, path)));
    MERIDIAN_CO_TRY(
        auto shown,
        co_await io::run_process(program->in(repository, {"cat-file", "blob", blob}), bytes_max));
    if (!shown.ok()) co_return fail(Errc::kResourceNotFound, fmt::format("{} is no file.", path));
    co_return std::move(shown.output);
}

io::Task<io::StreamedResponse> Repositories::serve(io::StreamedRequest request, RepositoryName name,
                                                   GitUser user) {
    MERIDIAN_CO_TRY(auto const folder, existing(name));
    auto const asked = parse_git_request(request.request);
    std::function<void()> ended;
    if (request.request.method == "POST" && asked && asked->is_push()) {
        ended = [this, name, shared = std::weak_ptr(shared_)] {
            auto const alive = shared.lock();
            if (!alive || alive->background.stopping()) return;
            if (alive->pushed) alive->pushed(name);
            alive->background.spawn("tidy a repository", tidy(name));
        };
    }
    co_return co_await serve_folder(std::move(request), folder, std::move(user), std::move(ended));
}

io::Task<io::StreamedResponse> Repositories::serve_vault(io::StreamedRequest request,
                                                         GitUser user) {
    if (!parts_.vault)
        co_return fail(Errc::kResourceNotFound,
                       "This region keeps no vault: it was started with --vault off.");
    co_return co_await serve_folder(std::move(request), *parts_.vault, std::move(user), nullptr);
}

io::Task<io::StreamedResponse> Repositories::serve_folder(io::StreamedRequest request,
                                                          fs::path folder, GitUser user,
                                                          std::function<void()> ended) {
    MERIDIAN_CO_TRY(auto const* const program, git());
    auto const asked = parse_git_request(request.request);
    if (!asked)
        co_return fail(Errc::kUnknownOperation, "git's smart protocol has no such request.");
    if (shared_->running >= kGitProcessesMax) {
        co_return fail(Errc::kTooManyRequests,
                       fmt::format("{} requests are with git already.", kGitProcessesMax));
    }
    io::ProcessOptions options{.arguments = {(program->folder / "git-http-backend").string()},
                               .environment = program->environment(),
                               .time_max = kGitTimeMax};
    auto variables = cgi_variables(request.request, request.body ? request.body->bytes : 0, *asked,
                                   folder, user);
    options.environment.insert(options.environment.end(),
                               std::make_move_iterator(variables.begin()),
                               std::make_move_iterator(variables.end()));
    if (request.body) options.input = request.body->file.get();
    MERIDIAN_CO_TRY(auto child, io::ChildProcess::start(parts_.executor, options));
    auto const output = std::make_shared<Output>(shared_, std::move(child), std::move(ended));
    MERIDIAN_CO_TRY(auto head, co_await output->read_head());
    co_return io::StreamedResponse{std::move(head), output};
}

io::Task<> Repositories::tidy(RepositoryName name) {
    auto const folder = existing(name);
    if (!folder || !parts_.git) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const packs,
                    co_await io::blocking(parts_.pool, [folder = *folder]() -> Result<std::size_t> {
                        return packs_in(folder);
                    }));
    if (packs <= kPacksMax) co_return Result<void>{};
    MERIDIAN_CO_TRY(
        auto const done,
        co_await io::run_process(parts_.git->in(*folder, {"gc", "--quiet"}), kAnswerBytesMax));
    co_return succeeded(done, "tidy " + name.name);
}

}  // namespace meridian::repositories
