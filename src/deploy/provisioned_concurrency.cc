#include "deploy/provisioned_concurrency.h"

#include "deploy/property_table.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr char const* kCount = "ProvisionedConcurrentExecutions";

std::string target_of(std::string const& function, std::string const& qualifier) {
    return function_path(function, "/provisioned-concurrency", "2019-09-30") +
           qualifier_query(qualifier);
}

}  // namespace

Result<json> normal_concurrency(json const& given) {
    if (is_reference(given) || !given.contains(kCount)) return given;
    MERIDIAN_TRY(auto const count, coerce(Form::kInteger, given[kCount], kCount));
    if (count == 0) return json::object();
    return json{{kCount, count}};
}

io::Task<json> read_concurrency(ServiceCalls& calls, std::string function, std::string qualifier) {
    auto const found =
        co_await calls.find("GetProvisionedConcurrencyConfig", target_of(function, qualifier));
    if (!found) {
        // An endpoint without it has none.
        if (found.error().code == Errc::kUnavailable) co_return json::object();
        co_return std::unexpected(found.error());
    }
    if (!*found) co_return json::object();
    co_return json{{kCount, (*found)->value("RequestedProvisionedConcurrentExecutions", 0)}};
}

io::Task<> put_concurrency(ServiceCalls& calls, std::string function, std::string qualifier,
                           json wished) {
    MERIDIAN_CO_TRY(auto const now, co_await read_concurrency(calls, function, qualifier));
    if (wished.is_null()) wished = json::object();
    if (now == wished) co_return Result<void>{};
    auto const target = target_of(function, qualifier);
    if (wished.empty())
        co_return co_await calls.remove("DeleteProvisionedConcurrencyConfig", target);
    MERIDIAN_CO_CHECK(
        co_await calls.lambda("PutProvisionedConcurrencyConfig", "PUT", target, std::move(wished)));
    co_return Result<void>{};
}

}  // namespace meridian::deploy
