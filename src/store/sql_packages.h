#pragma once
// What a PackageTable asks of a relational database.
//
// Which row holds which package is known in memory, and read from the database when the store is
// opened. An index of the database would be one of hashes: each package would change a page of its
// own, and those would be most of what a group of commits writes.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/package_table.h"
#include "store/sql.h"

namespace meridian::store {

// About 120 bytes a package. Threads: any, but load() and publish() belong to the writer.
class PackageIndex {
  public:
    using Row = std::int64_t;  // packages.id
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const noexcept {
            return std::hash<std::string_view>{}(name);
        }
    };
    // By name; nothing for a package that was removed.
    using Changes = std::unordered_map<std::string, std::optional<Row>, Hash, std::equal_to<>>;

    // Forgets what it knew and reads all names.
    Result<void> load(SqlConnection& connection);
    // Nothing of a package without a row that was published.
    [[nodiscard]] std::optional<Row> find(std::string_view sha256) const;
    [[nodiscard]] Row last_row() const;
    void publish(Changes const& changes);

    // A commit whose outcome is unknown may have written rows: until load(), what is not found
    // here may be in the database.
    void doubt() noexcept { in_doubt_ = true; }
    [[nodiscard]] bool in_doubt() const noexcept { return in_doubt_; }

  private:
    mutable std::shared_mutex mutex_;
    // Protected by mutex_.
    std::unordered_map<std::string, Row, Hash, std::equal_to<>> rows_;
    Row last_row_ = 0;

    std::atomic<bool> in_doubt_ = false;
};

// What one transaction of the database does to packages. Threads: the connection's.
class PackageWriter {
  public:
    PackageWriter(SqlConnection& connection, PackageIndex& index)
        : connection_(connection), index_(index), last_row_(index.last_row()) {}

    Result<void> write(Package const& package, WallTime now);
    // But for those that were carried since `before`.
    Result<void> remove(std::span<model::CodeSha256 const> packages, WallTime before);
    // When the transaction is durable: from here on everybody finds what it wrote.
    void publish() { index_.publish(changes_); }

  private:
    [[nodiscard]] std::optional<PackageIndex::Row> find(std::string_view sha256) const;
    // Whether there was such a row to refresh.
    Result<bool> refresh(PackageIndex::Row row, Package const& package, WallTime now);

    SqlConnection& connection_;
    PackageIndex& index_;
    PackageIndex::Row last_row_;
    PackageIndex::Changes changes_;
};

Result<std::optional<std::string>> read_package(SqlConnection& connection,
                                                PackageIndex const& index,
                                                model::CodeSha256 const& sha256);
Result<std::vector<model::CodeSha256>> read_old_packages(SqlConnection& connection,
                                                         WallTime before);

}  // namespace meridian::store
