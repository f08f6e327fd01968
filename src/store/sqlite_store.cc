#include "store/sqlite_store.h"

#include <cerrno>
#include <cstring>
#include <thread>
#include <type_traits>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "io/unique_fd.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_reads.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_writer.h"
#include "store/work_queue.h"

namespace meridian::store {
namespace {

constexpr std::size_t kReaders = 2;
// Transactions in one COMMIT at most: what the last of them waits for the others.
constexpr std::size_t kGroupMax = 512;

using ReadJob = std::move_only_function<void(SqliteConnection&)>;

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

// Definitions hold what customers put into environment variables: nobody else reads the file.
// SQLite gives its other files the mode of this one.
Result<void> create_file(std::filesystem::path const& path) {
    io::UniqueFd const file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.valid()) return {};
    return fail(Errc::kIo, fmt::format("Cannot open {}: {}", path.string(), std::strerror(errno)));
}

Result<SqliteConnection> open_writer(std::filesystem::path const& path) {
    MERIDIAN_TRY(auto connection,
                 SqliteConnection::open(path, SqliteConnection::Access::kReadWrite));
    // First of all: it fails on a file that is no database, before anything is written.
    MERIDIAN_CHECK(migrate(connection, path));
    MERIDIAN_CHECK(connection.execute("PRAGMA journal_mode = WAL"));
    MERIDIAN_CHECK(connection.execute("PRAGMA synchronous = FULL"));
    // The log file shrinks again after a burst.
    MERIDIAN_CHECK(connection.execute("PRAGMA journal_size_limit = 67108864"));
    {
        MERIDIAN_TRY(auto mode, connection.query("PRAGMA journal_mode"));
        MERIDIAN_TRY(bool const found, mode.next());
        if (!found || mode.text(0) != "wal") {
            return fail(Errc::kIo,
                        fmt::format("{}: this file system does not support WAL.", path.string()));
        }
    }
    return connection;
}

}  // namespace

struct SqliteStore::State {
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

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteStoreOptions const& options,
                                                       Clock const& clock, Log& log) {
    MERIDIAN_CHECK(create_file(options.path));
    MERIDIAN_TRY(auto writer, open_writer(options.path));
    std::vector<SqliteConnection> readers;
    for (std::size_t i = 0; i < kReaders; ++i) {
        MERIDIAN_TRY(auto reader,
                     SqliteConnection::open(options.path, SqliteConnection::Access::kReadOnly));
        // Opens the file: a connection is lazy, and a failure belongs here.
        MERIDIAN_CHECK(read_last_sequence(reader, LogName::kRegion));
        readers.push_back(std::move(reader));
    }
    auto state = std::make_unique<State>(clock, log, options.queue_max);
    for (auto& reader : readers) {
        state->readers.emplace_back(
            [state = state.get(), connection = std::move(reader)]() mutable {
                for (auto jobs = state->reads.pop(1); !jobs.empty(); jobs = state->reads.pop(1)) {
                    jobs.front()(connection);
                }
            });
    }
    state->writer = std::jthread([state = state.get(), connection = std::move(writer)]() mutable {
        for (auto jobs = state->writes.pop(kGroupMax); !jobs.empty();
             jobs = state->writes.pop(kGroupMax)) {
            write_group(connection, jobs, state->log);
        }
    });
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(state)));
}

SqliteStore::SqliteStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteStore::~SqliteStore() = default;

template <typename Read>
auto SqliteStore::on_reader(Read read)
    -> asio::awaitable<std::invoke_result_t<Read, SqliteConnection&>> {
    using Outcome = std::invoke_result_t<Read, SqliteConnection&>;
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable) const, void(Outcome)>(
        [state = state_.get()](auto handler, Read work) {
            // A function object of its own, so that a job which is refused can still be completed.
            struct Job {
                Read read;
                std::move_only_function<void(Outcome)> complete;
            };
            auto job =
                std::make_shared<Job>(std::move(work), completion_of<Outcome>(std::move(handler)));
            ReadJob run = [job](SqliteConnection& connection) {
                job->complete(job->read(connection));
            };
            if (!state->reads.push(run)) job->complete(std::unexpected(overloaded()));
        },
        asio::use_awaitable, std::move(read));
}

io::Task<std::optional<Record>> SqliteStore::get(Key key) {
    co_return co_await on_reader([key = std::move(key)](SqliteConnection& connection) {
        return read_record(connection, key);
    });
}

io::Task<std::optional<nlohmann::json>> SqliteStore::epitaph(Key key) {
    co_return co_await on_reader([key = std::move(key)](SqliteConnection& connection) {
        return read_epitaph(connection, key);
    });
}

io::Task<std::vector<Record>> SqliteStore::scan(Scan scan) {
    co_return co_await on_reader([scan = std::move(scan)](SqliteConnection& connection) {
        return read_range(connection, scan);
    });
}

io::Task<std::vector<Record>> SqliteStore::scan_all(Kind kind) {
    co_return co_await on_reader(
        [kind](SqliteConnection& connection) { return read_kind(connection, kind); });
}

io::Task<std::uint64_t> SqliteStore::count(model::AccountId account, Kind kind) {
    co_return co_await on_reader(
        [account = std::move(account), kind](SqliteConnection& connection) {
            return read_count(connection, account, kind);
        });
}

io::Task<std::vector<LogEntry>> SqliteStore::read_log(LogName log, Sequence after,
                                                      std::size_t limit) {
    co_return co_await on_reader([log, after, limit](SqliteConnection& connection) {
        return read_entries(connection, log, after, limit);
    });
}

io::Task<Sequence> SqliteStore::last_sequence(LogName log) {
    co_return co_await on_reader(
        [log](SqliteConnection& connection) { return read_last_sequence(connection, log); });
}

namespace {

io::Task<Sequence> enqueue(WorkQueue<WriteJob>& writes,
                           std::variant<WriteJob::Commit, LogEntry> work) {
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable) const,
                                            void(Result<Sequence>)>(
        [&writes](auto handler, std::variant<WriteJob::Commit, LogEntry> what) {
            WriteJob job{std::move(what), completion_of<Result<Sequence>>(std::move(handler))};
            if (!writes.push(job)) job.complete(std::unexpected(overloaded()));
        },
        asio::use_awaitable, std::move(work));
}

}  // namespace

io::Task<Sequence> SqliteStore::commit(Transaction transaction) {
    // The time is read here: a Clock in a test belongs to the caller's thread.
    WriteJob::Commit work{std::move(transaction), state_->clock.wall_now()};
    co_return co_await enqueue(state_->writes, std::move(work));
}

io::Task<> SqliteStore::apply(LogEntry entry) {
    MERIDIAN_CO_CHECK(co_await enqueue(state_->writes, std::move(entry)));
    co_return Result<void>{};
}

}  // namespace meridian::store
