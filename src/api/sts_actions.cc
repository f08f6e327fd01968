// STS's operations.

#include <fmt/format.h>

#include "api/action.h"
#include "api/iam_input.h"
#include "wire/iam_json.h"

namespace meridian::api {

namespace {

using nlohmann::json;

constexpr int kAssumeRoleSecondsDefault = 3'600;

json credentials_json(iam::TemporaryCredentials const& credentials) {
    return {{"AccessKeyId", credentials.access_key_id.value()},
            {"SecretAccessKey", credentials.secret_access_key},
            {"SessionToken", credentials.session_token},
            {"Expiration", wire::iam_time(credentials.expires)}};
}

// Members of AssumeRole that this version does not have; each would narrow what it gives.
Result<void> refuse_unsupported_members(json const& input) {
    for (auto const* member : {"PolicyArns", "Tags", "TransitiveTagKeys", "SerialNumber",
                               "TokenCode", "SourceIdentity", "ProvidedContexts"}) {
        if (!input.contains(member) || input[member].empty()) continue;
        return fail(Errc::kValidation,
                    fmt::format("{} is not supported by this version of Meridian.", member));
    }
    return {};
}

io::Task<json> get_caller_identity(Services, ActionContext context, json) {
    co_return json{{"UserId", context.caller.user_id},
                   {"Account", context.caller.account.value()},
                   {"Arn", context.caller.arn}};
}

io::Task<json> assume_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(refuse_unsupported_members(input));
    iam::AssumeRoleRequest const request{
        .role_arn = text_of(input, "RoleArn"),
        .session_name = text_of(input, "RoleSessionName"),
        .policy = optional_text(input, "Policy"),
        .duration_seconds = input.value("DurationSeconds", kAssumeRoleSecondsDefault),
        .external_id = optional_text(input, "ExternalId")};
    policy::RequestContext keys;
    services.authorizer.describe(context.caller, context.origin, keys);
    MERIDIAN_CO_TRY(auto const made, services.tokens.assume_role(context.caller, request, keys));
    json output = {{"Credentials", credentials_json(made.credentials)},
                   {"AssumedRoleUser", {{"AssumedRoleId", made.id}, {"Arn", made.arn}}}};
    if (made.packed_policy_percent) output["PackedPolicySize"] = *made.packed_policy_percent;
    co_return output;
}

io::Task<json> get_session_token(Services services, ActionContext context, json input) {
    if (input.contains("SerialNumber") || input.contains("TokenCode")) {
        co_return fail(Errc::kValidation,
                       "Multi-factor authentication is not supported by this version of Meridian.");
    }
    std::optional<int> seconds;
    if (input.contains("DurationSeconds")) seconds = input["DurationSeconds"].get<int>();
    MERIDIAN_CO_TRY(auto const made, services.tokens.get_session_token(context.caller, seconds));
    co_return json{{"Credentials", credentials_json(made)}};
}

io::Task<json> get_access_key_info(Services, ActionContext, json input) {
    auto const id = model::AccessKeyId{text_of(input, "AccessKeyId")};
    auto const account = iam::account_in(id);
    if (!account) {
        co_return fail(Errc::kValidation,
                       fmt::format("Access key {} is not valid.", id.value()));  // GUESS
    }
    co_return json{{"Account", account->value()}};
}

constexpr ActionEntry kStsActions[] = {
    {wire::OperationId::kStsAssumeRole, assume_role},
    {wire::OperationId::kStsGetAccessKeyInfo, get_access_key_info},
    {wire::OperationId::kStsGetCallerIdentity, get_caller_identity},
    {wire::OperationId::kStsGetSessionToken, get_session_token},
};

}  // namespace

ActionGroup sts_actions() noexcept { return kStsActions; }

}  // namespace meridian::api
