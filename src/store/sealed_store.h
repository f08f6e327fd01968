#pragma once
// A Store that keeps secret members of its values sealed: what stands in the database below, in
// records, statuses and the change log, cannot be read without the key. Callers see plain values.
//
// A sealed member is a string, base64 of crypto::seal(), bound to its record; one of another JSON
// type stands there unsealed (it was written before, or holds nothing secret) and is read as it is.
//
// Threads: as store.h.

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

class SealedStore final : public Store {
  public:
    // `below`, `random` and `log` outlive it.
    SealedStore(Store& below, crypto::AeadKey const& key, std::vector<SecretMembers> secrets,
                Random& random, Log& log)
        : below_(below), key_(key), secrets_(std::move(secrets)), random_(random), log_(log) {}

    io::Task<std::optional<Record>> get(Key key) override;
    io::Task<std::optional<nlohmann::json>> epitaph(Key key) override;
    io::Task<std::vector<Record>> scan(Scan scan) override;
    io::Task<std::vector<Record>> scan_all(Kind kind) override;
    io::Task<std::uint64_t> count(model::AccountId account, Kind kind) override;
    io::Task<Sequence> commit(Transaction transaction) override;
    io::Task<std::vector<LogEntry>> read_log(LogName log, Sequence after,
                                             std::size_t limit) override;
    io::Task<Sequence> last_sequence(LogName log) override;
    io::Task<> apply(LogEntry entry) override;

  private:
    [[nodiscard]] SecretMembers const* secrets_of(Kind kind) const;
    void seal(Key const& key, nlohmann::json& value) const;
    void seal(std::vector<Change>& changes) const;
    // What cannot be opened (another key sealed it) stays as it is, and is logged: whoever reads
    // the value finds it corrupt.
    void open(Key const& key, nlohmann::json& value) const;
    void open(Record& record) const;
    void open(std::vector<Record>& records) const;

    Store& below_;
    crypto::AeadKey const key_;
    std::vector<SecretMembers> const secrets_;
    Random& random_;
    Log& log_;
};

}  // namespace meridian::store
