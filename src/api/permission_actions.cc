// AddPermission, GetPolicy, RemovePermission: decode, ask the control plane, encode.

#include "api/action.h"
#include "api/lambda_actions_input.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

io::Task<json> add_permission(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_function_and_qualifier(context, input, "AddPermission"));
    control::AddPermissionRequest request{
        .what = std::move(what),
        .permission = {.statement_id = input.value("StatementId", ""),
                       .action = input.value("Action", ""),
                       .principal = input.value("Principal", ""),
                       .source_arn = read_optional<std::string>(input, "SourceArn"),
                       .source_account = read_optional<std::string>(input, "SourceAccount"),
                       .principal_org_id = read_optional<std::string>(input, "PrincipalOrgID"),
                       .event_source_token = read_optional<std::string>(input, "EventSourceToken"),
                       .function_url_auth_type =
                           read_optional<std::string>(input, "FunctionUrlAuthType"),
                       .invoked_via_function_url =
                           read_optional<bool>(input, "InvokedViaFunctionUrl")},
        .revision_id = read_revision_id(input)};
    MERIDIAN_CO_TRY(auto statement, co_await services.control.resource_policies().add(
                                        requester(context), std::move(request)));
    co_return json{{"Statement", std::move(statement)}};
}

io::Task<json> get_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_function_and_qualifier(context, input, "GetPolicy"));
    MERIDIAN_CO_TRY(auto const policy, co_await services.control.resource_policies().get(
                                           requester(context), std::move(what)));
    co_return json{{"Policy", policy.document.dump()}, {"RevisionId", policy.revision.value()}};
}

io::Task<json> remove_permission(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_function_and_qualifier(context, input, "RemovePermission"));
    control::RemovePermissionRequest request{.what = std::move(what),
                                             .statement_id = input.value("StatementId", ""),
                                             .revision_id = read_revision_id(input)};
    MERIDIAN_CO_CHECK(co_await services.control.resource_policies().remove(requester(context),
                                                                           std::move(request)));
    co_return json();
}

constexpr ActionEntry kPermissionActions[] = {
    {OperationId::kLambdaAddPermission, add_permission},
    {OperationId::kLambdaGetPolicy, get_policy},
    {OperationId::kLambdaRemovePermission, remove_permission},
};

}  // namespace

std::span<ActionEntry const> permission_actions() noexcept { return kPermissionActions; }

}  // namespace meridian::api
