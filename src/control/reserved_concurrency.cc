#include "control/reserved_concurrency.h"

#include <fmt/format.h>

#include "control/retry.h"
#include "control/sub_records.h"
#include "model/limits.h"
#include "store/record_format.h"

namespace meridian::control {

namespace {
constexpr int kReservedFormat = 1;
}

nlohmann::json ReservedConcurrencyCodec::to_json(Value const& reserved) {
    return {{"format", kReservedFormat}, {"reserved", reserved}};
}

Result<std::uint32_t> ReservedConcurrencyCodec::from_record(store::Key const& key,
                                                            nlohmann::json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kReservedFormat));
    return store::guarded(key, [&] { return value.at("reserved").get<std::uint32_t>(); });
}

io::Task<> ReservedConcurrency::load() {
    MERIDIAN_CO_TRY(auto const stored, co_await table_.every(parts_.log));
    for (auto const& each : stored)
        publish(each.key.account, function_of_sub_id(each.key.id), each.value, each.sequence);
    co_return Result<void>{};
}

io::Task<> ReservedConcurrency::read_again(model::AccountId account, model::FunctionName function) {
    MERIDIAN_CO_TRY(auto const stored, co_await table_.under(account, sub_id_prefix(function)));
    forget(account, function);
    for (auto const& each : stored) publish(account, function, each.value, each.sequence);
    co_return Result<void>{};
}

void ReservedConcurrency::publish(model::AccountId const& account,
                                  model::FunctionName const& function,
                                  std::optional<std::uint32_t> reserved, store::Sequence sequence) {
    auto& its_account = accounts_[account.value()];
    auto& slot = its_account.functions[function.value()];
    if (sequence < slot.sequence) return;
    its_account.total += reserved.value_or(0) - slot.reserved.value_or(0);
    slot = {reserved, sequence};
}

void ReservedConcurrency::forget(model::AccountId const& account,
                                 model::FunctionName const& function) {
    auto& its_account = accounts_[account.value()];
    auto const slot = its_account.functions.find(function.value());
    if (slot == its_account.functions.end()) return;
    its_account.total -= slot->second.reserved.value_or(0);
    its_account.functions.erase(slot);
}

std::optional<std::uint32_t> ReservedConcurrency::find(std::string_view account,
                                                       std::string_view function) const {
    auto const its_account = accounts_.find(account);
    if (its_account == accounts_.end()) return std::nullopt;
    auto const slot = its_account->second.functions.find(function);
    return slot == its_account->second.functions.end() ? std::nullopt : slot->second.reserved;
}

std::uint32_t ReservedConcurrency::total(std::string_view account) const {
    auto const its_account = accounts_.find(account);
    return its_account == accounts_.end() ? 0 : its_account->second.total;
}

io::Task<> ReservedConcurrency::put(Requester who, model::FunctionName function,
                                    std::uint32_t reserved, std::uint32_t least) {
    MERIDIAN_CO_TRY(auto const there, co_await parts_.functions.find(who.account, function));
    if (!there) {  // recorded: with $LATEST
        co_return parts_.functions.not_found(who.account, function,
                                             model::Qualifier(model::kLatest));
    }
    if (reserved < least) {
        co_return fail(Errc::kInvalidParameterValueWithoutType,
                       fmt::format(" ReservedConcurrentExecutions  {} should not be lower than "
                                   "function's total provisioned concurrency [{}].",
                                   reserved, least));
    }
    auto const others =
        total(who.account.value()) - find(who.account.value(), function.value()).value_or(0);
    if (static_cast<std::uint64_t>(others) + reserved + model::limits::kUnreservedConcurrencyMin >
        account_limit_) {
        co_return fail(
            Errc::kInvalidParameterValueWithoutType,
            fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                        "UnreservedConcurrentExecution below its minimum value of [{}].",
                        model::limits::kUnreservedConcurrencyMin));
    }
    co_return co_await retry_conflicts([&] { return try_put(who, function, reserved); });
}

io::Task<> ReservedConcurrency::try_put(Requester who, model::FunctionName function,
                                        std::uint32_t reserved) {
    MERIDIAN_CO_TRY(auto const stored, co_await parts_.functions.load(who.account, function));
    MERIDIAN_CO_TRY(auto const before, co_await table_.get(who.account, sub_id(function)));
    MERIDIAN_CO_TRY(
        auto const sequence,
        co_await table_.put(who.arn, table_.key(who.account, sub_id(function)), reserved,
                            before ? std::optional(before->sequence) : std::nullopt,
                            {still_there(stored)}));
    publish(who.account, function, reserved, sequence);
    co_return Result<void>{};
}

io::Task<std::optional<std::uint32_t>> ReservedConcurrency::get(Requester who,
                                                                model::FunctionName function) {
    MERIDIAN_CO_CHECK(co_await parts_.functions.load(who.account, function));
    co_return find(who.account.value(), function.value());
}

io::Task<> ReservedConcurrency::remove(Requester who, model::FunctionName function) {
    MERIDIAN_CO_CHECK(co_await parts_.functions.load(who.account, function));
    co_return co_await retry_conflicts([&] { return try_remove(who, function); });
}

io::Task<> ReservedConcurrency::try_remove(Requester who, model::FunctionName function) {
    MERIDIAN_CO_TRY(auto const before, co_await table_.get(who.account, sub_id(function)));
    if (!before) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const sequence,
                    co_await table_.remove(who.arn, before->key, before->sequence));
    publish(who.account, function, std::nullopt, sequence);
    co_return Result<void>{};
}

}  // namespace meridian::control
