#include "store/sql_store.h"

#include <thread>
#include <type_traits>
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

Error overloaded() {
    return {Errc::kUnavailable, "The service is overloaded: too many requests wait for the store."};
}

}  // namespace

struct SqlStore::State {
    State(Clock const& clock_in, Log& log_in, std::size_t queue_max)
        : clock(clock_in), log(log_in), writes(queue_max), reads(queue_max) {}
    ~State() {
        // Each thread empties its queue, ends, and closes its connection. The writer's is the last,
        // so that SQLite moves the whole write-ahead log into the database.
        reads.close();
        readers.clear();
        writes.close();
    }

    Clock const& clock;
    Log& log;
    WorkQueue<WriteJob> writes;
    WorkQueue<ReadJob> reads;
    std::vector<std::jthread> readers;
    std::jthread writer;
};

SqlStore::SqlStore(std::unique_ptr<SqlConnection> writer,
                   std::vector<std::unique_ptr<SqlConnection>> readers, Clock const& clock,
                   Log& log, std::size_t queue_max)
    : state_(std::make_unique<State>(clock, log, queue_max)) {
    for (auto& reader : readers) {
        state_->readers.emplace_back(
            [state = state_.get(), connection = std::move(reader)]() mutable {
                for (auto jobs = state->reads.pop(1); !jobs.empty(); jobs = state->reads.pop(1)) {
                    jobs.front()(*connection);
                }
            });
    }
    state_->writer = std::jthread([state = state_.get(), connection = std::move(writer)]() mutable {
        for (auto jobs = state->writes.pop(kGroupMax); !jobs.empty();
             jobs = state->writes.pop(kGroupMax)) {
            write_group(*connection, jobs, state->log);
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
        [key = std::move(key)](SqlConnection& connection) { return read_record(connection, key); });
}

io::Task<std::optional<nlohmann::json>> SqlStore::epitaph(Key key) {
    co_return co_await on_reader([key = std::move(key)](SqlConnection& connection) {
        return read_epitaph(connection, key);
    });
}

io::Task<std::vector<Record>> SqlStore::scan(Scan scan) {
    co_return co_await on_reader([scan = std::move(scan)](SqlConnection& connection) {
        return read_range(connection, scan);
    });
}

io::Task<std::vector<Record>> SqlStore::scan_all(Kind kind) {
    co_return co_await on_reader(
        [kind](SqlConnection& connection) { return read_kind(connection, kind); });
}

io::Task<std::uint64_t> SqlStore::count(model::AccountId account, Kind kind) {
    co_return co_await on_reader([account = std::move(account), kind](SqlConnection& connection) {
        return read_count(connection, account, kind);
    });
}

io::Task<std::vector<LogEntry>> SqlStore::read_log(LogName log, Sequence after, std::size_t limit) {
    co_return co_await on_reader([log, after, limit](SqlConnection& connection) {
        return read_entries(connection, log, after, limit);
    });
}

io::Task<Sequence> SqlStore::last_sequence(LogName log) {
    co_return co_await on_reader(
        [log](SqlConnection& connection) { return read_last_sequence(connection, log); });
}

io::Task<std::optional<std::string>> SqlStore::get_package(model::CodeSha256 sha256) {
    co_return co_await on_reader([sha256 = std::move(sha256)](SqlConnection& connection) {
        return read_package(connection, sha256);
    });
}

io::Task<std::vector<model::CodeSha256>> SqlStore::old_packages(Old which) {
    co_return co_await on_reader([which = std::move(which)](SqlConnection& connection) {
        return read_old_packages(connection, which);
    });
}

namespace {

io::Task<Sequence> enqueue(WorkQueue<WriteJob>& writes, WriteJob::Work work) {
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable) const,
                                            void(Result<Sequence>)>(
        [&writes](auto handler, WriteJob::Work what) {
            WriteJob job{std::move(what), completion_of<Result<Sequence>>(std::move(handler))};
            if (!writes.push(job)) job.complete(std::unexpected(overloaded()));
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
