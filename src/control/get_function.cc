// GetFunction and GetFunctionConfiguration: one function or version, with its tags.

#include "control/control_plane.h"

namespace meridian::control {

io::Task<FunctionDetails> ControlPlane::get_function(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(who.account, what.name));
    if (!stored) co_return not_found(who.account, what.name, what.qualifier);
    auto const number =
        what.qualifier ? version_number(what.qualifier->value()) : std::optional<std::uint64_t>(0);
    if (!number) co_return not_found(who.account, what.name, what.qualifier);
    if (*number == 0) {
        co_return FunctionDetails{view_of(*stored, what.qualifier.has_value()),
                                  std::move(stored->function.tags)};
    }
    MERIDIAN_CO_TRY(auto version, co_await table_.get_version(who.account, what.name, *number));
    if (!version) co_return not_found(who.account, what.name, what.qualifier);
    co_return FunctionDetails{view_of(*version), std::move(stored->function.tags)};
}

}  // namespace meridian::control
