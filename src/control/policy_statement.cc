#include "control/policy_statement.h"

#include <algorithm>

namespace meridian::control {

namespace {

using nlohmann::ordered_json;

bool is_account(std::string_view text) {
    return text.size() == 12 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// arn:aws:iam::123456789012:user/name, …:role/name, …:root, arn:aws:sts::…:assumed-role/…
bool is_principal_arn(std::string_view text) {
    if (!text.starts_with("arn:aws")) return false;
    auto const service = text.find(":iam::");
    auto const sts = text.find(":sts::");
    auto const begin = service != std::string_view::npos ? service : sts;
    if (begin == std::string_view::npos) return false;
    text.remove_prefix(begin + 6);
    if (text.size() < 14 || !is_account(text.substr(0, 12)) || text[12] != ':') return false;
    text.remove_prefix(13);
    return text == "root" || text.find('/') != std::string_view::npos;
}

bool is_service(std::string_view text) {
    // Alexa's skills are not under the common domain.
    if (text == "alexa-appkit.amazon.com" || text == "alexa-connectedhome.amazon.com") return true;
    bool const of_aws = text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn");
    return of_aws && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

Result<ordered_json> principal_json(std::string const& principal) {
    if (principal == "*") return ordered_json("*");
    if (is_account(principal)) return ordered_json{{"AWS", "arn:aws:iam::" + principal + ":root"}};
    if (is_principal_arn(principal)) return ordered_json{{"AWS", principal}};
    if (is_service(principal)) return ordered_json{{"Service", principal}};
    return fail(Errc::kInvalidParameterValue,
                "The provided principal was invalid. Please check the principal and try again.");
}

}  // namespace

Result<ordered_json> make_statement(PermissionRequest const& request,
                                    std::string const& resource_arn) {
    if (request.function_url_auth_type && request.action != "lambda:InvokeFunctionUrl") {
        return fail(Errc::kInvalidParameterValue,
                    "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action");
    }
    MERIDIAN_TRY(auto principal, principal_json(request.principal));
    ordered_json condition = ordered_json::object();
    auto const add = [&](char const* op, char const* key, std::optional<std::string> const& value) {
        if (value) condition[op][key] = *value;
    };
    // In the order of the service (recorded; the token's place is that of a Java HashMap, as the
    // others' are).
    add("StringEquals", "lambda:EventSourceToken", request.event_source_token);
    add("StringEquals", "AWS:SourceAccount", request.source_account);
    add("StringEquals", "lambda:FunctionUrlAuthType", request.function_url_auth_type);
    add("StringEquals", "aws:PrincipalOrgID", request.principal_org_id);
    add("ArnLike", "AWS:SourceArn", request.source_arn);
    if (request.invoked_via_function_url) {
        add("Bool", "lambda:InvokedViaFunctionUrl",
            *request.invoked_via_function_url ? "true" : "false");
    }
    ordered_json statement = {{"Sid", request.statement_id},
                              {"Effect", "Allow"},
                              {"Principal", std::move(principal)},
                              {"Action", request.action},
                              {"Resource", resource_arn}};
    if (!condition.empty()) statement["Condition"] = std::move(condition);
    return statement;
}

}  // namespace meridian::control
