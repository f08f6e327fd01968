#include "control/function_options.h"

#include "control/retry.h"
#include "control/sub_records.h"

namespace meridian::control {

namespace {

model::Qualifier version_of(FunctionAndQualifier const& what) {
    if (!what.qualifier || what.qualifier->value() == model::kLatest) return {};
    return *what.qualifier;
}

}  // namespace

io::Task<StoredFunction> FunctionOptions::load(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto function, co_await parts_.functions.find(who.account, what.name));
    if (!function) co_return parts_.functions.not_found(who.account, what.name, what.qualifier);
    auto const version = version_of(what);
    if (!version.value().empty()) {
        MERIDIAN_CO_CHECK(
            parts_.functions.require_version(who.account, what.name, version.value()));
    }
    co_return std::move(*function);
}

template <typename Table>
io::Task<> FunctionOptions::try_put(Table& table, Requester who, FunctionAndQualifier what,
                                    nlohmann::json settings) {
    MERIDIAN_CO_TRY(auto const function, co_await load(who, what));
    auto const id = sub_id(what.name, version_of(what));
    MERIDIAN_CO_TRY(auto const before, co_await table.get(who.account, id));
    auto const now = parts_.clock.wall_now();
    KeptSettings kept{std::move(settings), before ? before->value.created : now, now};
    MERIDIAN_CO_CHECK(co_await table.put(who.arn, Table::key(who.account, id), std::move(kept),
                                         before ? std::optional(before->sequence) : std::nullopt,
                                         {still_there(function)}));
    co_return Result<void>{};
}

template <typename Table>
io::Task<> FunctionOptions::put(Table& table, Requester who, FunctionAndQualifier what,
                                nlohmann::json settings) {
    co_return co_await retry_conflicts([&] { return try_put(table, who, what, settings); });
}

io::Task<nlohmann::json> FunctionOptions::get_runtime_management(Requester who,
                                                                 FunctionAndQualifier what) {
    MERIDIAN_CO_CHECK(co_await load(who, what));
    MERIDIAN_CO_TRY(auto stored, co_await runtime_management_.get(
                                     who.account, sub_id(what.name, version_of(what))));
    if (!stored) co_return nlohmann::json{{"UpdateRuntimeOn", "Auto"}};
    co_return std::move(stored->value.settings);
}

io::Task<> FunctionOptions::put_runtime_management(Requester who, FunctionAndQualifier what,
                                                   nlohmann::json settings) {
    bool const manual = settings.value("UpdateRuntimeOn", "") == "Manual";
    if (manual && settings.value("RuntimeVersionArn", "").empty()) {
        co_return fail(Errc::kInvalidParameterValue,
                       "RuntimeVersionArn is required when UpdateRuntimeOn is Manual.");
    }
    if (!manual && settings.contains("RuntimeVersionArn")) {
        co_return fail(Errc::kInvalidParameterValue,
                       "RuntimeVersionArn can only be given when UpdateRuntimeOn is Manual.");
    }
    co_return co_await put(runtime_management_, std::move(who), std::move(what),
                           std::move(settings));
}

io::Task<std::string> FunctionOptions::get_recursive_loop(Requester who,
                                                          model::FunctionName function) {
    MERIDIAN_CO_CHECK(co_await load(who, {function, {}}));
    MERIDIAN_CO_TRY(auto const stored, co_await recursion_.get(who.account, sub_id(function)));
    co_return stored ? stored->value.settings.value("RecursiveLoop", "Terminate")
                     : std::string("Terminate");
}

io::Task<> FunctionOptions::put_recursive_loop(Requester who, model::FunctionName function,
                                               std::string value) {
    co_return co_await put(recursion_, std::move(who), {std::move(function), {}},
                           {{"RecursiveLoop", std::move(value)}});
}

}  // namespace meridian::control
