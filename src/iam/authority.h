#pragma once
// Whether a caller may do something, by everything that IAM knows of the caller.
//
// Threads: belongs to its region's executor.

#include "auth/sigv4_verifier.h"
#include "iam/directory.h"
#include "policy/evaluate.h"

namespace meridian::iam {

// What a caller wants to do. Views: it lives as long as the request does.
struct Intent {
    std::string_view action;            // "lambda:InvokeFunction"
    std::string_view resource;          // an ARN; "*" for what has none
    std::string_view resource_account;  // whose the resource is
    policy::Documents resource_policies = {};
    bool resource_policy_required = false;
};

class Authority {
  public:
    explicit Authority(Directory const& directory) : directory_(directory) {}

    // The condition keys that describe the caller: aws:PrincipalArn, aws:userid, ….
    void describe(auth::Caller const& caller, policy::RequestContext& context) const;

    [[nodiscard]] policy::Decision decide(auth::Caller const& caller, Intent const& intent,
                                          policy::RequestContext const& context) const;
    // kAccessDenied with AWS's text, unless it is allowed.
    [[nodiscard]] Result<void> check(auth::Caller const& caller, Intent const& intent,
                                     policy::RequestContext const& context) const;

    // Whether a policy that counts for the caller, or `resource_policy` (may be null), asks for
    // aws:ResourceTag, which costs to find out.
    [[nodiscard]] bool asks_for_resource_tags(auth::Caller const& caller,
                                              policy::Document const* resource_policy) const;

  private:
    [[nodiscard]] std::vector<policy::Document const*> documents_of(
        auth::Caller const& caller) const;
    // The ARN of the caller's permissions boundary; empty: none. Holds until the directory changes.
    [[nodiscard]] std::string_view boundary_of(auth::Caller const& caller) const;

    Directory const& directory_;
};

}  // namespace meridian::iam
