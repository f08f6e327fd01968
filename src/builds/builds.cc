#include "builds/builds.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/caught.h"

namespace meridian::builds {
namespace {

constexpr std::size_t kIdRandomChars = 16;

// What went wrong inside is for the log, not for the client.
std::string told(Error const& error) {
    if (error.code == Errc::kInvalidParameterValue || error.code == Errc::kUnavailable)
        return error.message;
    return "The build failed for a reason of the region's own, which its server's log has.";
}

}  // namespace

struct Builds::Build {
    Build(asio::any_io_executor const& executor, std::string i, BuildRequest r)
        : id(std::move(i)), request(std::move(r)), attention(executor) {}

    std::string const id;
    BuildRequest const request;
    BuildState state = BuildState::kQueued;
    BuildLog log{kLogBeginningBytesMax, kLogEndBytesMax};
    std::string error = {};
    model::CodeSha256 package = {};
    BuildRun* run = nullptr;  // while it runs
    bool abandoned = false;
    std::vector<std::shared_ptr<io::OneShot<bool>>> waiting = {};
    io::Alarm attention;
};

Builds::Builds(BuildParts const& parts, Random& random)
    : parts_(parts), random_(random), scope_(parts_.executor, parts_.log) {}

Builds::~Builds() = default;

Result<void> Builds::check_room() const {
    if (scope_.stopping()) return fail(Errc::kUnavailable, "The region is stopping.");
    if (queue_.size() < kQueuedBuildsMax) return {};
    return fail(
        Errc::kTooManyRequests,
        fmt::format("{} builds wait already, as many as may. Try again later.", kQueuedBuildsMax));
}

Result<std::string> Builds::submit(BuildRequest request) {
    MERIDIAN_CHECK(check_room());
    auto id = "b-" + make_token(random_, kLowerHex, kIdRandomChars);
    auto const build = std::make_shared<Build>(parts_.executor, id, std::move(request));
    builds_.emplace(id, build);
    queue_.push_back(build);
    watch(build);
    start_next();
    return id;
}

Result<Builds::BuildPtr> Builds::find(model::AccountId const& account,
                                      std::string const& id) const {
    auto const found = builds_.find(id);
    if (found == builds_.end() || found->second->request.account != account) {
        return fail(Errc::kResourceNotFound,
                    fmt::format("There is no build {} (any more): builds end with their region's "
                                "server, and are forgotten some time after their end.",
                                id));
    }
    return found->second;
}

std::size_t Builds::running() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        builds_, [](auto const& each) { return each.second->state == BuildState::kRunning; }));
}

void Builds::start_next() {
    while (!queue_.empty() && running() < kRunningBuildsMax && !scope_.stopping()) {
        auto const build = queue_.front();
        queue_.pop_front();
        move(*build, BuildEvent::kStarted);
        scope_.spawn("build", carry_out(build));
    }
}

io::Task<> Builds::carry_out(BuildPtr build) {
    BuildRun run(parts_, build->request, [build](std::string_view bytes) {
        build->log.append(bytes);
        tell(*build);
    });
    build->run = &run;
    if (build->abandoned) run.cancel();
    // Whatever it throws: its place must not stay taken.
    auto done = co_await io::caught(run.run());
    build->run = nullptr;
    build->log.finish();
    if (done) {
        build->package = std::move(*done);
        move(*build, BuildEvent::kPackaged);
    } else if (done.error().code == Errc::kCancelled) {
        move(*build, BuildEvent::kAbandoned);
    } else {
        if (done.error().code != Errc::kInvalidParameterValue) {
            parts_.log.write(LogLevel::kError, "a build failed inside",
                             {{"build", build->id}, {"error", done.error().message}});
        }
        build->error = told(done.error());
        move(*build, BuildEvent::kBroken);
    }
    start_next();
    co_return Result<void>{};
}

void Builds::move(Build& build, BuildEvent event) {
    auto const to = next_state(kBuildTransitions, build.state, event);
    if (!to) {
        parts_.log.write(LogLevel::kError, "a build's event was refused",
                         {{"build", build.id}, {"state", std::string(name_of(build.state))}});
        return;
    }
    build.state = *to;
    if (is_over(*to)) {
        build.log.finish();
        finished_.push_back(build.id);
        watch(builds_.at(build.id));
        forget_oldest();
    }
    tell(build);
}

void Builds::forget_oldest() {
    while (finished_.size() > kFinishedBuildsMax) {
        builds_.erase(finished_.front());
        finished_.pop_front();
    }
}

void Builds::watch(BuildPtr const& build) {
    std::weak_ptr<Build> const weak = build;
    if (is_over(build->state)) {
        build->attention.set(kFinishedKept, [this, weak] {
            auto const self = weak.lock();
            if (!self) return;
            std::erase(finished_, self->id);
            builds_.erase(self->id);
        });
        return;
    }
    build->attention.set(kUnattendedMax, [this, weak] {
        if (auto const self = weak.lock()) abandon(self);
    });
}

void Builds::abandon(BuildPtr const& build) {
    build->abandoned = true;
    if (build->run != nullptr) {
        build->run->cancel();
    } else if (build->state == BuildState::kQueued) {
        std::erase(queue_, build);
        move(*build, BuildEvent::kAbandoned);
    }
}

void Builds::tell(Build& build) {
    for (auto const& waiter : std::exchange(build.waiting, {})) waiter->set(true);
}

io::Task<BuildNews> Builds::news(model::AccountId account, std::string id, std::size_t offset) {
    MERIDIAN_CO_TRY(auto const build, find(account, id));
    // Nobody is away while a question is open.
    build->attention.cancel();
    bool patient = true;
    io::Alarm patience(parts_.executor);
    patience.set(kNewsWaitMax, [&patient, build] {
        patient = false;
        tell(*build);
    });
    while (patient && !is_over(build->state) && build->log.shown_from(offset).empty()) {
        auto const next = std::make_shared<io::OneShot<bool>>();
        build->waiting.push_back(next);
        MERIDIAN_CO_CHECK(co_await next->wait());
    }
    if (builds_.contains(id)) watch(build);
    auto const shown = build->log.shown_from(offset);
    co_return BuildNews{.state = build->state,
                        .log = std::string(shown),
                        .log_offset = offset + shown.size(),
                        .error = build->error,
                        .package = build->package};
}

Result<model::CodeSha256> Builds::package(model::AccountId const& account,
                                          std::string const& id) const {
    MERIDIAN_TRY(auto const build, find(account, id));
    if (build->state != BuildState::kSucceeded) {
        return fail(Errc::kResourceConflict,
                    fmt::format("Build {} has no package: it is {}.", id, name_of(build->state)));
    }
    return build->package;
}

Result<void> Builds::cancel(model::AccountId const& account, std::string const& id) {
    MERIDIAN_TRY(auto const build, find(account, id));
    abandon(build);
    return {};
}

asio::awaitable<void> Builds::stop() {
    for (auto const& build : std::exchange(queue_, {})) move(*build, BuildEvent::kAbandoned);
    for (auto const& [id, build] : builds_) {
        if (build->run != nullptr) build->run->cancel();
    }
    co_await scope_.stop();
}

}  // namespace meridian::builds
