#pragma once
// A region's durable state: values by key, a change log that every commit appends to, and
// region-local statuses beside it. SQLite implements it (sqlite_store.h), PostgreSQL will; one
// contract suite (store_contract_test.cc) runs against each.
//
// A *definition* is replicated: it is a value in a log. A *status* (Pending, Active, …) is this
// region's own and is never logged. One commit is one transaction: it checks its expectations,
// writes definitions and statuses, and appends one log entry per log that it touched.
//
// Threads: call on the owner's executor; the work itself happens elsewhere and the awaiting
// coroutine resumes on its own executor.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "io/task.h"
#include "model/names.h"
#include "store/package_table.h"

namespace meridian::store {

// Which change log a key belongs to. Numbers are persisted.
enum class LogName : std::uint8_t {
    kRegion = 1,   // functions and what hangs under them: this region's own
    kAccount = 2,  // IAM: one home region writes, every region holds a copy
};

// Numbers are persisted; never reuse one.
enum class Kind : std::uint16_t {
    kFunction = 1,         // id: function name
    kFunctionVersion = 2,  // id: function name + ":" + version number, zero-padded to 12 digits
    kAlias = 3,            // id: function name + ":" + alias name
    // id: function name + ":" + qualifier (nothing for the function itself), for those up to 12.
    kResourcePolicy = 4,
    kFunctionUrl = 5,
    kEventInvokeConfig = 6,
    kProvisionedConcurrency = 7,
    kReservedConcurrency = 8,
    kRuntimeManagement = 9,
    kRecursionConfig = 10,
    kScalingConfig = 11,
    kFunctionCodeSigning = 12,
    kTestEvent = 13,           // id: function name + ":" + the event's name
    kLayer = 20,               // id: layer name; what all its versions share
    kLayerVersion = 21,        // id: layer name + ":" + version number, zero-padded to 12 digits
    kEventSourceMapping = 30,  // id: UUID
    kCodeSigningConfig = 31,   // id: "csc-…"
    kPipeline = 60,            // id: pipeline name
    kPipelineExecution = 61,   // id: pipeline name + ":" + its number, zero-padded to 12 digits
    kStack = 40,               // id: stack name
    kRollout = 41,             // id: "d-…", one execution of a deploy
    kRolloutPackage = 42,  // id: rollout id + ":" + SHA-256 in hex, "plan", "progress" or "step:N"

    // IAM names are unique ignoring case: in ids they are lower-cased.
    kIamRole = 100,             // id: role name
    kIamHome = 101,             // id: "home": which region may write the account log
    kIamUser = 102,             // id: user name
    kIamGroup = 103,            // id: group name
    kIamPolicy = 104,           // id: policy name, of a customer-managed policy with its versions
    kIamAccessKey = 105,        // id: access key id, as it is
    kIamSessionKey = 106,       // id: key id; what session credentials are sealed with
    kIamInstanceProfile = 107,  // id: instance profile name
};

[[nodiscard]] LogName log_of(Kind kind) noexcept;

// As they are persisted.
[[nodiscard]] constexpr std::int64_t number(Kind kind) { return static_cast<std::int64_t>(kind); }
[[nodiscard]] constexpr std::int64_t number(LogName log) { return static_cast<std::int64_t>(log); }

struct Key {
    model::AccountId account;
    Kind kind;
    std::string id;

    auto operator<=>(Key const&) const = default;
};

// Per log, rising by one per commit, never reused.
using Sequence = std::uint64_t;

struct Record {
    Key key;
    nlohmann::json value;   // whole definition
    nlohmann::json status;  // region-local; null if none was written
    Sequence sequence = 0;  // of the commit that last wrote the definition (or tombstone)
};

struct Change {
    Key key;
    std::optional<nlohmann::json> value;  // nothing: a tombstone
    // What a tombstone keeps for ever (a function's last version number), so that it is never
    // reused.
    nlohmann::json epitaph = nullptr;
};

// A value that is text already, of those that are written often: its tree, made on one thread and
// let go on another, would cost more than the text does.
struct JsonText {
    std::string text;  // one JSON value; UTF-8
    // Where in it the secret stands that is to be sealed (record_seal.h): its JSON pointer, of a
    // constant, and its part of `text`. No bytes: nothing in it is secret.
    std::string_view secret_member = {};
    std::size_t secret_at = 0;
    std::size_t secret_bytes = 0;

