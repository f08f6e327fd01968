#pragma once
// What a PackageTable asks of a relational database. Threads: those of the connection.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/package_table.h"
#include "store/sql.h"

namespace meridian::store {

// Within the transaction that names it.
Result<void> write_package(SqlConnection& connection, Package const& package, WallTime now);
Result<void> delete_packages(SqlConnection& connection, std::span<model::CodeSha256 const> packages,
                             WallTime before);

Result<std::optional<std::string>> read_package(SqlConnection& connection,
                                                model::CodeSha256 const& sha256);
Result<std::vector<model::CodeSha256>> read_old_packages(SqlConnection& connection,
                                                         PackageTable::Old const& which);

}  // namespace meridian::store
