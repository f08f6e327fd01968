#include "policy/evaluate.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace meridian::policy {

namespace {

using Effect = Statement::Effect;

// A request as every statement needs it.
struct Question {
    Request const& request;
    std::string action;  // lower case
};

bool covers_action(Statement const& statement, Question const& question) {
    bool const listed = std::ranges::any_of(statement.actions, [&](std::string const& pattern) {
        return matches_wildcards(pattern, question.action);
    });
    return listed != statement.not_action;
}

bool covers_resource(Statement const& statement, Question const& question) {
    if (statement.resources.empty()) return true;
    std::string buffer;
    bool const listed = std::ranges::any_of(statement.resources, [&](TextPattern const& pattern) {
        auto const filled = pattern.fill(question.request.context, buffer);
        return filled && matches_arn(*filled, question.request.resource);
    });
    return listed != statement.not_resource;
}

PrincipalMatch match_principal(Statement const& statement, Question const& question) {
    auto const& who = question.request.principal;
    if (!statement.principals) return PrincipalMatch::kIdentity;
    if (!statement.not_principal) return statement.principals->match(who);
    bool const spared = statement.effect == Effect::kDeny
                            ? statement.principals->spares_from_deny(who)
                            : statement.principals->match(who) != PrincipalMatch::kNone;
    return spared ? PrincipalMatch::kNone : PrincipalMatch::kEveryone;
}

// How closely a statement with this effect names the principal for this request.
PrincipalMatch applies(Statement const& statement, Effect effect, Question const& question) {
    if (statement.effect != effect || !covers_action(statement, question) ||
        !covers_resource(statement, question))
        return PrincipalMatch::kNone;
    auto const match = match_principal(statement, question);
    if (match == PrincipalMatch::kNone) return match;
    bool const holds = std::ranges::all_of(statement.conditions, [&](Condition const& condition) {
        return condition.holds(question.request.context);
    });
    return holds ? match : PrincipalMatch::kNone;
}

PrincipalMatch closest(Document const& document, Effect effect, Question const& question) {
    auto best = PrincipalMatch::kNone;
    for (auto const& statement : document.statements())
        best = std::max(best, applies(statement, effect, question));
    return best;
}

PrincipalMatch closest(Documents documents, Effect effect, Question const& question) {
    auto best = PrincipalMatch::kNone;
    for (auto const* document : documents)
        best = std::max(best, closest(*document, effect, question));
    return best;
}

bool any(Documents documents, Effect effect, Question const& question) {
    return closest(documents, effect, question) != PrincipalMatch::kNone;
}

// A document that need not be there.
bool any(Document const* document, Effect effect, Question const& question) {
    return document != nullptr && closest(*document, effect, question) != PrincipalMatch::kNone;
}

Decision denied(PolicyType by) { return {Decision::Outcome::kExplicitDeny, by}; }
Decision missing(PolicyType what) { return {Decision::Outcome::kNotAllowed, what}; }
Decision allowed() { return {Decision::Outcome::kAllowed, PolicyType::kIdentity}; }

// What the principal's own side allows: its policies, held back by boundary and session.
Decision decide_identity(Policies const& policies, Question const& question) {
    bool const root = question.request.principal.kind == Principal::Kind::kRoot;
    if (!root && !any(policies.identity, Effect::kAllow, question))
        return missing(PolicyType::kIdentity);
    if (policies.boundary != nullptr && !any(policies.boundary, Effect::kAllow, question))
        return missing(PolicyType::kBoundary);
    if (policies.session != nullptr && !any(policies.session, Effect::kAllow, question))
        return missing(PolicyType::kSession);
    return allowed();
}

// A resource policy that names a principal of the same account closely allows by itself; a role
// named as such, or as everyone, stays held back by boundary and session.
Decision decide_same_account(Policies const& policies, Question const& question,
                             PrincipalMatch named) {
    auto const& request = question.request;
    if (request.resource_policy_required && named == PrincipalMatch::kNone)
        return missing(PolicyType::kResource);
    if (named == PrincipalMatch::kSession) return allowed();
    bool const by_itself = named == PrincipalMatch::kIdentity || named == PrincipalMatch::kEveryone;
    if (!by_itself) return decide_identity(policies, question);
    if (request.principal.kind != Principal::Kind::kAssumedRole) return allowed();
    if (policies.boundary != nullptr && !any(policies.boundary, Effect::kAllow, question))
        return missing(PolicyType::kBoundary);
    if (policies.session != nullptr && !any(policies.session, Effect::kAllow, question))
        return missing(PolicyType::kSession);
    return allowed();
}

}  // namespace

Decision evaluate(Request const& request, Policies const& policies) {
    Question const question{request, lowered(request.action)};
    if (any(policies.identity, Effect::kDeny, question)) return denied(PolicyType::kIdentity);
    if (any(policies.resource, Effect::kDeny, question)) return denied(PolicyType::kResource);
    if (any(policies.boundary, Effect::kDeny, question)) return denied(PolicyType::kBoundary);
    if (any(policies.session, Effect::kDeny, question)) return denied(PolicyType::kSession);

    auto const named = closest(policies.resource, Effect::kAllow, question);
    auto const kind = request.principal.kind;
    if (kind == Principal::Kind::kService || kind == Principal::Kind::kAnonymous)
        return named == PrincipalMatch::kNone ? missing(PolicyType::kResource) : allowed();
    if (request.principal.account == request.resource_account)
        return decide_same_account(policies, question, named);
    if (named == PrincipalMatch::kNone) return missing(PolicyType::kResource);
    return decide_identity(policies, question);
}

std::string denial_text(Request const& request, Decision const& decision) {
    struct Words {
        std::string_view with_article;
        std::string_view plain;
    };
    static constexpr Words kWords[] = {{"an identity-based policy", "identity-based policy"},
                                       {"a resource-based policy", "resource-based policy"},
                                       {"a permissions boundary", "permissions boundary"},
                                       {"a session policy", "session policy"}};
    auto const& words = kWords[static_cast<std::size_t>(decision.because)];
    auto const what = fmt::format("User: {} is not authorized to perform: {} on resource: {}",
                                  request.principal.arn, request.action, request.resource);
    if (decision.outcome == Decision::Outcome::kExplicitDeny)
        return fmt::format("{} with an explicit deny in {}", what, words.with_article);
    return fmt::format("{} because no {} allows the {} action", what, words.plain, request.action);
}

}  // namespace meridian::policy
