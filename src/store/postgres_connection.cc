#include "store/postgres_connection.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace meridian::store {
namespace {

constexpr int kServerVersionMin = 130'000;  // gen_random_uuid()
constexpr int kBinary = 1;

struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string trimmed(std::string_view text) {
    auto const end = text.find_last_not_of(" \n");
    return std::string(text.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

Error unreachable(PGconn const* connection) {
    return {Errc::kUnavailable, fmt::format("PostgreSQL: {}", trimmed(PQerrorMessage(connection)))};
}

Error error_of(PGconn const* connection, PGresult const* answer, std::string_view doing) {
    auto const* const state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    return {Errc::kIo, fmt::format("PostgreSQL: {}: {} ({})", doing,
                                   trimmed(PQerrorMessage(connection)), state ? state : "-")};
}

bool succeeded(PGresult const* answer) {
    auto const status = PQresultStatus(answer);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

std::int64_t big_endian(std::int64_t value) {
    return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

class PostgresCursor final : public SqlCursor {
  public:
    explicit PostgresCursor(Answer answer)
        : answer_(std::move(answer)), rows_(PQntuples(answer_.get())) {}

    Result<bool> next() override { return ++row_ < rows_; }
    [[nodiscard]] std::int64_t integer(int column) const override {
        std::int64_t value = 0;
        if (PQgetlength(answer_.get(), row_, column) == sizeof value)
            std::memcpy(&value, PQgetvalue(answer_.get(), row_, column), sizeof value);
        return big_endian(value);
    }
    [[nodiscard]] std::string_view text(int column) const override {
        return {PQgetvalue(answer_.get(), row_, column),
                static_cast<std::size_t>(PQgetlength(answer_.get(), row_, column))};
    }
    [[nodiscard]] bool is_null(int column) const override {
        return PQgetisnull(answer_.get(), row_, column) != 0;
    }

  private:
    Answer answer_;
    int rows_;
    int row_ = -1;
};

}  // namespace

void PostgresConnection::Close::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

Result<PostgresConnection> PostgresConnection::open(std::string const& url,
                                                    std::string const& schema) {
    // What stands before dbname, the URL may say otherwise; what stands after it holds.
    auto const names =
        std::to_array<char const*>({"connect_timeout", "keepalives_idle", "keepalives_interval",
                                    "keepalives_count", "tcp_user_timeout", "application_name",
                                    "target_session_attrs", "dbname", "client_encoding", nullptr});
    auto const values = std::to_array<char const*>(
        {"2", "5", "5", "2", "15000", "meridian", "read-write", url.c_str(), "UTF8", nullptr});
    std::unique_ptr<pg_conn, Close> connection(
        PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1));
    if (!connection) return fail(Errc::kIo, "PostgreSQL: out of memory");
    if (PQstatus(connection.get()) != CONNECTION_OK)
        return std::unexpected(unreachable(connection.get()));
    // Notices would go to standard error.
    PQsetNoticeProcessor(connection.get(), [](void*, char const*) {}, nullptr);
    PostgresConnection opened(std::move(connection));
    MERIDIAN_CHECK(opened.prepare_session(schema));
    return opened;
}

Result<void> PostgresConnection::prepare_session(std::string const& schema) {
    int const version = PQserverVersion(connection_.get());
    if (version < kServerVersionMin) {
        return fail(Errc::kCorrupt, fmt::format("PostgreSQL {} is too old: 13 or newer is needed.",
                                                version / 10'000));
    }
    auto const* const encoding = PQparameterStatus(connection_.get(), "server_encoding");
    if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
        return fail(Errc::kCorrupt, fmt::format("The PostgreSQL database has the encoding {}, "
                                                "not UTF8.",
                                                encoding ? encoding : "?"));
    }
    MERIDIAN_TRY(auto const name, quoted_name(schema));
    MERIDIAN_CHECK(execute(fmt::format("SET search_path TO {}", name).c_str()));
    // Acknowledged means written: an administrator may ask for more than `on`, not for less.
    return execute(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'");
}

Result<void> PostgresConnection::execute(char const* sql) {
    Answer const answer(PQexec(connection_.get(), sql));
    if (succeeded(answer.get())) return {};
    return std::unexpected(error_of(connection_.get(), answer.get(), sql));
}

Result<void> PostgresConnection::commit() {
    Answer const answer(PQexec(connection_.get(), "COMMIT"));
    if (!succeeded(answer.get()))
        return std::unexpected(error_of(connection_.get(), answer.get(), "COMMIT"));
    // COMMIT of a transaction that has failed succeeds, and rolls back.
    if (std::string_view(PQcmdStatus(answer.get())) == "COMMIT") return {};
    return fail(Errc::kIo, "PostgreSQL: the transaction was rolled back.");
}

bool PostgresConnection::autocommit() const {
    return PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

bool PostgresConnection::lost() const { return PQstatus(connection_.get()) != CONNECTION_OK; }

std::int64_t PostgresConnection::backend() const { return PQbackendPID(connection_.get()); }

Result<std::string> PostgresConnection::quoted_name(std::string_view name) {
    char* const quoted = PQescapeIdentifier(connection_.get(), name.data(), name.size());
    if (quoted == nullptr) return std::unexpected(unreachable(connection_.get()));
    std::string text(quoted);
    PQfreemem(quoted);
    return text;
}

Result<std::string> PostgresConnection::prepared(std::string_view sql) {
    if (auto const found = statements_.find(sql); found != statements_.end()) return found->second;
    auto name = fmt::format("s{}", statements_.size());
    std::string const text(sql);
    Answer const answer(PQprepare(connection_.get(), name.c_str(), text.c_str(), 0, nullptr));
    if (!succeeded(answer.get()))
        return std::unexpected(error_of(connection_.get(), answer.get(), sql));
    statements_.emplace(sql, name);
    return name;
}

Result<std::unique_ptr<SqlCursor>> PostgresConnection::run(std::string_view sql,
                                                           std::span<SqlValue const> values) {
    MERIDIAN_TRY(auto const name, prepared(sql));
    std::vector<std::int64_t> numbers(values.size());
    std::vector<char const*> bytes(values.size(), nullptr);
    std::vector<int> lengths(values.size(), 0);
    std::vector<int> const formats(values.size(), kBinary);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (auto const* const number = std::get_if<std::int64_t>(&values[i])) {
            numbers[i] = big_endian(*number);
            bytes[i] = reinterpret_cast<char const*>(&numbers[i]);
            lengths[i] = sizeof numbers[i];
        } else if (auto const* const text = std::get_if<std::string_view>(&values[i])) {
            bytes[i] = text->data() ? text->data() : "";
            lengths[i] = static_cast<int>(text->size());
        }
    }
    Answer answer(PQexecPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                                 bytes.data(), lengths.data(), formats.data(), kBinary));
    if (!succeeded(answer.get()))
        return std::unexpected(error_of(connection_.get(), answer.get(), sql));
    return std::make_unique<PostgresCursor>(std::move(answer));
}

}  // namespace meridian::store
