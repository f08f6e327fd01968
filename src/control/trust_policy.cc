#include "control/trust_policy.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace meridian::control {

namespace {

using nlohmann::json;

std::unexpected<Error> malformed(std::string message) {
    return fail(Errc::kMalformedPolicyDocument, std::move(message));
}

// IAM reads a lone value wherever a list may stand.
std::vector<json> as_list(json const& value) {
    if (value.is_array()) return {value.begin(), value.end()};
    return {value};
}

bool is_strings(json const& value) {
    auto const list = as_list(value);
    return !list.empty() &&
           std::ranges::all_of(list, [](json const& item) { return item.is_string(); });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

// '*' stands for any run of characters, '?' for one.
bool matches_wildcard(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0;
    std::optional<std::size_t> star;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) &&
            pattern[p] != '*') {
            ++p, ++t;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (star) {
            p = *star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool too_deep(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kPolicyDepthMax) return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return false;
}

json parse(std::string_view document) {
    if (too_deep(document)) return json(json::value_t::discarded);
    return json::parse(document, nullptr, false);
}

Result<void> check_principal(json const& principal) {
    if (principal.is_string()) {
        if (principal == "*") return {};
        return malformed(
            fmt::format("Invalid principal in policy: \"{}\"", principal.get<std::string>()));
    }
    if (!principal.is_object() || principal.empty())
        return malformed("Missing required field Principal");
    for (auto const& [kind, who] : principal.items()) {
        if (kind != "AWS" && kind != "Service" && kind != "Federated" && kind != "CanonicalUser") {
            return malformed(fmt::format("Invalid principal in policy: \"{}\"", kind));
        }
        if (!is_strings(who)) return malformed("Syntax errors in policy.");
        if (kind != "Service") continue;
        for (auto const& service : as_list(who)) {
            auto const& name = service.get_ref<std::string const&>();
            bool const plausible = name.find('.') != std::string::npos &&
                                   name.find_first_of(" /:*") == std::string::npos;
            if (!plausible)
                return malformed(
                    fmt::format("Invalid principal in policy: \"SERVICE\":\"{}\"", name));
        }
    }
    return {};
}

Result<void> check_statement(json const& statement) {
    if (!statement.is_object()) return malformed("Syntax errors in policy.");
    static constexpr std::string_view kFields[] = {
        "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"};
    for (auto const& [field, value] : statement.items()) {
        if (field == "Resource" || field == "NotResource")
            return malformed("Has prohibited field " + field);
        if (std::ranges::find(kFields, field) == std::end(kFields))
            return malformed("Syntax errors in policy.");
    }
    if (!statement.contains("Effect")) return malformed("Missing required field Effect");
    if (statement["Effect"] != "Allow" && statement["Effect"] != "Deny") {
        return malformed("Syntax errors in policy.");
    }
    if (statement.contains("Sid") && !statement["Sid"].is_string())
        return malformed("Syntax errors in policy.");
    if (!statement.contains("Principal") && !statement.contains("NotPrincipal")) {
        return malformed("Missing required field Principal");
    }
    if (statement.contains("NotPrincipal")) return malformed("Has prohibited field NotPrincipal");
    MERIDIAN_CHECK(check_principal(statement["Principal"]));
    if (!statement.contains("Action") && !statement.contains("NotAction")) {
        return malformed("Missing required field Action");
    }
    if (statement.contains("NotAction")) {
        return malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    }
    if (!is_strings(statement["Action"])) return malformed("Syntax errors in policy.");
    for (auto const& action : as_list(statement["Action"])) {
        auto const name = lowered(action.get_ref<std::string const&>());
        if (!name.starts_with("sts:")) {
            return malformed("AssumeRole policy may only specify STS AssumeRole actions.");
        }
    }
    if (statement.contains("Condition")) {
        auto const& conditions = statement["Condition"];
        if (!conditions.is_object()) return malformed("Syntax errors in policy.");
        for (auto const& [operation, keys] : conditions.items()) {
            if (!keys.is_object()) return malformed("Syntax errors in policy.");
            for (auto const& [key, values] : keys.items()) {
                if (values.is_object() || values.is_null())
                    return malformed("Syntax errors in policy.");
            }
        }
    }
    return {};
}

bool condition_holds(std::string const& operation, std::string const& key, json const& values,
                     AssumeRoleRequest const& request) {
    auto const name = lowered(key);
    std::string_view actual;
    if (name == "aws:sourceaccount") actual = request.source_account;
    if (name == "aws:sourcearn") actual = request.source_arn;
    auto const how = lowered(operation);
    if (actual.empty()) return how.ends_with("ifexists");
    for (auto const& value : as_list(values)) {
        if (!value.is_string()) continue;
        auto const& wanted = value.get_ref<std::string const&>();
        if (how.starts_with("stringequals") && wanted == actual) return true;
        bool const like = how.starts_with("stringlike") || how.starts_with("arnlike") ||
                          how.starts_with("arnequals");
        if (like && matches_wildcard(wanted, actual)) return true;
    }
    return false;
}

bool applies(json const& statement, AssumeRoleRequest const& request) {
    auto const& principal = statement["Principal"];
    bool named = principal == "*";
    if (principal.is_object() && principal.contains("Service")) {
        for (auto const& service : as_list(principal["Service"]))
            named = named || service == request.service;
    }
    if (!named) return false;
    auto const actions = as_list(statement["Action"]);
    bool const assumes = std::ranges::any_of(actions, [](json const& action) {
        return matches_wildcard(lowered(action.get_ref<std::string const&>()), "sts:assumerole");
    });
    if (!assumes) return false;
    if (!statement.contains("Condition")) return true;
    for (auto const& [operation, keys] : statement["Condition"].items()) {
        for (auto const& [key, values] : keys.items()) {
            if (!condition_holds(operation, key, values, request)) return false;
        }
    }
    return true;
}

}  // namespace

Result<void> check_trust_policy(std::string_view document) {
    auto const size = std::ranges::count_if(
        document, [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
    if (static_cast<std::size_t>(size) > kTrustPolicyCharsMax) {
        return fail(Errc::kLimitExceeded, fmt::format("Cannot exceed quota for ACLSizePerRole: {}",
                                                      kTrustPolicyCharsMax));
    }
    auto const policy = parse(document);
    if (policy.is_discarded()) return malformed("This policy contains invalid Json");
    if (!policy.is_object()) return malformed("Syntax errors in policy.");
    for (auto const& [field, value] : policy.items()) {
        if (field != "Version" && field != "Id" && field != "Statement")
            return malformed("Syntax errors in policy.");
    }
    if (policy.contains("Version") && policy["Version"] != "2012-10-17" &&
        policy["Version"] != "2008-10-17") {
        return malformed("Syntax errors in policy.");
    }
    if (!policy.contains("Statement")) return malformed("Syntax errors in policy.");
    auto const statements = as_list(policy["Statement"]);
    if (statements.empty()) return malformed("Syntax errors in policy.");
    for (auto const& statement : statements) {
        MERIDIAN_CHECK(check_statement(statement));
    }
    return {};
}

bool may_assume_role(std::string_view document, AssumeRoleRequest const& request) {
    if (!check_trust_policy(document)) return false;
    bool allowed = false;
    for (auto const& statement : as_list(parse(document)["Statement"])) {
        if (!applies(statement, request)) continue;
        if (statement["Effect"] == "Deny") return false;
        allowed = true;
    }
    return allowed;
}

}  // namespace meridian::control
