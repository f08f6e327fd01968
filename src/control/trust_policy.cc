#include "control/trust_policy.h"

#include "policy/evaluate.h"

namespace meridian::control {

Result<void> check_trust_policy(std::string_view document) {
    MERIDIAN_CHECK(policy::Document::parse(policy::DocumentKind::kTrust, document));
    return {};
}

bool may_assume_role(std::string_view document, AssumeRoleRequest const& request) {
    auto const trust = policy::Document::parse(policy::DocumentKind::kTrust, document);
    if (!trust) return false;
    policy::Principal const service{.kind = policy::Principal::Kind::kService,
                                    .arn = request.service,
                                    .service = request.service};
    policy::RequestContext context;
    context.add("aws:sourceaccount", request.source_account);
    context.add("aws:sourcearn", request.source_arn);
    auto const* const documents = &*trust;
    return policy::evaluate({.principal = service,
                             .action = "sts:AssumeRole",
                             .resource = "*",
                             .resource_account = {},
                             .context = context},
                            {.resource = {&documents, 1}})
        .allowed();
}

}  // namespace meridian::control
