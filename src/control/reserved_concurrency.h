#pragma once
// PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency: the share of the
// account's concurrency that a function has for itself, and at most. Held by ControlPlane; threads:
// its region's executor. Source: Developer Guide, "Configuring reserved concurrency".
//
// The record: {"format":1, "reserved":N}.

#include <cstdint>
#include <map>
#include <optional>

#include "control/function_directory.h"
#include "control/record_table.h"
#include "control/requests.h"

namespace meridian::control {

struct ReservedConcurrencyCodec {
    using Value = std::uint32_t;
    static constexpr store::Kind kKind = store::Kind::kReservedConcurrency;
    [[nodiscard]] static nlohmann::json to_json(Value const& reserved);
    [[nodiscard]] static Result<Value> from_record(store::Key const& key,
                                                   nlohmann::json const& value);
};

class ReservedConcurrency {
  public:
    ReservedConcurrency(ResourceParts const& parts, std::uint32_t account_limit)
        : parts_(parts), account_limit_(account_limit), table_(parts.store) {}

    io::Task<> load();
    // The function's records were replaced in the store.
    io::Task<> read_again(model::AccountId account, model::FunctionName function);
    // The function is gone.
    void forget(model::AccountId const& account, model::FunctionName const& function);

    // `least` is what its provisioned concurrency needs.
    io::Task<> put(Requester who, model::FunctionName function, std::uint32_t reserved,
                   std::uint32_t least);
    io::Task<std::optional<std::uint32_t>> get(Requester who, model::FunctionName function);
    io::Task<> remove(Requester who, model::FunctionName function);

    // For the data plane, without I/O. Nothing: the function shares what nobody has reserved.
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view account,
                                                    std::string_view function) const;
    // What all functions of the account have reserved together.
    [[nodiscard]] std::uint32_t total(std::string_view account) const;

  private:
    io::Task<> try_put(Requester who, model::FunctionName function, std::uint32_t reserved);
    io::Task<> try_remove(Requester who, model::FunctionName function);
    void publish(model::AccountId const& account, model::FunctionName const& function,
                 std::optional<std::uint32_t> reserved, store::Sequence sequence);

    ResourceParts const parts_;
    std::uint32_t const account_limit_;
    RecordTable<ReservedConcurrencyCodec> table_;
    struct Slot {
        std::optional<std::uint32_t> reserved;
        store::Sequence sequence = 0;
    };
    struct Account {
        std::map<std::string, Slot, std::less<>> functions;
        std::uint32_t total = 0;
    };
    std::map<std::string, Account, std::less<>> accounts_;
};

}  // namespace meridian::control
