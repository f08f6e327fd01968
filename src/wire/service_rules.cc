#include "wire/service_rules.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/limits.h"
#include "model/runtimes.h"
#include "wire/arn.h"

namespace meridian::wire {
namespace {

// The model allows 140 characters, for ARNs; a name alone has 64.
Result<void> check_new_function_name(nlohmann::json const& input) {
    auto const& given = input.at("FunctionName").get_ref<std::string const&>();
    auto const reference = parse_function_reference(given);
    if (!reference || reference->name.value().size() <= model::limits::kFunctionNameCharsMax)
        return {};
    return fail(Errc::kInvalidParameterValue,
                fmt::format("1 validation error detected: Value '{}' at 'functionName' failed to "
                            "satisfy constraint: "
                            "Member must have length less than or equal to {}",
                            given, model::limits::kFunctionNameCharsMax));
}

// Unlike every other enumeration: another exception.
Result<void> check_runtime(nlohmann::json const& input) {
    auto const given = input.find("Runtime");
    if (given == input.end()) return {};
    static auto const values = enum_values(*find_shape(Service::kLambda, "Runtime"));
    auto const& runtime = given->get_ref<std::string const&>();
    if (std::ranges::find(values, runtime) != values.end()) return {};
    return fail(Errc::kInvalidParameterValue, unknown_runtime(runtime));
}

}  // namespace

std::string unknown_runtime(std::string_view runtime) {
    std::vector<std::string_view> supported;
    for (auto const& known : model::kKnownRuntimes) {
        if (known.support == model::RuntimeSupport::kSupported) supported.push_back(known.name);
    }
    return fmt::format(
        "Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        "[{}] or be a valid ARN",
        runtime, fmt::join(supported, ", "));
}

Result<void> check_service_rules(Operation const& operation, nlohmann::json const& input) {
    switch (operation.id) {
        case OperationId::kLambdaCreateFunction: {
            MERIDIAN_CHECK(check_new_function_name(input));
            return check_runtime(input);
        }
        case OperationId::kLambdaUpdateFunctionConfiguration:
            return check_runtime(input);
        default:
            return {};
    }
}

}  // namespace meridian::wire
