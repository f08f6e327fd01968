#include "store/sql_packages.h"

#include <chrono>

#include <fmt/format.h>

#include "store/sql_reads.h"

namespace meridian::store {
namespace {

std::int64_t micros_of(WallTime time) { return std::int64_t{time.time_since_epoch().count()}; }

// Carried again within this time, a package's row is left as it is: it is young enough.
constexpr std::int64_t kCarriedPrecisionUs =
    std::chrono::microseconds(std::chrono::minutes(1)).count();

}  // namespace

Result<void> write_package(SqlConnection& connection, Package const& package, WallTime now) {
    auto const& bytes = package.zip_bytes;
    // What is there and is not the same has rotted.
    MERIDIAN_TRY(auto statement,
                 connection.query("INSERT INTO packages (sha256, zip, carried_us, format) "
                                  "VALUES (?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
                                  "zip = excluded.zip, carried_us = excluded.carried_us, "
                                  "format = excluded.format "
                                  "WHERE packages.zip <> excluded.zip OR packages.carried_us < ?",
                                  package.sha256.value(), SqlBytes{bytes}, micros_of(now),
                                  kRowFormat, micros_of(now) - kCarriedPrecisionUs));
    return statement.run();
}

Result<void> delete_packages(SqlConnection& connection, std::span<model::CodeSha256 const> packages,
                             WallTime before) {
    for (auto const& package : packages) {
        MERIDIAN_TRY(auto statement,
                     connection.query("DELETE FROM packages WHERE sha256 = ? AND carried_us < ?",
                                      package.value(), micros_of(before)));
        MERIDIAN_CHECK(statement.run());
    }
    return {};
}

Result<std::optional<std::string>> read_package(SqlConnection& connection,
                                                model::CodeSha256 const& sha256) {
    MERIDIAN_TRY(auto row, connection.query("SELECT zip, format FROM packages WHERE sha256 = ?",
                                            sha256.value()));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) return std::nullopt;
    MERIDIAN_CHECK(check_row_format(row.integer(1), fmt::format("Package {}", sha256)));
    return row.bytes(0);
}

Result<std::vector<model::CodeSha256>> read_old_packages(SqlConnection& connection,
                                                         PackageTable::Old const& which) {
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT sha256 FROM packages WHERE carried_us < ? AND sha256 > ? "
                                  "ORDER BY sha256 LIMIT ?",
                                  micros_of(which.before), which.after.value(),
                                  static_cast<std::int64_t>(which.limit)));
    std::vector<model::CodeSha256> packages;
    for (;;) {
        MERIDIAN_TRY(bool const found, row.next());
        if (!found) return packages;
        packages.emplace_back(std::string(row.text(0)));
    }
}

}  // namespace meridian::store
