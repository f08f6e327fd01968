#include "store/sql_packages.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include <fmt/format.h>

#include "store/sql_reads.h"

namespace meridian::store {
namespace {

std::int64_t micros_of(WallTime time) { return std::int64_t{time.time_since_epoch().count()}; }

// Carried again within this time, a package's row is left as it is: it is young enough.
constexpr std::int64_t kCarriedPrecisionUs =
    std::chrono::microseconds(std::chrono::minutes(1)).count();

// The row of a package that the index may not know; nothing if there is none.
Result<std::optional<PackageIndex::Row>> look_up(SqlConnection& connection,
                                                 model::CodeSha256 const& sha256) {
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT max(id) FROM packages WHERE sha256 = ?", sha256.value()));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found || row.is_null(0)) return std::nullopt;
    return row.integer(0);
}

}  // namespace

Result<void> PackageIndex::load(SqlConnection& connection) {
    MERIDIAN_TRY(auto row, connection.query("SELECT id, sha256 FROM packages ORDER BY id"));
    Changes all;
    for (;;) {
        MERIDIAN_TRY(bool const found, row.next());
        if (!found) break;
        all.insert_or_assign(std::string(row.text(1)), row.integer(0));
    }
    {
        std::lock_guard lock(mutex_);
        rows_.clear();
    }
    publish(all);
    in_doubt_ = false;
    return {};
}

std::optional<PackageIndex::Row> PackageIndex::find(std::string_view sha256) const {
    std::shared_lock lock(mutex_);
    auto const found = rows_.find(sha256);
    if (found == rows_.end()) return std::nullopt;
    return found->second;
}

PackageIndex::Row PackageIndex::last_row() const {
    std::shared_lock lock(mutex_);
    return last_row_;
}

void PackageIndex::publish(Changes const& changes) {
    if (changes.empty()) return;
    std::lock_guard lock(mutex_);
    for (auto const& [name, row] : changes) {
        if (row) {
            rows_.insert_or_assign(name, *row);
            last_row_ = std::max(last_row_, *row);
        } else {
            rows_.erase(name);
        }
    }
}

std::optional<PackageIndex::Row> PackageWriter::find(std::string_view sha256) const {
    auto const changed = changes_.find(sha256);
    return changed == changes_.end() ? index_.find(sha256) : changed->second;
}

Result<void> PackageWriter::write(Package const& package, WallTime now) {
    if (auto const row = find(package.sha256.value())) {
        MERIDIAN_TRY(bool const is_there, refresh(*row, package, now));
        if (is_there) return {};
    }
    MERIDIAN_TRY(
        auto added,
        connection_.query(
            "INSERT INTO packages (id, sha256, carried_us, format, zip) VALUES (?, ?, ?, ?, ?)",
            ++last_row_, package.sha256.value(), micros_of(now), kRowFormat,
            SqlBytes{package.zip_bytes}));
    MERIDIAN_CHECK(added.run());
    changes_[package.sha256.value()] = last_row_;
    return {};
}

Result<bool> PackageWriter::refresh(PackageIndex::Row row, Package const& package, WallTime now) {
    bool is_good = false;
    {
        // What is there and is not the same has rotted.
        MERIDIAN_TRY(auto known,
                     connection_.query("SELECT CASE WHEN zip = ? AND carried_us >= ? THEN 1 "
                                       "ELSE 0 END FROM packages WHERE id = ?",
                                       SqlBytes{package.zip_bytes},
                                       micros_of(now) - kCarriedPrecisionUs, row));
        MERIDIAN_TRY(bool const found, known.next());
        if (!found) return false;
        is_good = known.integer(0) == 1;
    }
    if (is_good) return true;
    MERIDIAN_TRY(
        auto written,
        connection_.query("UPDATE packages SET zip = ?, carried_us = ?, format = ? WHERE id = ?",
                          SqlBytes{package.zip_bytes}, micros_of(now), kRowFormat, row));
    MERIDIAN_CHECK(written.run());
    return true;
}

Result<void> PackageWriter::remove(std::span<model::CodeSha256 const> packages, WallTime before) {
    for (auto const& package : packages) {
        auto const row = find(package.value());
        if (!row) continue;
        MERIDIAN_TRY(
            auto removed,
            connection_.query("DELETE FROM packages WHERE id = ? AND carried_us < ? RETURNING id",
                              *row, micros_of(before)));
        MERIDIAN_TRY(bool const was_old, removed.next());
        if (was_old) changes_[package.value()] = std::nullopt;
    }
    return {};
}

Result<std::optional<std::string>> read_package(SqlConnection& connection,
                                                PackageIndex const& index,
                                                model::CodeSha256 const& sha256) {
    auto number = index.find(sha256.value());
    if (!number && index.in_doubt()) {
        MERIDIAN_TRY(number, look_up(connection, sha256));
    }
    if (!number) return std::nullopt;
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT zip, format FROM packages WHERE id = ?", *number));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) return std::nullopt;
    MERIDIAN_CHECK(check_row_format(row.integer(1), fmt::format("Package {}", sha256)));
    return row.bytes(0);
}

Result<std::vector<model::CodeSha256>> read_old_packages(SqlConnection& connection,
                                                         WallTime before) {
    MERIDIAN_TRY(auto row, connection.query("SELECT sha256 FROM packages WHERE carried_us < ?",
                                            micros_of(before)));
    std::vector<model::CodeSha256> packages;
    for (;;) {
        MERIDIAN_TRY(bool const found, row.next());
        if (!found) return packages;
        packages.emplace_back(std::string(row.text(0)));
    }
}

}  // namespace meridian::store
