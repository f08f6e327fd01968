#pragma once
// The tables of a store's database and how an older database becomes one of this version
// (docs/formats/store.md). `application_id` says that a file is ours, `user_version` which
// migrations it has seen. Migrations are numbered, only go forward, and never change once released.

#include <cstdint>
#include <filesystem>

#include "store/sqlite_connection.h"

namespace meridian::store {

inline constexpr std::int64_t kSqliteApplicationId = 0x4d455244;  // "MERD"
inline constexpr std::int64_t kSqliteSchemaVersion = 3;
// Brings the database to kSqliteSchemaVersion. kCorrupt, and nothing is changed, if it is another
// program's or a newer version's; `path` is for the message.
Result<void> migrate(SqliteConnection& connection, std::filesystem::path const& path);

}  // namespace meridian::store
