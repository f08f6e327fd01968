#pragma once
// What a group of jobs writes in one database transaction. Each job is planned before anything of
// it is written: what has to be refused is refused then, and harms no other. What the jobs have in
// common is written once, at the end.
//
// Threads: the connection's.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/sql.h"
#include "store/sql_packages.h"
#include "store/store.h"

namespace meridian::store {

// Refers to what it was made of.
struct WritePlan {
    struct Row {
        Key const& key;
        bool is_live = true;
        std::string text;                        // the value, or what a tombstone keeps
        std::optional<std::string> status = {};  // nothing: as it is
        std::int64_t live_difference = 0;
    };
    struct Status {
        Key const& key;
        std::string text;
    };
    struct Entry {
        LogName log;
        std::uint64_t epoch;
        std::string_view caller;
        WallTime time;
        std::string changes;
    };
    Sequence sequence = 0;
    std::vector<Row> rows = {};
    std::vector<Status> statuses = {};  // of records that are not among the rows
    std::optional<Entry> entry = {};
    std::span<Package const> packages = {};
    WallTime now = {};
};

class GroupWriter {
  public:
    // Within a transaction of the connection.
    GroupWriter(SqlConnection& connection, PackageIndex& index)
        : connection_(connection), packages_(connection, index) {}

    // Against what the group has written so far. Errors: kConflict, kInternal: refused. Others are
    // the database's, and the group's.
    Result<WritePlan> plan(Transaction const& transaction, WallTime now);
    // Of an entry that is here already nothing is left to write.
    Result<WritePlan> plan(LogEntry const& entry);

    // An error is the group's: some of it may be written.
    Result<void> write(WritePlan const& plan);
    Result<void> remove_packages(std::span<model::CodeSha256 const> packages, WallTime before) {
        return packages_.remove(packages, before);
    }
    // After the last.
    Result<void> finish();
    // When the transaction is durable.
    void publish() { packages_.publish(); }

  private:
    struct Position {
        Sequence last_sequence = 0;
        std::uint64_t epoch = 1;
        bool is_written = true;
    };
    Result<Position*> position_of(LogName log);

    SqlConnection& connection_;
    PackageWriter packages_;
    std::map<LogName, Position> positions_;
    // How many live records more there are now.
    std::map<std::pair<model::AccountId, Kind>, std::int64_t> live_differences_;
};

}  // namespace meridian::store
