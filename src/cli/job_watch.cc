#include "cli/job_watch.h"

#include <cstdio>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/progress.h"
#include "io/interrupt.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

// How long the server is asked to wait for a job's end before it says how far it is.
constexpr int kWaitSeconds = 1;
// In a pipe, between two lines.
constexpr auto kPlainInterval = std::chrono::seconds(3);

void print_error_stream(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

std::string job_path(std::string const& id) { return "vault/jobs/" + wire::percent_encoded(id); }

bool is_running(json const& job) { return job.value("State", "") == "Running"; }

deploy::Progress progress_of(json const& job) {
    auto const progress = job.value("Progress", json::object());
    auto const done = progress.value("Done", std::uint64_t{0});
    auto const total = progress.value("Total", std::uint64_t{0});
    deploy::Progress out{.text = job_progress_text(job)};
    out.done = total == 0 ? 0.0 : static_cast<double>(done) / static_cast<double>(total);
    out.remaining = std::chrono::seconds(progress.value("SecondsLeft", std::int64_t{0}));
    return out;
}

io::Task<json> poll(Connection connection, Clock const& clock, std::string id, Output output) {
    bool const terminal = ::isatty(STDERR_FILENO) == 1;
    ProgressLine line(print_error_stream, {.terminal = terminal, .silent = output.json});
    auto const begun = clock.monotonic_now();
    auto shown = begun;
    auto const path = fmt::format("{}?wait={}", job_path(id), kWaitSeconds);
    for (;;) {
        MERIDIAN_CO_TRY(auto job, co_await ask(connection, clock, "GET", path));
        if (!is_running(job)) co_return job;
        auto const now = clock.monotonic_now();
        if (!terminal && now - shown < kPlainInterval) continue;
        shown = now;
        auto progress = progress_of(job);
        if (!terminal && progress.remaining.count() > 0)
            progress.text += fmt::format(", {} left", duration_text(progress.remaining));
        line.show(progress);
    }
}

// What a cancelled job leaves, and the way on or back.
std::string what_stays(json const& job, std::string const& region) {
    auto const kind = job.value("Kind", "");
    if (kind == "Restore") {
        // Moments are whole seconds: the one before has nothing of it.
        auto const began = wire::parse_iso8601(job.value("Began", ""));
        return fmt::format(
            "What it had written stays. The same restore again does what is left; the way back: "
            "meridian restore --at {} --exact --region {}",
            began ? wire::format_iso8601(*began - std::chrono::seconds(1)) : "BEFORE", region);
    }
    if (kind == "Backup") {
        return fmt::format(
            "What it had made and sent stays (meridian backup list --region {}); the next backup "
            "sends the rest.",
            region);
    }
    return "Nothing is kept of it.";
}

Result<void> outcome_of(json const& job, std::string const& region) {
    auto const state = job.value("State", "");
    if (state == "Succeeded") return {};
    auto text = job.value("Error", "it failed");
    if (state == "Cancelled") text += " " + what_stays(job, region);
    return fail(Errc::kUnavailable, std::move(text));
}

std::string job_line(json const& job) {
    auto text = fmt::format("{}  {:<8} {:<10} {}  {}", job.value("Id", ""), job.value("Kind", ""),
                            job.value("State", ""), job.value("Began", ""), job.value("By", ""));
    auto const more = is_running(job) ? job_progress_text(job) : job.value("Error", "");
    return fmt::format("{}{}{}\n", text, more.empty() ? "" : "  ", more);
}

}  // namespace

std::string job_progress_text(json const& job) {
    auto const progress = job.value("Progress", json::object());
    auto doing = progress.value("Doing", "");
    auto const total = progress.value("Total", std::uint64_t{0});
    if (total == 0) return doing;
    return fmt::format("{}/{} {}", progress.value("Done", std::uint64_t{0}), total, doing);
}

io::Task<json> follow_job(Connection connection, Clock const& clock, std::string id,
                          Output output) {
    using asio::experimental::awaitable_operators::operator||;
    auto const region = connection.region;
    auto first = co_await (poll(std::move(connection), clock, id, output) || io::interrupted());
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return fail(Errc::kCancelled,
                   fmt::format("{0} goes on without you. Follow it with: meridian job watch {0} "
                               "--region {1}; end it with: meridian job cancel {0} --region {1}",
                               id, region));
}

io::Task<json> run_job(Connection connection, Clock const& clock, std::string path, json body,
                       Output output) {
    MERIDIAN_CO_TRY(auto const begun,
                    co_await ask(connection, clock, "POST", std::move(path), std::move(body)));
    MERIDIAN_CO_TRY(auto job,
                    co_await follow_job(connection, clock, begun.value("Id", ""), output));
    MERIDIAN_CO_CHECK(outcome_of(job, connection.region));
    co_return job.value("Result", json::object());
}

io::Task<> list_jobs(Connection connection, Clock const& clock, Output output) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "GET", "vault/jobs"));
    if (output.json) {
        print_json(output, answer);
    } else {
        for (auto const& job : answer.value("Jobs", json::array())) output.print(job_line(job));
    }
    co_return Result<void>{};
}

io::Task<> show_job(Connection connection, Clock const& clock, std::string id, Output output) {
    MERIDIAN_CO_TRY(auto const job,
                    co_await ask(std::move(connection), clock, "GET", job_path(id)));
    if (output.json) {
        print_json(output, job);
    } else {
        output.print(job_line(job));
    }
    co_return Result<void>{};
}

io::Task<> watch_job(Connection connection, Clock const& clock, std::string id, Output output) {
    MERIDIAN_CO_TRY(auto const job, co_await follow_job(connection, clock, std::move(id), output));
    if (output.json) {
        print_json(output, job);
    } else {
        output.print(job_line(job));
    }
    co_return outcome_of(job, connection.region);
}

io::Task<> cancel_job(Connection connection, Clock const& clock, std::string id, Output output) {
    if (output.dry_run) {
        MERIDIAN_CO_TRY(auto const job, co_await ask(connection, clock, "GET", job_path(id)));
        if (!is_running(job)) {
            co_return fail(Errc::kResourceConflict, fmt::format("The job {} is over already: {}.",
                                                                id, job.value("State", "")));
        }
        say_intent(output, fmt::format("cancel {}", id));
        co_return Result<void>{};
    }
    MERIDIAN_CO_CHECK(
        co_await ask(connection, clock, "POST", job_path(id) + "/cancel", json::object()));
    MERIDIAN_CO_TRY(auto const job, co_await follow_job(connection, clock, id, output));
    auto const state = job.value("State", "");
    if (state != "Cancelled") {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("{} was over before it could stop: {}. {}", id, state,
                                   job.value("Error", "")));
    }
    if (output.json) {
        print_json(output, job);
    } else {
        output.print(fmt::format("{}{}\n", job_line(job), what_stays(job, connection.region)));
    }
    co_return Result<void>{};
}

}  // namespace meridian::cli
