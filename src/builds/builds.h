#pragma once
// A region's builds: a few run, some wait in line, and those that are over are remembered for a
// while. None is written down: a region that is started again has none, and whoever waited for one
// asks again. A build that nobody asks about any more is ended.
//
// Threads: belongs to its executor.

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "builds/build.h"
#include "builds/build_log.h"
#include "builds/build_run.h"
#include "io/one_shot.h"
#include "io/task_scope.h"

namespace meridian::builds {

// A build as whoever asks sees it.
struct BuildNews {
    BuildState state = BuildState::kQueued;
    std::string log = {};            // from where the question said
    std::size_t log_offset = 0;      // where the next question is to go on
    std::string error = {};          // of one that failed
    model::CodeSha256 package = {};  // of one that succeeded
};

class Builds {
  public:
    Builds(BuildParts const& parts, Random& random);
    ~Builds();
    Builds(Builds const&) = delete;
    Builds& operator=(Builds const&) = delete;

    // kTooManyRequests when as many wait as may.
    [[nodiscard]] Result<void> check_room() const;
    // The new build's id. Errors as check_room().
    [[nodiscard]] Result<std::string> submit(BuildRequest request);
    // What is new of `account`'s build `id`: at once if there is log from `offset` on or the build
    // is over, else when there is, or after kNewsWaitMax. kResourceNotFound.
    io::Task<BuildNews> news(model::AccountId account, std::string id, std::size_t offset);
    // What a build that succeeded has made. kResourceNotFound; kResourceConflict for another.
    [[nodiscard]] Result<model::CodeSha256> package(model::AccountId const& account,
                                                    std::string const& id) const;
    // Harmless for one that is over. kResourceNotFound.
    [[nodiscard]] Result<void> cancel(model::AccountId const& account, std::string const& id);

    // Ends all; nothing can be submitted afterwards.
    asio::awaitable<void> stop();

  private:
    struct Build;
    using BuildPtr = std::shared_ptr<Build>;

    [[nodiscard]] Result<BuildPtr> find(model::AccountId const& account,
                                        std::string const& id) const;
    [[nodiscard]] std::size_t running() const;
    void start_next();
    io::Task<> carry_out(BuildPtr build);
    void move(Build& build, BuildEvent event);
    void abandon(BuildPtr const& build);
    // Every question sets the time until it is abandoned or, when it is over, forgotten, anew.
    void watch(BuildPtr const& build);
    void forget_oldest();
    static void tell(Build& build);

    BuildParts const parts_;
    Random& random_;
    std::map<std::string, BuildPtr, std::less<>> builds_;
    std::deque<BuildPtr> queue_;
    std::deque<std::string> finished_;  // the oldest first
    io::TaskScope scope_;
};

}  // namespace meridian::builds
