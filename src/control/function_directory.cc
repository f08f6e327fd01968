#include "control/function_directory.h"

#include "wire/arn.h"

namespace meridian::control {

std::string FunctionDirectory::arn(model::AccountId const& account, model::FunctionName const& name,
                                   std::optional<model::Qualifier> const& qualifier) const {
    return wire::function_arn(region_, account, name, qualifier);
}

std::unexpected<Error> FunctionDirectory::not_found(
    model::AccountId const& account, model::FunctionName const& name,
    std::optional<model::Qualifier> const& qualifier) const {
    return fail(Errc::kResourceNotFound, "Function not found: " + arn(account, name, qualifier));
}

io::Task<std::optional<StoredFunction>> FunctionDirectory::find(model::AccountId account,
                                                                model::FunctionName name) {
    return table_.get(std::move(account), std::move(name));
}

io::Task<StoredFunction> FunctionDirectory::load(model::AccountId account,
                                                 model::FunctionName name) {
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(account, name));
    if (!stored) co_return not_found(account, name);
    co_return std::move(*stored);
}

Result<std::uint64_t> FunctionDirectory::require_version(model::AccountId const& account,
                                                         model::FunctionName const& name,
                                                         std::string_view version) const {
    auto const number = version_number(version);
    if (!number || !published_.find(account.value(), name.value(), version))
        return not_found(account, name, model::Qualifier(std::string(version)));
    return *number;
}

store::Expectation still_there(StoredFunction const& stored) {
    return {function_key(stored.function.account, stored.function.name), stored.sequence};
}

}  // namespace meridian::control
