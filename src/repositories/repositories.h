#pragma once
// The git repositories of one region, bare, in DIRECTORY/ACCOUNT/NAME.git, and its vault, which can
// be read the same way. git itself reads and writes them, each time as a child process.
//
// Threads: belongs to its region's executor.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/http_message.h"
#include "base/log.h"
#include "io/blocking_pool.h"
#include "io/streamed.h"
#include "io/task_scope.h"
#include "model/names.h"
#include "repositories/git_program.h"
#include "repositories/git_request.h"
#include "repositories/http_backend.h"

namespace meridian::repositories {

// As many requests are with git at a time; ours.
inline constexpr std::size_t kGitProcessesMax = 16;
inline constexpr std::size_t kRepositoriesPerAccountMax = 5'000;  // CodeCommit's quota
// After a push a repository with more packs than this is packed anew; ours.
inline constexpr std::size_t kPacksMax = 50;
// A folder as a package: what a function's code may have, zipped and sent directly.
inline constexpr std::size_t kPackageBytesMax = 50UL * 1024 * 1024;
// Branches that are listed; ours.
inline constexpr std::size_t kBranchesShownMax = 1'000;

struct RepositoryName {
    model::AccountId account;
    std::string name;  // is_repository_name()

    auto operator<=>(RepositoryName const&) const = default;
};

struct RepositoryInfo {
    std::string name;
    std::string default_branch;
    bool deny_force_push = false;
    std::map<std::string, std::string> branches = {};  // commit by name
};

// One move of a branch, as git's log of references has it.
struct BranchMove {
    std::string commit;
    GitUser by;
};

class Repositories {
  public:
    // All by reference outlives it.
    struct Parts {
        std::filesystem::path directory;
        std::optional<std::filesystem::path> vault;
        std::optional<GitProgram> git;  // nothing: every call is kUnavailable
        asio::any_io_executor executor;
        io::BlockingPool& pool;
        Log& log;
    };
    // Removes what a kill left half-done. Call before any request. kIo.
    static Result<std::unique_ptr<Repositories>> open(Parts parts);
    ~Repositories();

    // Called after a push has ended, whatever came of it.
    using Pushed = std::function<void(RepositoryName)>;
    void on_pushed(Pushed pushed);

    struct NewRepository {
        RepositoryName name;
        bool deny_force_push = false;
    };
    // Errors: kResourceConflict (there is one), kLimitExceeded, kUnavailable, kIo.
    io::Task<> create(NewRepository wanted);
    // By name.
    io::Task<std::vector<std::string>> list(model::AccountId account);
    // kResourceNotFound.
    io::Task<RepositoryInfo> get(RepositoryName name);
    io::Task<> remove(RepositoryName name);

    // What a branch is at, and who moved it there; nothing: there is no such branch, or repository.
    io::Task<std::optional<BranchMove>> head_of(RepositoryName name, std::string branch);
    // A folder of a commit ("." is all of it) as a zip that depends on its files alone: the same in
    // every commit that has the same folder. Errors: kResourceNotFound, kRequestTooLarge.
    io::Task<std::string> package(RepositoryName name, std::string commit, std::string folder);
    // A file of a commit. The same errors.
    io::Task<std::string> file(RepositoryName name, std::string commit, std::string path,
                               std::size_t bytes_max);

    // Answers a request of git's. Errors: kResourceNotFound, kTooManyRequests, kUnavailable, kIo.
    io::Task<io::StreamedResponse> serve(io::StreamedRequest request, RepositoryName name,
                                         GitUser user);
    io::Task<io::StreamedResponse> serve_vault(io::StreamedRequest request, GitUser user);

    // Ends what runs.
    asio::awaitable<void> stop();

  private:
    struct Shared;
    class Output;

    explicit Repositories(Parts parts);
    [[nodiscard]] std::filesystem::path folder_of(RepositoryName const& name) const;
    [[nodiscard]] Result<GitProgram const*> git() const;
    // A folder that is there. kResourceNotFound.
    [[nodiscard]] Result<std::filesystem::path> existing(RepositoryName const& name) const;
    io::Task<io::StreamedResponse> serve_folder(io::StreamedRequest request,
                                                std::filesystem::path folder, GitUser user,
                                                std::function<void()> ended);
    // The id of a file or folder in a commit.
    io::Task<std::string> object_at(std::filesystem::path folder, std::string name);
    io::Task<> tidy(RepositoryName name);

    Parts const parts_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace meridian::repositories
