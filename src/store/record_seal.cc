#include "store/record_seal.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "store/change_codec.h"

namespace meridian::store {

namespace {

using nlohmann::json;

constexpr std::uint32_t kKeyId = 1;

// What a sealed member is bound to: it cannot be moved to another record or member.
std::string context_of(Key const& key, std::string_view member) {
    return fmt::format("{}/{}/{}{}", key.account, number(key.kind), key.id, member);
}

}  // namespace

SecretMembers const* RecordSeal::secrets_of(Kind kind) const {
    auto const found = std::ranges::find(secrets_, kind, &SecretMembers::kind);
    return found == secrets_.end() ? nullptr : &*found;
}

Result<void> RecordSeal::seal(Key const& key, json& value) const {
    auto const* const secrets = secrets_of(key.kind);
    if (secrets == nullptr || !value.is_object()) return {};
    for (auto const& member : secrets->members) {
        if (!value.contains(member)) continue;
        auto& secret = value.at(member);
        if (secret.empty() || secret.is_string()) continue;
        MERIDIAN_TRY(auto const text, encode_json(secret));
        secret = sealed(key, member.to_string(), text);
    }
    return {};
}

std::string RecordSeal::sealed(Key const& key, std::string_view member,
                               std::string_view secret) const {
    return to_base64(crypto::seal(key_, kKeyId, secret, context_of(key, member), random_));
}

Result<void> RecordSeal::seal(Key const& key, JsonText& value) const {
    if (value.secret_bytes == 0) return {};
    auto const secret = std::string_view(value.text).substr(value.secret_at, value.secret_bytes);
    MERIDIAN_CHECK(check_is_utf8(secret));  // nobody sees it later; the rest is checked then
    auto const text = fmt::format("\"{}\"", sealed(key, value.secret_member, secret));
    value.text.replace(value.secret_at, value.secret_bytes, text);
    value.secret_bytes = 0;
    return {};
}

Result<void> RecordSeal::seal(Key const& key, Value& value) const {
    if (auto* const tree = std::get_if<json>(&value)) return seal(key, *tree);
    return seal(key, std::get<JsonText>(value));
}

Result<void> RecordSeal::seal(Transaction& transaction) const {
    for (auto& change : transaction.changes) {
        if (!change.value) continue;
        MERIDIAN_CHECK(seal(change.key, *change.value));
    }
    for (auto& write : transaction.statuses) {
        MERIDIAN_CHECK(seal(write.key, write.status));
    }
    return {};
}

Result<void> RecordSeal::seal(LogEntry& entry) const {
    for (auto& change : entry.changes) {
        if (!change.value) continue;
        MERIDIAN_CHECK(seal(change.key, *change.value));
    }
    return {};
}

void RecordSeal::open(Key const& key, json& value) const {
    auto const* const secrets = secrets_of(key.kind);
    if (secrets == nullptr || !value.is_object()) return;
    for (auto const& member : secrets->members) {
        if (!value.contains(member)) continue;
        auto& secret = value.at(member);
        if (!secret.is_string()) continue;
        auto const sealed = from_base64(secret.get_ref<std::string const&>());
        auto const text = sealed ? crypto::open(key_, *sealed, context_of(key, member.to_string()))
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

void RecordSeal::open(Record& record) const {
    open(record.key, record.value);
    open(record.key, record.status);
}

void RecordSeal::open(std::optional<Record>& record) const {
    if (record) open(*record);
}

void RecordSeal::open(std::vector<Record>& records) const {
    for (auto& record : records) open(record);
}

void RecordSeal::open(std::vector<LogEntry>& entries) const {
    for (auto& entry : entries) {
        for (auto& change : entry.changes) {
            if (change.value) open(change.key, *change.value);
        }
    }
}

}  // namespace meridian::store
