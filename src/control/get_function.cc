// GetFunction and GetFunctionConfiguration: one function or version, with its tags.

#include "control/control_plane.h"

namespace meridian::control {

io::Task<FunctionDetails> ControlPlane::get_function(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(who.account, what.name));
    if (!stored) co_return not_found(who.account, what.name, what.qualifier);
    auto const reserved = reserved_.find(who.account.value(), what.name.value());
    auto number =
        what.qualifier ? version_number(what.qualifier->value()) : std::optional<std::uint64_t>(0);
    std::optional<model::Qualifier> alias_name;
    if (!number) {
        auto const* const alias = aliases_.published().find(who.account.value(), what.name.value(),
                                                            what.qualifier->value());
        if (alias == nullptr) co_return not_found(who.account, what.name, what.qualifier);
        number = alias->version;
        alias_name = what.qualifier;
    }
    if (*number == 0) {
        auto view = view_of(*stored, what.qualifier.has_value());
        view.alias = alias_name;
        co_return FunctionDetails{std::move(view), std::move(stored->function.tags), reserved};
    }
    MERIDIAN_CO_TRY(auto version, co_await table_.get_version(who.account, what.name, *number));
    if (!version) co_return not_found(who.account, what.name, what.qualifier);
    auto view = view_of(*version);
    view.alias = alias_name;
    co_return FunctionDetails{std::move(view), std::move(stored->function.tags), reserved};
}

}  // namespace meridian::control
