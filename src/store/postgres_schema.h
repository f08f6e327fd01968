#pragma once
// The tables of a store's schema in PostgreSQL and how an older one becomes one of this version
// (docs/formats/store.md). `meridian_schema` says which migrations it has seen. Migrations are
// numbered, only go forward, and never change once released.

#include <cstdint>
#include <string>

#include "store/postgres_connection.h"

namespace meridian::store {

inline constexpr std::int64_t kPostgresSchemaVersion = 1;

// Makes the schema if there is none; empty until migrate().
Result<void> create_schema(PostgresConnection& connection, std::string const& schema);

// Brings the connection's schema to kPostgresSchemaVersion, in one transaction. kCorrupt, and
// nothing is changed, if it is another program's or a newer version's; `schema` is for the message.
// Whoever calls holds the schema's lock.
Result<void> migrate(PostgresConnection& connection, std::string const& schema);

}  // namespace meridian::store
