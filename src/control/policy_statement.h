#pragma once
// One statement of a function's resource policy as AddPermission makes it. Pure; any thread.
// Source: API reference, AddPermission; member order and operators as recorded.

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::control {

struct PermissionRequest {
    std::string statement_id = {};
    std::string action = {};     // "lambda:InvokeFunction"
    std::string principal = {};  // "*", a service, an account or an ARN
    std::optional<std::string> source_arn = {};
    std::optional<std::string> source_account = {};
    std::optional<std::string> principal_org_id = {};
    std::optional<std::string> event_source_token = {};
    std::optional<std::string> function_url_auth_type = {};
    std::optional<bool> invoked_via_function_url = {};
};

// The statement with its members in AWS's order. Errors: kInvalidParameterValue with AWS's text.
[[nodiscard]] Result<nlohmann::ordered_json> make_statement(PermissionRequest const& request,
                                                            std::string const& resource_arn);

}  // namespace meridian::control
