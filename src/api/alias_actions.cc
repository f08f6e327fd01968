// CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias: decode, ask the control plane,
// encode.

#include "api/action.h"
#include "api/lambda_actions_input.h"
#include "model/limits.h"
#include "wire/arn.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

std::string version_text(std::uint64_t version) {
    return version == 0 ? model::kLatest : std::to_string(version);
}

json alias_json(model::Alias const& alias, model::FunctionName const& function,
                ActionContext const& context) {
    json out = {{"AliasArn", wire::function_arn(context.region, context.account, function,
                                                model::Qualifier(alias.name))},
                {"Name", alias.name},
                {"FunctionVersion", version_text(alias.version)},
                {"Description", alias.description},
                {"RevisionId", alias.revision.value()}};
    if (alias.additional) {
        out["RoutingConfig"] = {
            {"AdditionalVersionWeights",
             {{version_text(alias.additional->version), alias.additional->weight}}}};
    }
    return out;
}

std::optional<control::VersionWeights> read_weights(json const& input) {
    auto const routing = input.find("RoutingConfig");
    if (routing == input.end()) return std::nullopt;
    return routing->value("AdditionalVersionWeights", control::VersionWeights{});
}

io::Task<json> create_alias(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "CreateAlias"));
    control::CreateAliasRequest request{
        .function = function,
        .name = input.value("Name", ""),
        .version = input.value("FunctionVersion", ""),
        .description = input.value("Description", ""),
        .weights = read_weights(input).value_or(control::VersionWeights{})};
    MERIDIAN_CO_TRY(auto const alias, co_await services.control.aliases().create(
                                          requester(context), std::move(request)));
    co_return alias_json(alias, function, context);
}

io::Task<json> get_alias(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "GetAlias"));
    MERIDIAN_CO_TRY(auto const alias, co_await services.control.aliases().get(
                                          requester(context), function, input.value("Name", "")));
    co_return alias_json(alias, function, context);
}

io::Task<json> list_aliases(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "ListAliases"));
    control::ListAliasesRequest request{
        .function = function,
        .version = input.value("FunctionVersion", ""),
        .marker = input.value("Marker", ""),
        .max_items = input.value("MaxItems", model::limits::kListPageMax)};
    MERIDIAN_CO_TRY(auto const page, co_await services.control.aliases().list(requester(context),
                                                                              std::move(request)));
    json aliases = json::array();
    for (auto const& alias : page.aliases) aliases.push_back(alias_json(alias, function, context));
    json output = {{"Aliases", std::move(aliases)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> update_alias(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "UpdateAlias"));
    control::UpdateAliasRequest request{
        .function = function,
        .name = input.value("Name", ""),
        .version = read_optional<std::string>(input, "FunctionVersion"),
        .description = read_optional<std::string>(input, "Description"),
        .weights = read_weights(input),
        .revision_id = read_revision_id(input)};
    MERIDIAN_CO_TRY(auto const alias, co_await services.control.aliases().update(
                                          requester(context), std::move(request)));
    co_return alias_json(alias, function, context);
}

io::Task<json> delete_alias(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "DeleteAlias"));
    MERIDIAN_CO_CHECK(co_await services.control.aliases().remove(
        requester(context), std::move(function), input.value("Name", "")));
    co_return json();
}

constexpr ActionEntry kAliasActions[] = {
    {OperationId::kLambdaCreateAlias, create_alias},
    {OperationId::kLambdaDeleteAlias, delete_alias},
    {OperationId::kLambdaGetAlias, get_alias},
    {OperationId::kLambdaListAliases, list_aliases},
    {OperationId::kLambdaUpdateAlias, update_alias},
};

}  // namespace

std::span<ActionEntry const> alias_actions() noexcept { return kAliasActions; }

}  // namespace meridian::api
