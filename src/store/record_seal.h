#pragma once
// Keeps secret members of values sealed: what stands in the database, in records, statuses and the
// change log, cannot be read without the key. Callers of the Store see plain values.
//
// A sealed member is a string, base64 of crypto::seal(), bound to its record; one of another JSON
// type stands there unsealed (it was written before, or holds nothing secret) and is read as it is.
//
// Threads: any.

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "store/store.h"

namespace meridian::store {

// Which members of a value or a status of that kind are secret, as JSON pointers. None of them may
// be a string when it is plain.
struct SecretMembers {
    Kind kind;
    std::vector<nlohmann::json::json_pointer> members;
};

class RecordSeal {
  public:
    // `random` and `log` outlive it and serve any thread.
    RecordSeal(crypto::AeadKey const& key, std::vector<SecretMembers> secrets, Random& random,
               Log& log)
        : key_(key), secrets_(std::move(secrets)), random_(random), log_(log) {}

    // Doing it again changes nothing. kInternal for a value that cannot be text.
    Result<void> seal(Transaction& transaction) const;
    Result<void> seal(LogEntry& entry) const;

    // What cannot be opened (another key sealed it) stays as it is, and is logged: whoever reads
    // the value finds it corrupt.
    void open(std::optional<Record>& record) const;
    void open(std::vector<Record>& records) const;
    void open(std::vector<LogEntry>& entries) const;

  private:
    [[nodiscard]] SecretMembers const* secrets_of(Kind kind) const;
    Result<void> seal(Key const& key, nlohmann::json& value) const;
    Result<void> seal(Key const& key, Value& value) const;
    Result<void> seal(Key const& key, JsonText& value) const;
    [[nodiscard]] std::string sealed(Key const& key, std::string_view member,
                                     std::string_view secret) const;
    void open(Key const& key, nlohmann::json& value) const;
    void open(Record& record) const;

    crypto::AeadKey const key_;
    std::vector<SecretMembers> const secrets_;
    Random& random_;
    Log& log_;
};

}  // namespace meridian::store
