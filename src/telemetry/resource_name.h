#pragma once
// A function as it was addressed, as CloudWatch's dimension Resource has it: "f:live", "f:7", or
// "f" without a qualifier.

#include <string>

#include "model/names.h"

namespace meridian::telemetry {

[[nodiscard]] inline std::string resource_name(model::FunctionName const& function,
                                               model::Qualifier const& qualifier) {
    auto name = function.value();
    if (!qualifier.value().empty()) name.append(1, ':').append(qualifier.value());
    return name;
}

}  // namespace meridian::telemetry
