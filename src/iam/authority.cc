#include "iam/authority.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace meridian::iam {

namespace {

policy::Principal::Kind kind_of(auth::Principal::Kind kind) {
    switch (kind) {
        case auth::Principal::Kind::kRoot:
            return policy::Principal::Kind::kRoot;
        case auth::Principal::Kind::kUser:
            return policy::Principal::Kind::kUser;
        case auth::Principal::Kind::kAssumedRole:
            return policy::Principal::Kind::kAssumedRole;
        case auth::Principal::Kind::kAnonymous:
            break;
    }
    return policy::Principal::Kind::kAnonymous;
}

policy::Principal principal_of(auth::Caller const& caller) {
    return {.kind = kind_of(caller.principal.kind),
            .account = caller.account.value(),
            .arn = caller.arn,
            .role_arn = caller.principal.role_arn};
}

policy::Request request_of(policy::Principal const& principal, Intent const& intent,
                           policy::RequestContext const& context) {
    return {.principal = principal,
            .action = intent.action,
            .resource = intent.resource,
            .resource_account = intent.resource_account,
            .context = context,
            .resource_policy_required = intent.resource_policy_required};
}

void describe_tags(model::Tags const& tags, policy::RequestContext& context) {
    for (auto const& [key, value] : tags) context.add_made("aws:PrincipalTag/" + key, value);
}

}  // namespace

void Authority::describe(auth::Caller const& caller, policy::RequestContext& context) const {
    auto const& principal = caller.principal;
    switch (principal.kind) {
        case auth::Principal::Kind::kRoot:
            context.add("aws:principaltype", "Account");
            context.add("aws:principalarn", caller.arn);
            break;
        case auth::Principal::Kind::kUser:
            context.add("aws:principaltype", "User");
            context.add("aws:principalarn", caller.arn);
            context.add("aws:username", principal.name);
            if (auto const* const user =
                    directory_.find<model::User>(caller.account, principal.name))
                describe_tags(user->entity.tags, context);
            break;
        case auth::Principal::Kind::kAssumedRole:
            context.add("aws:principaltype", "AssumedRole");
            context.add("aws:principalarn", principal.role_arn);
            if (auto const* const role =
                    directory_.find<model::Role>(caller.account, principal.name))
                describe_tags(role->entity.tags, context);
            break;
        case auth::Principal::Kind::kAnonymous:
            return;
    }
    context.add("aws:principalaccount", caller.account.value());
    context.add("aws:userid", caller.user_id);
    if (!principal.source_function_arn.empty())
        context.add("lambda:sourcefunctionarn", principal.source_function_arn);
    if (principal.issued) {
        context.add_made("aws:TokenIssueTime",
                         fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                     std::chrono::floor<std::chrono::seconds>(*principal.issued)));
    }
}

std::vector<policy::Document const*> Authority::documents_of(auth::Caller const& caller) const {
    if (caller.principal.kind == auth::Principal::Kind::kUser) {
        auto const* const user =
            directory_.find<model::User>(caller.account, caller.principal.name);
        if (user != nullptr) return directory_.documents_of(*user);
    }
    if (caller.principal.kind == auth::Principal::Kind::kAssumedRole) {
        auto const* const role =
            directory_.find<model::Role>(caller.account, caller.principal.name);
        if (role != nullptr) return directory_.documents_of(*role);
    }
    return {};
}

std::string_view Authority::boundary_of(auth::Caller const& caller) const {
    auto const of = [&](auto const* known) {
        return known == nullptr ? std::string_view() : known->entity.permissions_boundary;
    };
    auto const& name = caller.principal.name;
    if (caller.principal.kind == auth::Principal::Kind::kUser)
        return of(directory_.find<model::User>(caller.account, name));
    if (caller.principal.kind == auth::Principal::Kind::kAssumedRole)
        return of(directory_.find<model::Role>(caller.account, name));
    return {};
}

bool Authority::asks_for_resource_tags(auth::Caller const& caller,
                                       policy::Document const* resource_policy) const {
    auto const asks = [](policy::Document const* document) {
        return document != nullptr && document->mentions_resource_tags();
    };
    return asks(resource_policy) || asks(caller.principal.session_policy.get()) ||
           asks(directory_.boundary(caller.account, boundary_of(caller))) ||
           std::ranges::any_of(documents_of(caller), asks);
}

policy::Decision Authority::decide(auth::Caller const& caller, Intent const& intent,
                                   policy::RequestContext const& context) const {
    auto const principal = principal_of(caller);
    auto const documents = documents_of(caller);
    auto const boundary_arn = boundary_of(caller);
    auto const* const boundary = directory_.boundary(caller.account, boundary_arn);
    // One that cannot be found allows nothing.
    if (boundary == nullptr && !boundary_arn.empty()) {
        return {.outcome = policy::Decision::Outcome::kNotAllowed,
                .because = policy::PolicyType::kBoundary};
    }
    return policy::evaluate(request_of(principal, intent, context),
                            {.identity = documents,
                             .resource = intent.resource_policies,
                             .session = caller.principal.session_policy.get(),
                             .boundary = boundary});
}

Result<void> Authority::check(auth::Caller const& caller, Intent const& intent,
                              policy::RequestContext const& context) const {
    auto const decision = decide(caller, intent, context);
    if (decision.allowed()) return {};
    auto const principal = principal_of(caller);
    return fail(Errc::kAccessDenied,
                policy::denial_text(request_of(principal, intent, context), decision));
}

}  // namespace meridian::iam
