#include "policy/document_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/contains.h"
#include "policy/json_lists.h"

namespace meridian::policy {

namespace {

using nlohmann::json;

std::unexpected<Error> malformed(std::string message) {
    return fail(Errc::kMalformedPolicyDocument, std::move(message));
}

std::unexpected<Error> syntax_error() { return malformed("Syntax errors in policy."); }

template <std::size_t N>
bool has_only(json const& object, std::array<std::string_view, N> const& known) {
    return std::ranges::all_of(object.items(),
                               [&](auto const& member) { return contains(known, member.key()); });
}

constexpr std::array<std::string_view, 3> kDocumentFields = {"Version", "Id", "Statement"};
constexpr std::array<std::string_view, 9> kStatementFields = {
    "Sid",       "Effect",   "Principal",   "NotPrincipal", "Action",
    "NotAction", "Resource", "NotResource", "Condition"};

Result<void> check_frame(json const& document) {
    if (!document.is_object() || !has_only(document, kDocumentFields)) return syntax_error();
    if (document.contains("Id") && !document["Id"].is_string()) return syntax_error();
    if (document.contains("Version") && document["Version"] != "2012-10-17" &&
        document["Version"] != "2008-10-17")
        return syntax_error();
    if (!document.contains("Statement") || as_list(document["Statement"]).empty())
        return syntax_error();
    return {};
}

bool is_condition_value(json const& value) {
    return std::ranges::all_of(as_list(value), [](json const& one) {
        return one.is_string() || one.is_boolean() || one.is_number();
    });
}

bool is_condition(json const& condition) {
    if (!condition.is_object()) return false;
    return std::ranges::all_of(condition.items(), [](auto const& member) {
        json const& keys = member.value();
        if (!keys.is_object()) return false;
        if (!parse_operator(member.key()) && !keys.empty()) return false;  // recorded
        return std::ranges::all_of(keys.items(),
                                   [](auto const& key) { return is_condition_value(key.value()); });
    });
}

bool both(json const& statement, char const* one, char const* other) {
    return statement.contains(one) && statement.contains(other);
}

Result<void> check_statement_syntax(json const& statement) {
    if (!statement.is_object() || !has_only(statement, kStatementFields)) return syntax_error();
    if (both(statement, "Action", "NotAction") || both(statement, "Resource", "NotResource") ||
        both(statement, "Principal", "NotPrincipal"))
        return syntax_error();
    for (auto const* list : {"Action", "NotAction", "Resource", "NotResource"}) {
        if (statement.contains(list) && !is_strings(statement[list])) return syntax_error();
    }
    if (statement.contains("Condition") && !is_condition(statement["Condition"]))
        return syntax_error();
    if (statement.contains("Sid") && !statement["Sid"].is_string()) return syntax_error();
    if (!statement.contains("Effect")) return {};
    if (!statement["Effect"].is_string()) return syntax_error();
    auto const effect = lowered(statement["Effect"].get_ref<std::string const&>());
    return effect == "allow" || effect == "deny" ? Result<void>{} : syntax_error();
}

Result<void> check_effect_case(json const& statement) {
    if (statement["Effect"] == "Allow" || statement["Effect"] == "Deny") return {};
    return malformed("The policy failed legacy parsing");
}

// IAM reads the dates before it looks at anything else.
Result<void> check_dates(json const& statement) {
    if (!statement.contains("Condition")) return {};
    for (auto const& [name, keys] : statement["Condition"].items()) {
        auto const how = parse_operator(name);
        if (!how || how->comparison < Comparison::kDateEquals ||
            how->comparison > Comparison::kDateGreaterThanEquals)
            continue;
        for (auto const& [key, values] : keys.items()) {
            for (auto const& value : as_list(values)) {
                auto const text = value.is_string() ? value.get<std::string>() : value.dump();
                if (!parse_instant(text)) return malformed("The policy failed legacy parsing");
            }
        }
    }
    return {};
}

bool missing_or_empty(json const& statement, char const* one, char const* other) {
    for (auto const* name : {one, other}) {
        if (statement.contains(name)) return as_list(statement[name]).empty();
    }
    return true;
}

// --- Resources ---

constexpr std::array<std::string_view, 8> kPartitions = {
    "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"};
constexpr std::array<std::string_view, 13> kIamResources = {"user/",
                                                            "federated-user/",
                                                            "role/",
                                                            "group/",
                                                            "instance-profile/",
                                                            "mfa/",
                                                            "server-certificate/",
                                                            "policy/",
                                                            "sms-mfa/",
                                                            "saml-provider/",
                                                            "oidc-provider/",
                                                            "report/",
                                                            "access-report/"};

// "arn", partition, service, region, account and the rest; as many as there are.
std::vector<std::string_view> arn_parts(std::string_view arn) {
    std::vector<std::string_view> parts;
    while (parts.size() < 5) {
        auto const colon = arn.find(':');
        if (colon == std::string_view::npos) break;
        parts.push_back(arn.substr(0, colon));
        arn.remove_prefix(colon + 1);
    }
    parts.push_back(arn);
    return parts;
}

// What IAM says of a resource that it takes for one, though not for a good one; empty: nothing.
std::string fault_of(std::string_view resource) {
    if (resource == "*") return {};
    auto const parts = arn_parts(resource);
    if (parts.size() < 2)
        return fmt::format("Resource {} must be in ARN format or \"*\".", resource);
    auto const part = [&](std::size_t i) { return i < parts.size() ? parts[i] : "*"; };
    // A partition by wildcard is in wide use; that it is good is a guess.
    bool const by_wildcard = parts[1].find_first_of("*?") != std::string_view::npos;
    if (!by_wildcard && !contains(kPartitions, parts[1])) {
        return fmt::format("Partition \"{}\" is not valid for resource \"arn:{}:{}:{}:{}:{}\".",
                           parts[1], parts[1], part(2), part(3), part(4), part(5));
    }
    if (parts.size() < 3)
        return "Resource vendor must be fully qualified and cannot contain regexes.";
    bool const in_region = parts.size() > 3 && !parts[3].empty();
    if (parts[2] == "iam") {
        if (in_region && parts[3] != "*")
            return fmt::format("IAM resource {} cannot contain region information.", resource);
        bool const known =
            parts.size() < 6 || parts[5].starts_with('*') || parts[5] == "root" ||
            std::ranges::any_of(
                kIamResources, [&](std::string_view kind) { return parts[5].starts_with(kind); });
        if (!known) {
            return fmt::format("IAM resource path must either be \"*\", root, or start with {}.",
                               fmt::join(kIamResources, ", "));
        }
    }
    // Access points do have a region, and an account.
    bool const of_account = parts.size() > 4 && !parts[4].empty();
    if (parts[2] == "s3" && in_region && !of_account)
        return fmt::format("Resource {} can not contain region information.", resource);
    return {};
}

// What its older parser cannot read: an empty service, or empty parts and too few of them.
bool fails_legacy_parsing(std::string_view resource) {
    if (resource == "*") return false;
    auto const parts = arn_parts(resource);
    if (parts.size() >= 3 && parts[2].empty()) return true;
    return parts.size() < 6 && resource.find("::") != std::string_view::npos;
}

// The fault of the first resource that has one; an error for what the older parser cannot read.
Result<std::string> find_resource_fault(std::span<json const> statements) {
    for (auto const& statement : statements) {
        for (auto const* name : {"Resource", "NotResource"}) {
            if (!statement.contains(name)) continue;
            for (auto const& resource : as_list(statement[name])) {
                auto fault = fault_of(resource.get_ref<std::string const&>());
                if (!fault.empty()) return fault;
            }
            for (auto const& resource : as_list(statement[name])) {
                if (fails_legacy_parsing(resource.get_ref<std::string const&>()))
                    return malformed("The policy failed legacy parsing");
            }
        }
    }
    return std::string();
}

// --- Actions ---

bool is_vendor(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.';
    });
}

