#include "store/sealed_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"

namespace meridian::store {

namespace {

using nlohmann::json;

constexpr std::uint32_t kKeyId = 1;

// What a sealed member is bound to: it cannot be moved to another record or member.
std::string context_of(Key const& key, json::json_pointer const& member) {
    return fmt::format("{}/{}/{}{}", key.account, number(key.kind), key.id, member.to_string());
}

}  // namespace

SecretMembers const* SealedStore::secrets_of(Kind kind) const {
    auto const found = std::ranges::find(secrets_, kind, &SecretMembers::kind);
    return found == secrets_.end() ? nullptr : &*found;
}

void SealedStore::seal(Key const& key, json& value) const {
    auto const* const secrets = secrets_of(key.kind);
    if (secrets == nullptr || !value.is_object()) return;
    for (auto const& member : secrets->members) {
        if (!value.contains(member)) continue;
        auto& secret = value.at(member);
        if (secret.empty()) continue;
        secret =
            to_base64(crypto::seal(key_, kKeyId, secret.dump(), context_of(key, member), random_));
    }
}

void SealedStore::seal(std::vector<Change>& changes) const {
    for (auto& change : changes) {
        if (change.value) seal(change.key, *change.value);
    }
}

void SealedStore::open(Key const& key, json& value) const {
    auto const* const secrets = secrets_of(key.kind);
    if (secrets == nullptr || !value.is_object()) return;
    for (auto const& member : secrets->members) {
        if (!value.contains(member)) continue;
        auto& secret = value.at(member);
        if (!secret.is_string()) continue;
        auto const sealed = from_base64(secret.get_ref<std::string const&>());
        auto const text = sealed ? crypto::open(key_, *sealed, context_of(key, member))
                                 : Result<std::string>(fail(Errc::kCorrupt, "not base64"));
        auto plain = text ? json::parse(*text, nullptr, false) : json(json::value_t::discarded);
        if (plain.is_discarded()) {
            log_.write(LogLevel::kError,
                       "a stored secret cannot be opened: was account.key replaced?",
                       {{"record", fmt::format("{}/{}/{}", key.account, number(key.kind), key.id)},
                        {"member", member.to_string()}});
            continue;
        }
        secret = std::move(plain);
    }
}

void SealedStore::open(Record& record) const {
    open(record.key, record.value);
    open(record.key, record.status);
}

void SealedStore::open(std::vector<Record>& records) const {
    for (auto& record : records) open(record);
}

io::Task<std::optional<Record>> SealedStore::get(Key key) {
    MERIDIAN_CO_TRY(auto record, co_await below_.get(std::move(key)));
    if (record) open(*record);
    co_return record;
}

io::Task<std::optional<json>> SealedStore::epitaph(Key key) {
    return below_.epitaph(std::move(key));
}

io::Task<std::vector<Record>> SealedStore::scan(Scan scan) {
    MERIDIAN_CO_TRY(auto records, co_await below_.scan(std::move(scan)));
    open(records);
    co_return records;
}

io::Task<std::vector<Record>> SealedStore::scan_all(Kind kind) {
    MERIDIAN_CO_TRY(auto records, co_await below_.scan_all(kind));
    open(records);
    co_return records;
}

io::Task<std::uint64_t> SealedStore::count(model::AccountId account, Kind kind) {
    return below_.count(std::move(account), kind);
}

io::Task<Sequence> SealedStore::commit(Transaction transaction) {
    seal(transaction.changes);
    for (auto& write : transaction.statuses) seal(write.key, write.status);
    return below_.commit(std::move(transaction));
}

io::Task<std::vector<LogEntry>> SealedStore::read_log(LogName log, Sequence after,
                                                      std::size_t limit) {
    MERIDIAN_CO_TRY(auto entries, co_await below_.read_log(log, after, limit));
    for (auto& entry : entries) {
        for (auto& change : entry.changes) {
            if (change.value) open(change.key, *change.value);
        }
    }
    co_return entries;
}

io::Task<Sequence> SealedStore::last_sequence(LogName log) { return below_.last_sequence(log); }

io::Task<> SealedStore::apply(LogEntry entry) {
    seal(entry.changes);
    return below_.apply(std::move(entry));
}

}  // namespace meridian::store
