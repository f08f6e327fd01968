#include "store/postgres_connection.h"

#include <array>
#include <charconv>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "io/system_clock.h"

namespace meridian::store {
namespace {

// A server that does not answer is noticed within these.
constexpr char const* kSettings =
    "SET statement_timeout = '30s'; SET lock_timeout = '10s'; "
    "SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning; "
    "SET standard_conforming_strings = on";
// An administrator may ask for more than `on`, not for less.
constexpr char const* kDurable =
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local')";
constexpr char const* kConnectTimeoutSeconds = "10";
constexpr char const* kTcpUserTimeoutMs = "10000";
// A server takes its own time, whatever a test's Clock says.
io::SystemClock const kClock;
constexpr auto kReconnectPause = std::chrono::milliseconds(100);
// At the start: after a crash the server may not have noticed yet that the old process is gone.
constexpr int kFirstLockTries = 40;

struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string_view trimmed(char const* message) {
    std::string_view text(message == nullptr ? "" : message);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    return text;
}

std::unexpected<Error> failed(PGconn* connection, std::string_view doing) {
    return fail(Errc::kIo,
                fmt::format("PostgreSQL: {}: {}", doing, trimmed(PQerrorMessage(connection))));
}

bool is_good(Answer const& answer) {
    auto const status = PQresultStatus(answer.get());
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

// Our dialect's ? as PostgreSQL's $1, $2, …; no literal of ours holds a question mark.
std::string numbered(std::string_view sql) {
    std::string out;
    int parameter = 0;
    for (char const c : sql) {
        if (c == '?') {
            out += fmt::format("${}", ++parameter);
        } else {
            out += c;
        }
    }
    return out;
}

class Rows final : public SqlCursor {
  public:
    explicit Rows(Answer answer) : answer_(std::move(answer)), count_(PQntuples(answer_.get())) {}

    Result<bool> next() override { return ++row_ < count_; }
    [[nodiscard]] std::int64_t integer(int column) const override {
        auto const value = text(column);
        std::int64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        return number;
    }
    [[nodiscard]] std::string_view text(int column) const override {
        return {PQgetvalue(answer_.get(), row_, column),
                static_cast<std::size_t>(PQgetlength(answer_.get(), row_, column))};
    }
    [[nodiscard]] std::string bytes(int column) const override {
        auto value = text(column);  // "\\x" and hexadecimal digits
        if (value.starts_with("\\x")) value.remove_prefix(2);
        return from_hex(value).value_or(std::string());
    }
    [[nodiscard]] bool is_null(int column) const override {
        return PQgetisnull(answer_.get(), row_, column) != 0;
    }

  private:
    Answer const answer_;
    int const count_;
    int row_ = -1;
};

std::string quoted(PGconn* connection, std::string const& name) {
    std::unique_ptr<char, decltype(&PQfreemem)> const text(
        PQescapeIdentifier(connection, name.data(), name.size()), &PQfreemem);
    return text ? std::string(text.get()) : std::string();
}

// The number of a schema's advisory lock.
std::int64_t lock_number(std::string const& schema) {
    auto const digest = crypto::sha256("meridian schema " + schema);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8U | digest[i];
    return static_cast<std::int64_t>(number);
}

}  // namespace

void PostgresConnection::Finish::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

PostgresConnection::~PostgresConnection() = default;

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(PostgresOptions options,
                                                                     Role role, Log& log) {
    std::unique_ptr<PostgresConnection> connection(
        new PostgresConnection(std::move(options), role, log));
    auto connected = connection->connect();
    for (int tries = 1;
         tries < kFirstLockTries && !connected && connected.error().code == Errc::kUnavailable;
         ++tries) {
        std::this_thread::sleep_for(kReconnectPause);
        connected = connection->connect();
    }
    if (!connected) return std::unexpected(std::move(connected).error());
    return connection;
}

bool PostgresConnection::alive() const {
    return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

Result<void> PostgresConnection::connect() {
    prepared_.clear();
    // Ours last: they win over what the URL says.
    char const* const names[] = {
        "dbname",          "connect_timeout",  "keepalives", "tcp_user_timeout",
        "client_encoding", "application_name", nullptr};
    char const* const values[] = {options_.url.c_str(),
                                  kConnectTimeoutSeconds,
                                  "1",
                                  kTcpUserTimeoutMs,
                                  "UTF8",
                                  "meridiand",
                                  nullptr};
    connection_.reset(PQconnectdbParams(names, values, 1));
    if (!alive()) return failed(connection_.get(), "connect");
    // libpq would print them.
    PQsetNoticeProcessor(
        connection_.get(),
        [](void* log, char const* message) {
            static_cast<Log*>(log)->write(LogLevel::kWarn, "PostgreSQL says",
                                          {{"message", std::string(trimmed(message))}});
        },
        &log_);
    MERIDIAN_CHECK(execute(kSettings));
    MERIDIAN_CHECK(execute(kDurable));
    auto const path =
        fmt::format("SET search_path TO {}", quoted(connection_.get(), options_.schema));
    MERIDIAN_CHECK(execute(path.c_str()));
    if (role_ == Role::kReader) return {};
    MERIDIAN_CHECK(lock_schema());
    return owner_.empty() ? Result<void>{} : check_ownership();
}

Result<void> PostgresConnection::lock_schema() {
    auto const lock = fmt::format("SELECT pg_try_advisory_lock({})", lock_number(options_.schema));
    MERIDIAN_TRY(auto const held, single_text(lock.c_str()));
    if (held == "t") return {};
    connection_.reset();
    return fail(Errc::kUnavailable,
                fmt::format("Another meridiand uses the schema {} of this PostgreSQL database.",
                            options_.schema));
}

Result<void> PostgresConnection::take_ownership() {
    MERIDIAN_TRY(owner_, single_text("UPDATE writer SET owner = gen_random_uuid()::text "
                                     "RETURNING owner"));
    if (!owner_.empty()) return {};
    return fail(Errc::kCorrupt,
                fmt::format("The schema {} has no row in writer.", options_.schema));
}

Result<void> PostgresConnection::check_ownership() {
    if (!replaced_) {
        MERIDIAN_TRY(auto const owner, single_text("SELECT owner FROM writer"));
        replaced_ = owner != owner_;
    }
    if (!replaced_) return {};
    connection_.reset();
    return fail(Errc::kUnavailable,
                fmt::format("Another meridiand has taken over the schema {}: this one writes no "
                            "more until it is restarted.",
                            options_.schema));
}

Result<void> PostgresConnection::connect_again() {
    if (replaced_) return check_ownership();
    auto const until = kClock.monotonic_now() + options_.reconnect_max;
    for (;;) {
        auto connected = connect();
        if (connected) {
            log_.write(LogLevel::kInfo, "connected to PostgreSQL again",
                       {{"schema", options_.schema}});
            return {};
        }
        if (replaced_ || kClock.monotonic_now() >= until) return connected;
        std::this_thread::sleep_for(kReconnectPause);
    }
}

Result<std::string> PostgresConnection::single_text(char const* sql) {
    Answer const answer(PQexec(connection_.get(), sql));
    if (!is_good(answer)) return failed(connection_.get(), sql);
    if (PQntuples(answer.get()) == 0 || PQgetisnull(answer.get(), 0, 0) != 0) return std::string();
    return std::string(PQgetvalue(answer.get(), 0, 0));
}

Result<void> PostgresConnection::make_schema() {
    auto const sql =
        fmt::format("CREATE SCHEMA IF NOT EXISTS {}", quoted(connection_.get(), options_.schema));
    return execute(sql.c_str());
}

Result<void> PostgresConnection::execute(char const* sql) {
    Answer const answer(PQexec(connection_.get(), sql));
    if (!is_good(answer)) return failed(connection_.get(), sql);
    return {};
}

// Every commit is immediate: the server can go down alone, and this process would go on to believe
// what it has forgotten.
Result<void> PostgresConnection::begin(Durability /*least*/) {
    if (in_transaction()) static_cast<void>(execute("ROLLBACK"));
    // A connection that ended while it was idle says so at its next use only.
    if (alive() && execute("BEGIN")) return {};
    MERIDIAN_CHECK(connect_again());
    return execute("BEGIN");
}

bool PostgresConnection::in_transaction() const {
    if (!alive()) return false;
    auto const status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

Result<std::optional<bool>> PostgresConnection::was_committed(std::string const& transaction_id) {
    auto const sql = fmt::format("SELECT pg_xact_status('{}'::xid8)", transaction_id);
    auto const until = kClock.monotonic_now() + options_.reconnect_max;
    for (;;) {
        MERIDIAN_TRY(auto const status, single_text(sql.c_str()));
        if (status == "committed") return true;
        if (status == "aborted") return false;
        // The server has not noticed yet that its client is gone.
        if (status != "in progress" || kClock.monotonic_now() >= until) return std::nullopt;
        std::this_thread::sleep_for(kReconnectPause);
    }
}

Result<void> PostgresConnection::commit() {
    // Null where nothing was written: then there is nothing to lose either.
    auto const id = single_text("SELECT pg_current_xact_id_if_assigned()");
    if (!id) return fail(Errc::kIo, id.error().message);
    auto committed = execute("COMMIT");
    if (committed || id->empty()) return committed;
    if (alive()) return committed;  // the server refused and rolled back
    auto const lost = committed.error().message;
    auto const unknown = [&] { return fail(Errc::kOutcomeUnknown, lost); };
    if (!connect_again()) return unknown();
    auto const outcome = was_committed(*id);
    if (!outcome || !*outcome) return unknown();
    if (**outcome) return {};
    return fail(Errc::kIo, lost);
}

Result<SqlRows> PostgresConnection::start(std::string_view sql, std::span<SqlValue const> values) {
    // A reader's connection has no transaction that could be lost.
    if (role_ == Role::kReader && !alive()) {
        MERIDIAN_CHECK(connect_again());
    }
    auto known = prepared_.find(sql);
    if (known == prepared_.end()) {
        auto const name = fmt::format("q{}", prepared_.size());
        Answer const answer(
            PQprepare(connection_.get(), name.c_str(), numbered(sql).c_str(), 0, nullptr));
        if (!is_good(answer)) {
            bool const again = role_ == Role::kReader && !alive();
            return again ? start(sql, values) : failed(connection_.get(), sql);
        }
        known = prepared_.emplace(sql, name).first;
    }
    std::vector<std::string> numbers;
    numbers.reserve(values.size());
    std::vector<char const*> texts;
    std::vector<int> lengths;
    std::vector<int> formats;
    // In binary form: a length, and no end at a zero byte.
    auto const add_binary = [&](std::string_view bytes) {
        texts.push_back(bytes.data() == nullptr ? "" : bytes.data());
        lengths.push_back(static_cast<int>(bytes.size()));
        formats.push_back(1);
    };
    for (auto const& value : values) {
        if (auto const* const number = std::get_if<std::int64_t>(&value)) {
            texts.push_back(numbers.emplace_back(std::to_string(*number)).c_str());
            lengths.push_back(0);
            formats.push_back(0);
        } else if (auto const* const text = std::get_if<std::string_view>(&value)) {
            add_binary(*text);
        } else if (auto const* const blob = std::get_if<SqlBytes>(&value)) {
            add_binary(blob->bytes);
        } else {
            texts.push_back(nullptr);
            lengths.push_back(0);
            formats.push_back(0);
        }
    }
    Answer answer(PQexecPrepared(connection_.get(), known->second.c_str(),
                                 static_cast<int>(texts.size()), texts.data(), lengths.data(),
                                 formats.data(), 0));
    if (is_good(answer)) return SqlRows(std::make_unique<Rows>(std::move(answer)));
    if (role_ == Role::kReader && !alive()) {
        MERIDIAN_CHECK(connect_again());
        return start(sql, values);
    }
    return failed(connection_.get(), sql);
}

}  // namespace meridian::store