    bool operator==(JsonText const&) const = default;
};

// On its way into the store.
using Value = std::variant<nlohmann::json, JsonText>;

// As whoever reads it will find it. A text that is no JSON: discarded.
[[nodiscard]] nlohmann::json json_of(Value value);

struct Write {
    Key key;
    std::optional<Value> value;        // as Change
    nlohmann::json epitaph = nullptr;  // as Change
};

struct StatusWrite {
    Key key;
    Value status;
};

// A commit fails with kConflict unless each expectation holds.
struct Expectation {
    Key key;
    // Nothing: the key must not exist now. Else: its record's sequence must still be this.
    std::optional<Sequence> sequence;
    // Nor must it have left an epitaph.
    bool is_new = false;
};

struct Transaction {
    std::string caller;  // ARN of who asked, for the log
    std::vector<Expectation> expectations = {};
    std::vector<Write> changes = {};
    // Written in the same transaction; dropped with the record's tombstone.
    std::vector<StatusWrite> statuses = {};
    // Kept with the changes that name them (package_table.h); no part of the log.
    std::vector<Package> packages = {};
};

// One transaction as the change log keeps it: values, not operations; applying one twice is
// harmless.
struct LogEntry {
    LogName log = LogName::kRegion;
    Sequence sequence = 0;
    std::uint64_t epoch = 1;
    std::string caller;
    WallTime time;
    std::vector<Change> changes = {};
};

struct Scan {
    model::AccountId account;
    Kind kind;
    std::string id_prefix = {};
    std::string after_id = {};  // exclusive; ids come in byte order
    std::size_t limit = 50;     // records at most
};

// The log that all of these changes belong to, nothing if there are none; kInternal if they mix.
[[nodiscard]] Result<std::optional<LogName>> one_log_of(std::vector<Write> const& changes);
[[nodiscard]] Result<std::optional<LogName>> one_log_of(std::vector<Change> const& changes);

// As the log's readers will find them.
[[nodiscard]] std::vector<Change> changes_of(std::vector<Write> writes);

class Store {
  public:
    virtual ~Store() = default;

    // Nothing if the key is absent or deleted.
    virtual io::Task<std::optional<Record>> get(Key key) = 0;
    // The epitaph of a deleted key; nothing if it never existed or exists.
    virtual io::Task<std::optional<nlohmann::json>> epitaph(Key key) = 0;
    virtual io::Task<std::vector<Record>> scan(Scan scan) = 0;
    // Every live record of a kind over all accounts, for loading at start.
    virtual io::Task<std::vector<Record>> scan_all(Kind kind) = 0;
    virtual io::Task<std::uint64_t> count(model::AccountId account, Kind kind) = 0;

    // Durable (fsync) before it completes, but for a transaction of statuses only, which a power
    // cut may undo until the next of the others is durable. All changes of one transaction must
    // belong to one log. The sequence is that of the log entry; a transaction of statuses only has
    // none and returns 0. Errors: kConflict, kIo (nothing was written), kOutcomeUnknown.
    virtual io::Task<Sequence> commit(Transaction transaction) = 0;

    // Entries with sequence > `after`, oldest first.
    virtual io::Task<std::vector<LogEntry>> read_log(LogName log, Sequence after,
                                                     std::size_t limit) = 0;
    virtual io::Task<Sequence> last_sequence(LogName log) = 0;
    // A follower's write: the entry keeps its own sequence and epoch. One that is not the next
    // after last_sequence is refused with kConflict, one already here is accepted and changes
    // nothing.
    virtual io::Task<> apply(LogEntry entry) = 0;
};

}  // namespace meridian::store
