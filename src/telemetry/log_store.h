#pragma once
// A region's log groups on disk: appended in the background, read by cursor.
//
//   DIR/<group, percent-encoded>/<segment number, 8 digits>.jsonl
//   line := {"t": <epoch ms>, "s": "<stream>", "m": "<message>"}
//   cursor := "<segment>:<byte offset>"
//
// A group keeps its newest segments, as LogRetention says.
//
// Threads: append() and the coroutines on the owner's executor; files in the blocking pool.

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "io/blocking_pool.h"
#include "io/task.h"
#include "model/names.h"
#include "telemetry/log_event.h"

namespace meridian::telemetry {

inline constexpr auto kLogFlushInterval = std::chrono::milliseconds(100);
// How much of a log group is kept; ours.
struct LogRetention {
    std::size_t segment_bytes = 16 * 1024 * 1024;
    std::size_t segments_per_group = 16;
};
// Events waiting for the disk, over all groups; beyond it new ones are dropped and counted. Ours.
inline constexpr std::size_t kUnwrittenBytesMax = 64 * 1024 * 1024;

struct StoredLogEvent {
    std::string stream;
    LogEvent event;
};

struct LogPage {
    std::vector<StoredLogEvent> events;
    std::string next_cursor;  // for the next read; the same as before when nothing came
};

// The name in a LogStore of an account's log group: "123456789012:/aws/lambda/f". Accounts share
// nothing.
[[nodiscard]] std::string accounts_group(model::AccountId const& account, std::string_view group);

class LogStore {
  public:
    LogStore(std::filesystem::path directory, io::BlockingPool& pool, Log& log,
             LogRetention retention = {});

    // Cheap: the events are written at most kLogFlushInterval later.
    void append(std::string const& group, std::string const& stream,
                std::vector<LogEvent> const& events);

    // Events after `cursor` (empty: the oldest kept), about `bytes_max` of them.
    // Errors: kInvalidParameterValue for a cursor that is not one, kIo. A group without events is
    // empty.
    io::Task<LogPage> read(std::string group, std::string cursor, std::size_t bytes_max);

    // Writes what append() collected, for ever. Run in a TaskScope.
    io::Task<> run();
    // Writes what is left now. Call when nothing appends any more.
    io::Task<> flush();

  private:
    struct Files;
    std::shared_ptr<Files> files_;  // shared with jobs in the blocking pool
    io::BlockingPool& pool_;
    Log& log_;
    std::map<std::string, std::string> unwritten_;  // group -> lines
    std::size_t unwritten_bytes_ = 0;
    std::size_t dropped_events_ = 0;
};

}  // namespace meridian::telemetry
