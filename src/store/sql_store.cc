#include "store/sql_store.h"

#include <chrono>
#include <span>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "store/sql.h"
#include "store/sql_packages.h"
#include "store/sql_reads.h"
#include "store/sql_writer.h"
#include "store/work_queue.h"

namespace meridian::store {
namespace {

// Transactions in one COMMIT at most: what the last of them waits for the others.
constexpr std::size_t kGroupMax = 512;

// After a group of many the next is let grow until it is good: its sync and what its transactions
// share cost the processor as much as six transactions do (measured). Nobody waits who writes
// alone. Where a wait brought too few, because there are no more callers, the next groups go on in
// haste: they would wait in vain.
constexpr std::size_t kGroupMany = 8;
constexpr std::size_t kGroupGood = 24;
constexpr std::chrono::microseconds kGroupPatience{2'000};
constexpr std::size_t kGroupsInHaste = 64;

// Nobody has written for so long: likely nobody will in the next moment.
constexpr std::chrono::milliseconds kIdle{100};

using ReadJob = std::move_only_function<void(SqlConnection&)>;

// The handler of an asynchronous operation as a function that any thread may call once; the
// awaiting coroutine then resumes on its own executor.
template <typename Outcome, typename Handler>
std::move_only_function<void(Outcome)> completion_of(Handler handler) {
    auto executor = asio::get_associated_executor(handler);
    return [handler = std::move(handler), executor](Outcome outcome) mutable {
        asio::post(executor,
                   [handler = std::move(handler), outcome = std::move(outcome)]() mutable {
                       std::move(handler)(std::move(outcome));
                   });
    };
}

// The jobs that follow each other on one executor share a call of it: its thread is woken once.
void complete(std::span<WriteJob> jobs, std::vector<Result<Sequence>> outcomes) {
    for (std::size_t at = 0; at < jobs.size();) {
        auto const executor = jobs[at].executor;
        std::vector<std::pair<decltype(WriteJob::complete), Result<Sequence>>> together;
        for (; at < jobs.size() && jobs[at].executor == executor; ++at)
            together.emplace_back(std::move(jobs[at].complete), std::move(outcomes[at]));
        asio::post(executor, [together = std::move(together)]() mutable {
            for (auto& [each, outcome] : together) each(std::move(outcome));
        });
    }
}

Error overloaded() {
    return {Errc::kUnavailable, "The service is overloaded: too many requests wait for the store."};
}

}  // namespace

struct SqlStore::State {
    State(Parts parts_in, Clock const& clock_in, Log& log_in, std::size_t queue_max)
        : index(std::move(parts_in.index)),
          seal(parts_in.seal),
          clock(clock_in),
          log(log_in),
          writes(queue_max),
          reads(queue_max) {}
    ~State() {
        // Each thread empties its queue, ends, and closes its connection. The writer's is the last,
        // so that SQLite moves the whole write-ahead log into the database.
        reads.close();
        readers.clear();
        writes.close();
    }

    // What was read, as callers see it.
    template <typename Read>
    Result<Read> opened(Result<Read> read) const {
        if (read && seal != nullptr) seal->open(*read);
        return read;
    }

