#include "policy/principal.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/contains.h"
#include "policy/json_lists.h"

namespace meridian::policy {

namespace {

using nlohmann::json;

std::unexpected<Error> invalid(std::string_view what) {
    return fail(Errc::kMalformedPolicyDocument,
                fmt::format("Invalid principal in policy: {}", what));
}

bool is_account(std::string_view text) {
    return text.size() == 12 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The account of "arn:PARTITION:iam::ACCOUNT:…" or "…:sts::ACCOUNT:…", and what comes after it.
struct PrincipalArn {
    std::string_view account;
    std::string_view resource;
};
std::optional<PrincipalArn> parse_principal_arn(std::string_view text) {
    if (!text.starts_with("arn:aws")) return std::nullopt;
    auto at = text.find(":iam::");
    if (at == std::string_view::npos) at = text.find(":sts::");
    if (at == std::string_view::npos || text.find(':', 4) != at) return std::nullopt;
    text.remove_prefix(at + 6);
    if (text.size() < 14 || !is_account(text.substr(0, 12)) || text[12] != ':') return std::nullopt;
    return PrincipalArn{text.substr(0, 12), text.substr(13)};
}

bool is_nameable(std::string_view resource) {
    static constexpr std::string_view kKinds[] = {"user/", "role/", "assumed-role/",
                                                  "federated-user/"};
    return std::ranges::any_of(kKinds, [&](std::string_view kind) {
        return resource.starts_with(kind) && resource.size() > kind.size() &&
               resource.find_first_of("*?") == std::string_view::npos;
    });
}

bool is_service(std::string_view name) {
    return name.find('.') != std::string_view::npos &&
           name.find_first_of(" /:*") == std::string_view::npos;
}

}  // namespace

Result<PrincipalElement> PrincipalElement::parse(json const& value) {
    PrincipalElement out;
    if (value.is_string()) {
        auto const& text = value.get_ref<std::string const&>();
        if (text != "*") return invalid(fmt::format("\"{}\"", text));
        out.everyone_ = true;
        return out;
    }
    if (!value.is_object() || value.empty())
        return fail(Errc::kMalformedPolicyDocument, "Missing required field Principal");
    for (auto const& [kind, who] : value.items()) {
        bool const unused = kind == "Federated" || kind == "CanonicalUser";
        if (kind != "AWS" && kind != "Service" && !unused)
            return invalid(fmt::format("\"{}\"", kind));
        if (!is_strings(who) || as_list(who).empty())
            return fail(Errc::kMalformedPolicyDocument, "Syntax errors in policy.");
        for (auto const& item : as_list(who)) {
            auto const& name = item.get_ref<std::string const&>();
            if (kind == "Service") {
                if (!is_service(name)) return invalid(fmt::format("\"SERVICE\":\"{}\"", name));
                out.services_.push_back(name);
            } else if (kind == "AWS") {
                auto const arn = parse_principal_arn(name);
                if (name == "*") {
                    out.everyone_ = true;
                } else if (is_account(name)) {
                    out.accounts_.push_back(name);
                } else if (arn && arn->resource == "root") {
                    out.accounts_.emplace_back(arn->account);
                } else if (arn && is_nameable(arn->resource)) {
                    out.arns_.push_back(name);
                } else {
                    return invalid(fmt::format("\"AWS\":\"{}\"", name));
                }
            }
        }
    }
    return out;
}

bool PrincipalElement::names_account(std::string_view account) const {
    return !account.empty() && contains(accounts_, account);
}

bool PrincipalElement::names_arn(std::string_view arn) const {
    return !arn.empty() && contains(arns_, arn);
}

PrincipalMatch PrincipalElement::match(Principal const& principal) const {
    using Kind = Principal::Kind;
    if (principal.kind == Kind::kService) {
        if (contains(services_, principal.service)) return PrincipalMatch::kIdentity;
        return everyone_ ? PrincipalMatch::kEveryone : PrincipalMatch::kNone;
    }
    if (names_arn(principal.arn)) {
        return principal.kind == Kind::kAssumedRole ? PrincipalMatch::kSession
                                                    : PrincipalMatch::kIdentity;
    }
    if (names_arn(principal.role_arn)) return PrincipalMatch::kIdentity;
    if (everyone_) return PrincipalMatch::kEveryone;
    return names_account(principal.account) ? PrincipalMatch::kAccount : PrincipalMatch::kNone;
}

bool PrincipalElement::spares_from_deny(Principal const& principal) const {
    using Kind = Principal::Kind;
    if (everyone_) return true;
    switch (principal.kind) {
        case Kind::kRoot:
            return names_account(principal.account);
        case Kind::kUser:
            return names_account(principal.account) && names_arn(principal.arn);
        case Kind::kAssumedRole:
            return names_account(principal.account) && names_arn(principal.role_arn) &&
                   names_arn(principal.arn);
        case Kind::kService:
            return contains(services_, principal.service);
        case Kind::kAnonymous:
            return false;
    }
    return false;
}

}  // namespace meridian::policy
