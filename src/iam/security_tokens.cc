#include "iam/security_tokens.h"

#include <fmt/format.h>

#include "model/limits.h"
#include "wire/arn.h"

namespace meridian::iam {

namespace {

namespace limits = model::limits;
using PrincipalKind = auth::Principal::Kind;

constexpr std::string_view kLambda = "lambda.amazonaws.com";
constexpr int kPercent = 100;
constexpr std::size_t kSessionNameCharsMin = 2;

std::unexpected<Error> may_not_assume(auth::Caller const& caller, std::string_view role_arn) {
    return fail(Errc::kAccessDenied,
                fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                            caller.arn, role_arn));
}

// Region and account may be empty.
bool is_arn(std::string_view text) {
    auto const parts = wire::split_arn(text);
    return parts && !parts->partition.empty() && !parts->service.empty() &&
           !parts->resource.empty();
}

Result<void> check_duration(auth::Caller const& caller, AssumeRoleRequest const& request,
                            model::Role const& role) {
    if (request.duration_seconds > role.max_session_seconds) {
        return fail(Errc::kValidation,
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                    "role.");
    }
    if (caller.principal.kind == PrincipalKind::kAssumedRole &&
        request.duration_seconds > limits::kChainedSessionSecondsMax) {
        return fail(Errc::kValidation,
                    "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                    "assumed by role chaining.");
    }
    return {};
}

// A function's name, or where that is too short for a session's, more (recorded).
std::string function_session_name(std::string const& function_name) {
    return function_name.size() < kSessionNameCharsMin ? function_name + "@lambda_function"
                                                       : function_name;
}

}  // namespace

Known<model::Role> const* SecurityTokens::find_role(std::string_view role_arn) const {
    auto const arn = wire::parse_role_arn(role_arn);
    if (!arn) return nullptr;
    auto const* const role = parts_.directory.find<model::Role>(arn->account, arn->name);
    return role != nullptr && role->entity.arn() == role_arn ? role : nullptr;
}

TemporaryCredentials SecurityTokens::make(SessionClaims claims,
                                          std::chrono::seconds lifetime) const {
    claims.issued = std::chrono::floor<std::chrono::seconds>(parts_.clock.wall_now());
    claims.expires = claims.issued + lifetime;
    return make_session(claims, parts_.secrets, parts_.random);
}

Result<AssumedRole> SecurityTokens::assume_role(auth::Caller const& caller,
                                                AssumeRoleRequest const& request,
                                                policy::RequestContext& context) const {
    if (!is_arn(request.role_arn))
        return fail(Errc::kValidation, fmt::format("{} is invalid", request.role_arn));
    if (caller.principal.kind == PrincipalKind::kRoot)
        return fail(Errc::kAccessDenied, "Roles may not be assumed by root accounts.");
    context.add("sts:rolesessionname", request.session_name);
    if (request.external_id) context.add("sts:externalid", *request.external_id);
    auto const* const role = find_role(request.role_arn);
    if (role == nullptr || !role->trust) return may_not_assume(caller, request.role_arn);
    auto const* const trust = &*role->trust;
    Intent const intent{.action = "sts:AssumeRole",
                        .resource = request.role_arn,
                        .resource_account = role->entity.account.value(),
                        .resource_policies = {&trust, 1},
                        .resource_policy_required = true};
    if (!parts_.authority.decide(caller, intent, context).allowed())
        return may_not_assume(caller, request.role_arn);
    MERIDIAN_CHECK(check_duration(caller, request, role->entity));
    std::optional<int> packed;
    if (request.policy) {
        MERIDIAN_CHECK(policy::Document::parse(policy::DocumentKind::kIdentity, *request.policy));
        auto const size = policy::counted_chars(*request.policy);
        if (size > limits::kSessionPolicyCharsMax) {
            return fail(Errc::kPackedPolicyTooLarge,
                        fmt::format("Packed policy consumes {}% of allotted space, please use "
                                    "smaller policy.",
                                    size * kPercent / limits::kSessionPolicyCharsMax));
        }
        packed = static_cast<int>(size * kPercent / limits::kSessionPolicyCharsMax);
    }
    auto const& entity = role->entity;
    return AssumedRole{.id = entity.id + ":" + request.session_name,
                       .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", entity.account,
                                          entity.name, request.session_name),
                       .credentials = make({.account = entity.account,
                                            .name = entity.name,
                                            .id = entity.id,
                                            .session_name = request.session_name,
                                            .session_policy = request.policy.value_or("")},
                                           std::chrono::seconds(request.duration_seconds)),
                       .packed_policy_percent = packed};
}

Result<TemporaryCredentials> SecurityTokens::get_session_token(
    auth::Caller const& caller, std::optional<int> duration_seconds) const {
    if (caller.principal.issued) {
        return fail(Errc::kAccessDenied, "Cannot call GetSessionToken with session credentials");
    }
    bool const root = caller.principal.kind == PrincipalKind::kRoot;
    // For root, longer is not refused but cut (API reference).
    auto const most = root ? limits::kRootSessionTokenSecondsMax : limits::kSessionTokenSecondsMax;
    constexpr int kDefault = 43'200;
    auto const seconds = std::min(duration_seconds.value_or(kDefault), most);
    return make({.kind = caller.principal.kind,
                 .account = caller.account,
                 .name = caller.principal.name,
                 .id = caller.user_id},
                std::chrono::seconds(seconds));
}

bool SecurityTokens::lambda_may_assume(model::AccountId const& account, std::string_view role_arn,
                                       std::string_view function_arn) const {
    auto const* const role = find_role(role_arn);
    if (role == nullptr || !role->trust || role->entity.account != account) return false;
    policy::Principal const lambda{
        .kind = policy::Principal::Kind::kService, .arn = kLambda, .service = kLambda};
    policy::RequestContext context;
    context.add("aws:sourceaccount", account.value());
    context.add("aws:sourcearn", function_arn);
    auto const* const trust = &*role->trust;
    return policy::evaluate({.principal = lambda,
                             .action = "sts:AssumeRole",
                             .resource = role_arn,
                             .resource_account = account.value(),
                             .context = context},
                            {.resource = {&trust, 1}})
        .allowed();
}

Result<TemporaryCredentials> SecurityTokens::assume_for_function(
    model::AccountId const& account, std::string_view role_arn, std::string_view function_arn,
    std::string const& function_name) const {
    if (!lambda_may_assume(account, role_arn, function_arn)) {
        return fail(Errc::kAccessDenied,
                    "The role defined for the function cannot be assumed by Lambda.");
    }
    auto const& role = find_role(role_arn)->entity;
    return make({.account = account,
                 .name = role.name,
                 .id = role.id,
                 .session_name = function_session_name(function_name),
                 .source_function_arn = std::string(function_arn)},
                limits::kRoleCredentialsLifetime);
}

}  // namespace meridian::iam