Result<void> check_action(std::string_view action) {
    if (action == "*") return {};
    auto const colon = action.find(':');
    if (colon == std::string_view::npos) {
        return malformed(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
    if (action.find(':', colon + 1) != std::string_view::npos)
        return malformed("Actions/Condition can contain only one colon.");
    auto const vendor = action.substr(0, colon);
    if (!is_vendor(vendor) && vendor != "*")
        return malformed(fmt::format("Vendor {} is not valid", vendor));
    return {};
}

Result<void> check_actions(std::span<json const> statements) {
    for (auto const* name : {"Action", "NotAction"}) {
        for (auto const& statement : statements) {
            if (!statement.contains(name)) continue;
            for (auto const& action : as_list(statement[name])) {
                MERIDIAN_CHECK(check_action(action.get_ref<std::string const&>()));
            }
        }
    }
    return {};
}

Result<void> check_sids(std::span<json const> statements) {
    std::set<std::string_view> seen;
    for (auto const& statement : statements) {
        if (!statement.contains("Sid")) continue;
        auto const& sid = statement["Sid"].get_ref<std::string const&>();
        if (!sid.empty() && !seen.insert(sid).second)
            return malformed("Statement IDs (SID) in a single policy must be unique.");
    }
    return {};
}

// What holds for identity and resource documents alike, after their syntax.
Result<void> check_contents(std::span<json const> statements) {
    for (auto const& statement : statements) {
        MERIDIAN_CHECK(check_effect_case(statement));
        MERIDIAN_CHECK(check_dates(statement));
    }
    MERIDIAN_TRY(auto const resource_fault, find_resource_fault(statements));
    MERIDIAN_CHECK(check_sids(statements));
    for (auto const& statement : statements) {
        if (missing_or_empty(statement, "Action", "NotAction"))
            return malformed("Policy statement must contain actions.");
    }
    for (auto const& statement : statements) {
        if (missing_or_empty(statement, "Resource", "NotResource"))
            return malformed("Policy statement must contain resources.");
    }
    if (!resource_fault.empty()) return malformed(resource_fault);
    return check_actions(statements);
}

Result<void> check_trust_statement(json const& statement) {
    if (!statement.is_object()) return syntax_error();
    for (auto const* field : {"Resource", "NotResource"}) {
        if (statement.contains(field))
            return malformed(fmt::format("Has prohibited field {}", field));
    }
    MERIDIAN_CHECK(check_statement_syntax(statement));
    if (!statement.contains("Effect")) return malformed("Missing required field Effect");
    if (statement.contains("NotPrincipal")) return malformed("Has prohibited field NotPrincipal");
    if (!statement.contains("Principal")) return malformed("Missing required field Principal");
    MERIDIAN_CHECK(PrincipalElement::parse(statement["Principal"]));
    bool const listed = statement.contains("Action");
    if (!listed && !statement.contains("NotAction"))
        return malformed("Missing required field Action");
    bool const sts_only =
        listed && std::ranges::all_of(as_list(statement["Action"]), [](json const& action) {
            return lowered(action.get_ref<std::string const&>()).starts_with("sts:");
        });
    if (!sts_only) return malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    if (as_list(statement["Action"]).empty()) return syntax_error();
    MERIDIAN_CHECK(check_effect_case(statement));
    return check_dates(statement);
}

}  // namespace

Result<void> check_identity_document(json const& document) {
    MERIDIAN_CHECK(check_frame(document));
    auto const statements = as_list(document["Statement"]);
    for (auto const& statement : statements) {
        MERIDIAN_CHECK(check_statement_syntax(statement));
        if (!statement.contains("Effect")) return syntax_error();
    }
    // Not in the recordings: the text that IAM's console shows.
    for (auto const& statement : statements) {
        if (statement.contains("Principal") || statement.contains("NotPrincipal"))
            return malformed("Policy document should not specify a principal.");
    }
    if (document.value("Version", "") != "2012-10-17")
        return malformed("Policy document must be version 2012-10-17 or greater.");
    return check_contents(statements);
}

Result<void> check_resource_document(json const& document) {
    MERIDIAN_CHECK(check_frame(document));
    auto const statements = as_list(document["Statement"]);
    for (auto const& statement : statements) {
        MERIDIAN_CHECK(check_statement_syntax(statement));
        if (!statement.contains("Effect")) return malformed("Missing required field Effect");
        if (!statement.contains("Principal") && !statement.contains("NotPrincipal"))
            return malformed("Missing required field Principal");
    }
    return check_contents(statements);
}

Result<void> check_trust_document(json const& document) {
    MERIDIAN_CHECK(check_frame(document));
    auto const statements = as_list(document["Statement"]);
    for (auto const& statement : statements) {
        MERIDIAN_CHECK(check_trust_statement(statement));
    }
    return check_sids(statements);
}

}  // namespace meridian::policy
