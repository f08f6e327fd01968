#include "transfer/permission.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

std::unexpected<Error> cannot(json const& statement, std::string_view why) {
    return fail(Errc::kInvalidParameterValue,
                fmt::format("statement {}: {}", statement.value("Sid", json("?")).dump(), why));
}

// "arn:aws:iam::123456789012:root" is how policies write an account.
std::string account_or_same(std::string const& principal) {
    constexpr std::string_view kRoot = ":root";
    if (!principal.starts_with("arn:") || !principal.ends_with(kRoot)) return principal;
    auto const account = principal.substr(0, principal.size() - kRoot.size());
    return account.substr(account.rfind(':') + 1);
}

Result<std::string> principal_of(json const& statement) {
    auto const principal = statement.value("Principal", json());
    if (principal.is_string()) return principal.get<std::string>();
    if (principal.is_object() && principal.size() == 1 && principal.front().is_string()) {
        auto const value = principal.front().get<std::string>();
        if (principal.contains("Service")) return value;
        if (principal.contains("AWS")) return account_or_same(value);
    }
    return cannot(statement, "it names principals in a way that no action can.");
}

Result<json> base_of(json const& statement) {
    if (statement.value("Effect", json()) != "Allow") return cannot(statement, "it is no Allow.");
    if (!statement.value("Action", json()).is_string() ||
        !statement.value("Sid", json()).is_string())
        return cannot(statement, "it has not one Sid and one Action.");
    MERIDIAN_TRY(auto principal, principal_of(statement));
    return json{{"StatementId", statement["Sid"]},
                {"Action", statement["Action"]},
                {"Principal", std::move(principal)}};
}

struct Condition {
    std::string_view key;  // in lower case
    char const* member;
};
constexpr Condition kConditions[] = {
    {"lambda:eventsourcetoken", "EventSourceToken"},
    {"lambda:functionurlauthtype", "FunctionUrlAuthType"},
    {"aws:principalorgid", "PrincipalOrgID"},
    {"aws:sourceaccount", "SourceAccount"},
    {"aws:sourcearn", "SourceArn"},
};

}  // namespace

Result<json> permission_of(json const& statement) {
    MERIDIAN_TRY(auto out, base_of(statement));
    for (auto const& [op, keys] : statement.value("Condition", json::object()).items()) {
        if (!keys.is_object()) return cannot(statement, "its Condition is no object.");
        for (auto const& [key, value] : keys.items()) {
            auto const lower = lowered(key);
            if (lower == "lambda:invokedviafunctionurl") {
                out["InvokedViaFunctionUrl"] = value == "true" || value == true;
                continue;
            }
            auto const* const found = std::ranges::find(kConditions, lower, &Condition::key);
            if (found == std::end(kConditions) || !value.is_string())
                return cannot(statement, fmt::format("AddPermission cannot say {} {}.", op, key));
            out[found->member] = value;
        }
    }
    return out;
}

Result<json> layer_permission_of(json const& statement) {
    MERIDIAN_TRY(auto out, base_of(statement));
    for (auto const& [op, keys] : statement.value("Condition", json::object()).items()) {
        if (!keys.is_object()) return cannot(statement, "its Condition is no object.");
        for (auto const& [key, value] : keys.items()) {
            if (lowered(key) != "aws:principalorgid" || !value.is_string())
                return cannot(statement,
                              fmt::format("AddLayerVersionPermission cannot say {} {}.", op, key));
            out["OrganizationId"] = value;
        }
    }
    return out;
}

}  // namespace meridian::transfer
