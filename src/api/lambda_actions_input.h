#pragma once
// Reading AWS's Lambda requests into what the control plane is asked: names in all their forms, and
// code. Settings: settings_input.h. Pure; any thread.

#include <nlohmann/json.hpp>

#include "api/action.h"
#include "base/result.h"
#include "control/requests.h"

namespace meridian::api {

// RevisionId; an empty one is none.
[[nodiscard]] std::optional<model::RevisionId> read_revision_id(nlohmann::json const& input);
// A member that may be absent.
template <typename T>
[[nodiscard]] std::optional<T> read_optional(nlohmann::json const& input, char const* member) {
    auto const found = input.find(member);
    if (found == input.end() || found->is_null()) return std::nullopt;
    return found->get<T>();
}

// Whether a member is there and neither null nor empty.
[[nodiscard]] bool has_content(nlohmann::json const& object, char const* member);

// FunctionName (name, partial ARN, ARN, each with or without a qualifier) and Qualifier together.
// `operation` is the IAM action's name for another account's function.
[[nodiscard]] Result<control::FunctionAndQualifier> read_function_and_qualifier(
    ActionContext const& context, nlohmann::json const& input, std::string_view operation);
// The same for operations that know no qualifier. `$LATEST` is the function itself; a version or
// alias is refused.
[[nodiscard]] Result<model::FunctionName> read_function(ActionContext const& context,
                                                        nlohmann::json const& input,
                                                        std::string_view operation);
// CreateFunction's name: no qualifier at all.
[[nodiscard]] Result<model::FunctionName> read_unqualified_function(ActionContext const& context,
                                                                    nlohmann::json const& input,
                                                                    std::string_view operation);
[[nodiscard]] Result<model::FunctionName> read_new_function_name(ActionContext const& context,
                                                                 nlohmann::json const& input);

// The package of CreateFunction's Code, UpdateFunctionCode's input or PublishLayerVersion's
// Content.
[[nodiscard]] Result<control::PackageInput> read_code(nlohmann::json const& code);

// "… is not supported by this version of Meridian."
[[nodiscard]] std::unexpected<Error> unsupported(std::string_view what);

}  // namespace meridian::api
