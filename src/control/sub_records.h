#pragma once
// The records that hang under a function and go with it: an alias, the permissions of a qualifier,
// … Each has the id "function:qualifier"; the qualifier is empty where the function itself is
// meant. Pure; any thread.

#include <string>

#include "model/names.h"
#include "store/store.h"

namespace meridian::control {

inline constexpr store::Kind kKindsUnderAFunction[] = {
    store::Kind::kAlias,
    store::Kind::kResourcePolicy,
    store::Kind::kFunctionUrl,
    store::Kind::kEventInvokeConfig,
    store::Kind::kProvisionedConcurrency,
    store::Kind::kReservedConcurrency,
    store::Kind::kRuntimeManagement,
    store::Kind::kRecursionConfig,
    store::Kind::kFunctionCodeSigning,
    store::Kind::kTestEvent,
};

[[nodiscard]] inline std::string sub_id_prefix(model::FunctionName const& function) {
    return function.value() + ":";
}
[[nodiscard]] inline std::string sub_id(model::FunctionName const& function,
                                        model::Qualifier const& qualifier = {}) {
    return sub_id_prefix(function) + qualifier.value();
}
[[nodiscard]] inline model::FunctionName function_of_sub_id(std::string_view id) {
    return model::FunctionName(std::string(id.substr(0, id.find(':'))));
}
[[nodiscard]] inline model::Qualifier qualifier_of_sub_id(std::string_view id) {
    return model::Qualifier(std::string(id.substr(id.find(':') + 1)));
}

}  // namespace meridian::control
