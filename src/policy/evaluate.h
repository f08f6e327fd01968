#pragma once
// Whether policies allow a request, and why not. Pure; any thread. Costs a few microseconds.
// Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic".

#include <span>
#include <string>
#include <string_view>

#include "policy/document.h"
#include "policy/principal.h"
#include "policy/request_context.h"

namespace meridian::policy {

struct Request {
    Principal const& principal;
    std::string_view action;            // "lambda:InvokeFunction"
    std::string_view resource;          // an ARN; "*" for what has none
    std::string_view resource_account;  // whose the resource is
    RequestContext const& context;
    // A role's trust policy must allow by itself, also within the account.
    bool resource_policy_required = false;
};

using Documents = std::span<Document const* const>;

// What applies to a request. Boundary and session: null where there is none.
struct Policies {
    Documents identity = {};
    Documents resource = {};
    Document const* session = nullptr;
    Document const* boundary = nullptr;
};

enum class PolicyType { kIdentity, kResource, kBoundary, kSession };

struct Decision {
    enum class Outcome { kAllowed, kExplicitDeny, kNotAllowed };

    Outcome outcome = Outcome::kNotAllowed;
    PolicyType because = PolicyType::kIdentity;  // of a denial: which policy denies or is missing

    [[nodiscard]] bool allowed() const noexcept { return outcome == Outcome::kAllowed; }
    bool operator==(Decision const&) const = default;
};

[[nodiscard]] Decision evaluate(Request const& request, Policies const& policies);

// "User: … is not authorized to perform: … on resource: … because …". Only for a denial.
[[nodiscard]] std::string denial_text(Request const& request, Decision const& decision);

}  // namespace meridian::policy
