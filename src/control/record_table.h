#pragma once
// One kind of record, read and written as a typed value. `Codec` says how a value stands in the
// store:
//
//   struct Codec {
//       using Value = …;
//       static constexpr store::Kind kKind = …;
//       static nlohmann::json to_json(Value const&);
//       static Result<Value> from_record(store::Key const&, nlohmann::json const&);  // kCorrupt
//   };
//
// Threads: those of the Store.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "io/task.h"
#include "store/store.h"

namespace meridian::control {

template <typename Value>
struct Stored {
    store::Key key;
    Value value;
    store::Sequence sequence = 0;
};

template <typename Codec>
class RecordTable {
  public:
    using Value = typename Codec::Value;

    explicit RecordTable(store::Store& store) : store_(store) {}

    [[nodiscard]] static store::Key key(model::AccountId const& account, std::string id) {
        return {account, Codec::kKind, std::move(id)};
    }

    io::Task<std::optional<Stored<Value>>> get(model::AccountId account, std::string id) {
        MERIDIAN_CO_TRY(auto record, co_await store_.get(key(account, std::move(id))));
        if (!record) co_return std::nullopt;
        MERIDIAN_CO_TRY(auto value, read(*record));
        co_return std::optional(std::move(value));
    }

    // By id, those that begin with `prefix` and come after `after`.
    io::Task<std::vector<Stored<Value>>> page(model::AccountId account, std::string prefix,
                                              std::string after, std::size_t limit) {
        store::Scan scan{.account = std::move(account),
                         .kind = Codec::kKind,
                         .id_prefix = std::move(prefix),
                         .after_id = std::move(after),
                         .limit = limit};
        MERIDIAN_CO_TRY(auto records, co_await store_.scan(std::move(scan)));
        std::vector<Stored<Value>> out;
        out.reserve(records.size());
        for (auto const& record : records) {
            MERIDIAN_CO_TRY(auto value, read(record));
            out.push_back(std::move(value));
        }
        co_return out;
    }

    // Of every account, for loading at start. A record that cannot be read is logged and left out.
    io::Task<std::vector<Stored<Value>>> every(Log& log) {
        MERIDIAN_CO_TRY(auto records, co_await store_.scan_all(Codec::kKind));
        std::vector<Stored<Value>> out;
        out.reserve(records.size());
        for (auto const& record : records) {
            if (auto value = read(record)) {
                out.push_back(std::move(*value));
            } else {
                log.write(LogLevel::kError, "a stored record is left out",
                          {{"error", value.error().message}});
            }
        }
        co_return out;
    }

    // Every one whose id begins with `prefix`. kCorrupt for one that cannot be read.
    io::Task<std::vector<Stored<Value>>> under(model::AccountId account, std::string prefix) {
        constexpr std::size_t kPage = 500;
        std::vector<Stored<Value>> out;
        for (;;) {
            auto const after = out.empty() ? std::string() : out.back().key.id;
            MERIDIAN_CO_TRY(auto found, co_await page(account, prefix, after, kPage));
            bool const last = found.size() < kPage;
            for (auto& each : found) out.push_back(std::move(each));
            if (last) co_return out;
        }
    }

    // Writes `value` where `before` stood (nothing: where nothing stands). Errors: kConflict, those
    // of the Store.
    io::Task<store::Sequence> put(std::string caller, store::Key key, Value value,
                                  std::optional<store::Sequence> before,
                                  std::vector<store::Expectation> also = {}) {
        store::Transaction transaction{.caller = std::move(caller),
                                       .expectations = std::move(also),
                                       .changes = {{key, Codec::to_json(value)}}};
        transaction.expectations.push_back({std::move(key), before});
        co_return co_await store_.commit(std::move(transaction));
    }

    io::Task<store::Sequence> remove(std::string caller, store::Key key, store::Sequence before) {
        store::Transaction transaction{.caller = std::move(caller),
                                       .expectations = {{key, before}},
                                       .changes = {{key, std::nullopt}}};
        co_return co_await store_.commit(std::move(transaction));
    }

  private:
    [[nodiscard]] static Result<Stored<Value>> read(store::Record const& record) {
        MERIDIAN_TRY(auto value, Codec::from_record(record.key, record.value));
        return Stored<Value>{record.key, std::move(value), record.sequence};
    }

    store::Store& store_;
};

}  // namespace meridian::control
