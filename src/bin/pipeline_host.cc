#include "bin/pipeline_host.h"

#include <fmt/format.h>

#include "api/pipeline_actions.h"
#include "bin/pipeline_runner.h"
#include "io/child_process.h"

namespace meridian::bin {
namespace {

namespace fs = std::filesystem;

// A longer line is cut into several.
constexpr std::size_t kLogLineBytesMax = 16UL * 1024;

}  // namespace

io::Task<std::optional<pipeline::BranchHead>> RepositorySources::head(model::AccountId account,
                                                                      std::string repository,
                                                                      std::string branch) {
    MERIDIAN_CO_TRY(auto const move,
                    co_await repositories_.head_of({std::move(account), std::move(repository)},
                                                   std::move(branch)));
    if (!move) co_return std::nullopt;
    co_return pipeline::BranchHead{.commit = move->commit,
                                   .by = {.arn = move->by.arn, .user_id = move->by.user_id}};
}

io::Task<std::string> RepositorySources::file(model::AccountId account, std::string repository,
                                              std::string commit, std::string path,
                                              std::size_t bytes_max) {
    return repositories_.file({std::move(account), std::move(repository)}, std::move(commit),
                              std::move(path), bytes_max);
}

// Whole lines of `text` go to the log; what is left of it stays.
void ProcessRunners::keep_lines(model::AccountId const& account,
                                pipeline::Execution const& execution, std::string& text,
                                bool all) const {
    std::vector<telemetry::LogEvent> events;
    std::size_t begin = 0;
    while (begin < text.size()) {
        auto end = text.find('\n', begin);
        bool const whole = end != std::string::npos;
        if (!whole && !all && text.size() - begin < kLogLineBytesMax) break;
        if (!whole) end = text.size();
        end = std::min(end, begin + kLogLineBytesMax);
        events.push_back({parts_.clock.wall_now(), text.substr(begin, end - begin)});
        begin = end;
        if (begin < text.size() && text[begin] == '\n') ++begin;
    }
    text.erase(0, begin);
    if (events.empty()) return;
    parts_.logs.append(
        telemetry::accounts_group(account,
                                  fmt::format("{}/{}", api::kPipelineLogGroup, execution.pipeline)),
        execution.id(), events);
}

Result<std::unique_ptr<ProcessRunners>> ProcessRunners::open(Parts parts) {
    std::error_code error;
    fs::remove_all(parts.directory, error);
    fs::create_directories(parts.directory, error);
    if (error) {
        return fail(Errc::kIo,
                    fmt::format("cannot make {}: {}", parts.directory.string(), error.message()));
    }
    return std::unique_ptr<ProcessRunners>(new ProcessRunners(std::move(parts)));
}

io::Task<> ProcessRunners::run(model::AccountId account, pipeline::Execution execution) {
    // No two runners of one execution are there at a time.
    auto const folder = parts_.directory / account.value() /
                        fmt::format("{}-{}", execution.pipeline, execution.number);
    MERIDIAN_CO_CHECK(co_await io::blocking(parts_.pool, [folder]() -> Result<void> {
        std::error_code error;
        fs::remove_all(folder, error);
        fs::create_directories(folder, error);
        if (!error) return {};
        return fail(Errc::kIo, fmt::format("cannot make {}: {}", folder.string(), error.message()));
    }));
    auto const done = co_await run_in(account, execution, folder);
    (void)co_await io::blocking(parts_.pool, [folder]() -> Result<void> {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
        return {};
    });
    co_return done;
}

io::Task<> ProcessRunners::run_in(model::AccountId const& account,
                                  pipeline::Execution const& execution, fs::path const& folder) {
    MERIDIAN_CO_TRY(auto const keys, make_working_session(parts_.sessions, execution.by.arn,
                                                          execution.by.user_id, kRunnerLifetime));
    MERIDIAN_CO_TRY(
        auto child,
        io::ChildProcess::start(parts_.executor,
                                {.arguments = pipeline_runner_command(execution.id(), folder),
                                 .environment = {"AWS_ACCESS_KEY_ID=" + keys.access_key_id.value(),
                                                 "AWS_SECRET_ACCESS_KEY=" + keys.secret_access_key,
                                                 "AWS_SESSION_TOKEN=" + keys.session_token,
                                                 "AWS_REGION=" + parts_.region.value(),
                                                 "AWS_ENDPOINT_URL=" + parts_.endpoint,
                                                 "HOME=/nonexistent", "LC_ALL=C"},
                                 .lifeline = true,
                                 .time_max = kRunnerLifetime}));
    std::string text;
    for (;;) {
        MERIDIAN_CO_TRY(auto const piece, co_await child.read());
        text += piece;
        keep_lines(account, execution, text, piece.empty());
        if (piece.empty()) break;
    }
    MERIDIAN_CO_TRY(auto const status, co_await child.wait());
    if (status == 0) co_return Result<void>{};
    auto errors = child.errors();
    while (errors.ends_with('\n')) errors.pop_back();
    auto said = errors;
    keep_lines(account, execution, said, true);
    co_return fail(Errc::kUnavailable,
                   fmt::format("its runner ended with status {}: {}", status, errors));
}

}  // namespace meridian::bin
