#include "vault/jobs.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/assert.h"
#include "io/caught.h"
#include "io/durable_file.h"

namespace meridian::vault {
namespace {

namespace fs = std::filesystem;

constexpr char kJobFileSuffix[] = ".json";
constexpr std::string_view kJobIdAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::size_t kJobIdChars = 9;

bool is_over(Job const& job) { return job.state != JobState::kRunning; }

// Where a job stood when it was cancelled.
std::string cancelled_text(Job const& job, Progress::Now const& now) {
    auto text = fmt::format("It was cancelled by {}", job.cancelled_by);
    if (!now.doing.empty() && now.total != 0)
        return fmt::format("{} at {}/{} {}.", text, now.done, now.total, now.doing);
    return now.doing.empty() ? text + "." : fmt::format("{} while {}.", text, now.doing);
}

std::unexpected<Error> no_job(std::string const& id) {
    return fail(Errc::kResourceNotFound, fmt::format("There is no job {}.", id));
}

}  // namespace

Jobs::Jobs(Parts parts) : parts_(std::move(parts)), running_(parts_.executor, parts_.log) {}

Result<std::unique_ptr<Jobs>> Jobs::open(Parts parts) {
    std::unique_ptr<Jobs> jobs(new Jobs(std::move(parts)));
    auto const& directory = jobs->parts_.directory;
    std::error_code error;
    fs::create_directories(directory, error);
    if (!error) fs::permissions(directory, fs::perms::owner_all, error);
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().extension() != kJobFileSuffix) continue;
        std::ifstream in(at->path(), std::ios::binary);
        std::string const text(std::istreambuf_iterator<char>(in), {});
        auto job = parse_job(text, jobs->parts_.key);
        if (!job) {
            jobs->parts_.log.write(LogLevel::kError, "a job of an earlier start is left alone",
                                   {{"file", at->path().string()}, {"error", job.error().message}});
            continue;
        }
        auto entry = std::make_shared<Entry>();
        entry->job = std::move(*job);
        entry->progress = std::make_shared<Progress>(jobs->parts_.clock);
        jobs->entries_[entry->job.id] = std::move(entry);
    }
    if (!error) return jobs;
    return fail(Errc::kIo,
                fmt::format("cannot look into {}: {}", directory.string(), error.message()));
}

void Jobs::begin(Run run) {
    run_ = std::move(run);
    for (auto const& [id, entry] : entries_) {
        if (is_over(entry->job)) continue;
        ++entry->job.starts;
        spawn(entry);
    }
}

asio::awaitable<void> Jobs::stop() {
    for (auto const& [id, entry] : entries_) entry->progress->stop();
    co_await running_.stop();
}

io::Task<Job> Jobs::cancel(Cancel wish) {
    auto const found = entries_.find(wish.id);
    if (found == entries_.end() || found->second->job.account != wish.account)
        co_return no_job(wish.id);
    auto const entry = found->second;
    auto& job = entry->job;
    while (entry->ending && !is_over(job)) {
        MERIDIAN_CO_CHECK(co_await entry->over.wait(entry->over.generation()));
    }
    if (is_over(job)) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("The job {} is over already: {}.", wish.id, name_of(job.state)));
    }
    if (!job.cancelled_by.empty()) co_return job;
    job.cancelled_by = std::move(wish.by);
    auto const saved = co_await save(*entry, job);
    if (!saved) {
        job.cancelled_by.clear();
        co_return std::unexpected(saved.error());
    }
    entry->progress->stop();
    co_return job;
}

std::string Jobs::free_id() const {
    for (;;) {
        auto id = "j-" + make_token(parts_.random, kJobIdAlphabet, kJobIdChars);
        if (!entries_.contains(id)) return id;
    }
}

io::Task<Job> Jobs::start(Wish wish) {
    MERIDIAN_ASSERT(run_ != nullptr);
    auto const running = std::ranges::count_if(
        entries_, [](auto const& each) { return !is_over(each.second->job); });
    if (static_cast<std::size_t>(running) >= kJobsRunningMax) {
        co_return fail(Errc::kTooManyRequests,
                       fmt::format("{} jobs run already: wait for one of them.", running));
    }
    auto entry = std::make_shared<Entry>();
    entry->job = {.id = free_id(),
                  .kind = wish.kind,
                  .account = std::move(wish.account),
                  .by = std::move(wish.by),
                  .request = std::move(wish.request),
                  .began = parts_.clock.wall_now(),
                  .starts = 1};
    entry->progress = std::make_shared<Progress>(parts_.clock);
    entries_[entry->job.id] = entry;
    auto const saved = co_await save(*entry, entry->job);
    if (!saved) {
        entries_.erase(entry->job.id);
        co_return std::unexpected(saved.error());
    }
    spawn(entry);
    co_return entry->job;
}

void Jobs::spawn(std::shared_ptr<Entry> entry) {
    auto name = fmt::format("job {}", entry->job.id);
    running_.spawn(std::move(name), run(std::move(entry)));
}