    std::unique_ptr<PackageIndex> const index;
    RecordSeal const* const seal;
    Clock const& clock;
    Log& log;
    WorkQueue<WriteJob> writes;
    WorkQueue<ReadJob> reads;
    std::vector<std::jthread> readers;
    std::jthread writer;
};

SqlStore::SqlStore(Parts parts, Clock const& clock, Log& log, std::size_t queue_max) {
    auto writer = std::move(parts.writer);
    auto readers = std::move(parts.readers);
    state_ = std::make_unique<State>(std::move(parts), clock, log, queue_max);
    for (auto& reader : readers) {
        state_->readers.emplace_back(
            [state = state_.get(), connection = std::move(reader)]() mutable {
                for (auto jobs = state->reads.pop(1); !jobs.empty(); jobs = state->reads.pop(1)) {
                    jobs.front()(*connection);
                }
            });
    }
    state_->writer = std::jthread([state = state_.get(), connection = std::move(writer)]() mutable {
        GroupCommit group(*connection, *state->index, state->seal, state->log);
        std::size_t last = 0;
        std::size_t in_haste = 0;  // groups to come
        auto const next = [&] {
            bool const waits = last >= kGroupMany && in_haste == 0;
            auto jobs = waits ? state->writes.pop(kGroupMax, kGroupGood, kGroupPatience)
                              : state->writes.pop(kGroupMax);
            last = jobs.size();
            if (in_haste > 0) --in_haste;
            if (waits && last < kGroupGood) in_haste = kGroupsInHaste;
            return jobs;
        };
        for (auto jobs = next(); !jobs.empty(); jobs = next()) {
            complete(jobs, group.write(jobs));
            if (!state->writes.comes_within(kIdle)) connection->tidy();
        }
    });
}

SqlStore::~SqlStore() = default;

template <typename Read>
auto SqlStore::on_reader(Read read) -> asio::awaitable<std::invoke_result_t<Read, SqlConnection&>> {
    using Outcome = std::invoke_result_t<Read, SqlConnection&>;
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable) const, void(Outcome)>(
        [state = state_.get()](auto handler, Read work) {
            // A function object of its own, so that a job which is refused can still be completed.
            struct Job {
                Read read;
                std::move_only_function<void(Outcome)> complete;
            };
            auto job =
                std::make_shared<Job>(std::move(work), completion_of<Outcome>(std::move(handler)));
            ReadJob run = [job](SqlConnection& connection) {
                job->complete(job->read(connection));
            };
            if (!state->reads.push(run)) job->complete(std::unexpected(overloaded()));
        },
        asio::use_awaitable, std::move(read));
}

io::Task<std::optional<Record>> SqlStore::get(Key key) {
    co_return co_await on_reader(
        [key = std::move(key), state = state_.get()](SqlConnection& connection) {
            return state->opened(read_record(connection, key));
        });
}

io::Task<std::optional<nlohmann::json>> SqlStore::epitaph(Key key) {
    co_return co_await on_reader([key = std::move(key)](SqlConnection& connection) {
        return read_epitaph(connection, key);
    });
}

io::Task<std::vector<Record>> SqlStore::scan(Scan scan) {
    co_return co_await on_reader(
        [scan = std::move(scan), state = state_.get()](SqlConnection& connection) {
            return state->opened(read_range(connection, scan));
        });
}

io::Task<std::vector<Record>> SqlStore::scan_all(Kind kind) {
    co_return co_await on_reader([kind, state = state_.get()](SqlConnection& connection) {
        return state->opened(read_kind(connection, kind));
    });
}

io::Task<std::uint64_t> SqlStore::count(model::AccountId account, Kind kind) {
    co_return co_await on_reader([account = std::move(account), kind](SqlConnection& connection) {
        return read_count(connection, account, kind);
    });
}

io::Task<std::vector<LogEntry>> SqlStore::read_log(LogName log, Sequence after, std::size_t limit) {
    co_return co_await on_reader(
        [log, after, limit, state = state_.get()](SqlConnection& connection) {
            return state->opened(read_entries(connection, log, after, limit));
        });
}

io::Task<Sequence> SqlStore::last_sequence(LogName log) {
    co_return co_await on_reader(
        [log](SqlConnection& connection) { return read_last_sequence(connection, log); });
}

io::Task<std::optional<std::string>> SqlStore::get_package(model::CodeSha256 sha256) {
    co_return co_await on_reader(
        [sha256 = std::move(sha256), state = state_.get()](SqlConnection& connection) {
            return read_package(connection, *state->index, sha256);
        });
}

io::Task<std::vector<model::CodeSha256>> SqlStore::old_packages(WallTime before) {
    co_return co_await on_reader(
        [before](SqlConnection& connection) { return read_old_packages(connection, before); });
}

namespace {

io::Task<Sequence> enqueue(WorkQueue<WriteJob>& writes, WriteJob::Work work) {
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable) const,
                                            void(Result<Sequence>)>(
        [&writes](auto handler, WriteJob::Work what) {
            auto executor = asio::get_associated_executor(handler);
            WriteJob job{std::move(what), std::move(handler), std::move(executor)};
            if (writes.push(job)) return;
            complete(std::span(&job, 1), {std::unexpected(overloaded())});
        },
        asio::use_awaitable, std::move(work));
}

}  // namespace

io::Task<Sequence> SqlStore::commit(Transaction transaction) {
    // The time is read here: a Clock in a test belongs to the caller's thread.
    WriteJob::Commit work{std::move(transaction), state_->clock.wall_now()};
    co_return co_await enqueue(state_->writes, std::move(work));
}

io::Task<> SqlStore::apply(LogEntry entry) {
    MERIDIAN_CO_CHECK(co_await enqueue(state_->writes, std::move(entry)));
    co_return Result<void>{};
}

io::Task<> SqlStore::remove_packages(std::vector<model::CodeSha256> packages, WallTime before) {
    WriteJob::PackageRemoval removal{std::move(packages), before};
    MERIDIAN_CO_CHECK(co_await enqueue(state_->writes, std::move(removal)));
    co_return Result<void>{};
}

}  // namespace meridian::store