io::Task<> Jobs::run(std::shared_ptr<Entry> entry) {
    auto& job = entry->job;
    // A job that threw is over, too: somebody waits for it, and it would begin again for ever.
    auto done = co_await io::caught(result_of(*entry));
    bool const stopped = !done && done.error().code == Errc::kCancelled;
    // It goes on at the next start.
    if (!done && (running_.stopping() || (stopped && job.cancelled_by.empty())))
        co_return std::unexpected(done.error());
    auto over = job;
    over.ended = parts_.clock.wall_now();
    if (done) {
        over.state = JobState::kSucceeded;
        over.result = std::move(*done);
    } else if (stopped) {
        over.state = JobState::kCancelled;
        over.error = cancelled_text(job, entry->progress->now());
        parts_.log.write(
            LogLevel::kInfo, "a job was cancelled",
            {{"job", job.id}, {"kind", std::string(name_of(job.kind))}, {"by", job.cancelled_by}});
    } else {
        over.state = JobState::kFailed;
        over.error = done.error().message;
        parts_.log.write(LogLevel::kError, "a job failed",
                         {{"job", job.id},
                          {"kind", std::string(name_of(job.kind))},
                          {"error", done.error().message}});
    }
    // What cannot be written down is told all the same; after a crash it would begin again.
    entry->ending = true;
    auto const saved = co_await save(*entry, over);
    job = std::move(over);
    entry->over.raise();
    MERIDIAN_CO_CHECK(saved);
    co_return co_await forget_old();
}

io::Task<nlohmann::json> Jobs::result_of(Entry& entry) {
    auto const& job = entry.job;
    // A stop came between the wish and its fulfilment.
    if (!job.cancelled_by.empty()) co_return fail(Errc::kCancelled, "It was cancelled.");
    if (job.starts > kJobStartsMax)
        co_return fail(Errc::kInternal, fmt::format("It was interrupted {} times.", kJobStartsMax));
    if (job.starts > 1) {
        parts_.log.write(LogLevel::kInfo, "a job that was interrupted begins again",
                         {{"job", job.id}, {"kind", std::string(name_of(job.kind))}});
        MERIDIAN_CO_CHECK(co_await save(entry, job));
    }
    co_return co_await run_(job, entry.progress);
}

io::Task<> Jobs::save(Entry& entry, Job job) {
    while (entry.saving) {
        MERIDIAN_CO_CHECK(co_await entry.saved.wait(entry.saved.generation()));
    }
    entry.saving = true;
    auto path = parts_.directory / (job.id + kJobFileSuffix);
    auto text = format_job(job, parts_.key, parts_.random);
    auto const written =
        co_await io::blocking(parts_.pool, [path = std::move(path), text = std::move(text)] {
            return io::write_file_durably(path, text);
        });
    entry.saving = false;
    entry.saved.raise();
    co_return written;
}

io::Task<> Jobs::forget_old() {
    std::vector<Entry const*> over;
    for (auto const& [id, entry] : entries_) {
        if (is_over(entry->job)) over.push_back(entry.get());
    }
    if (over.size() <= kJobsKept) co_return Result<void>{};
    std::ranges::sort(over, {}, [](Entry const* entry) { return entry->job.began; });
    over.resize(over.size() - kJobsKept);
    std::vector<fs::path> files;
    for (auto const* const entry : over) {
        auto const id = entry->job.id;
        files.push_back(parts_.directory / (id + kJobFileSuffix));
        entries_.erase(id);
    }
    co_return co_await io::blocking(parts_.pool, [files = std::move(files)]() -> Result<void> {
        for (auto const& file : files) {
            std::error_code error;
            fs::remove(file, error);
            if (error)
                return fail(Errc::kIo,
                            fmt::format("cannot remove {}: {}", file.string(), error.message()));
        }
        return {};
    });
}

Result<Jobs::Shown> Jobs::find(model::AccountId const& account, std::string const& id) const {
    auto const found = entries_.find(id);
    if (found == entries_.end() || found->second->job.account != account) return no_job(id);
    return Shown{found->second->job, found->second->progress->now()};
}

io::Task<Jobs::Shown> Jobs::wait(model::AccountId account, std::string id,
                                 std::chrono::steady_clock::duration at_most) {
    auto const found = entries_.find(id);
    if (found == entries_.end() || found->second->job.account != account) co_return no_job(id);
    auto const entry = found->second;
    auto const seen = entry->over.generation();
    if (!is_over(entry->job)) {
        MERIDIAN_CO_CHECK(co_await entry->over.wait_for(seen, at_most));
    }
    co_return Shown{entry->job, entry->progress->now()};
}

std::vector<Jobs::Shown> Jobs::list(model::AccountId const& account) const {
    std::vector<Shown> out;
    for (auto const& [id, entry] : entries_) {
        if (entry->job.account == account) out.push_back({entry->job, entry->progress->now()});
    }
    std::ranges::sort(out, {},
                      [](Shown const& shown) { return std::pair(shown.job.began, shown.job.id); });
    return out;
}

}  // namespace meridian::vault
