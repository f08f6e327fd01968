#include "api/accessed_resource.h"

#include <fmt/format.h>

#include "api/iam_input.h"
#include "model/function.h"

namespace meridian::api {

namespace {

using nlohmann::json;

std::string lambda_arn(RequestPlace const& place, std::string_view what) {
    return fmt::format("arn:{}:lambda:{}:{}:{}", wire::partition_of(place.region), place.region,
                       place.caller.account, what);
}

// `bare`: without the qualifier that may be in the name.
AccessedResource function_resource(RequestPlace const& place, std::string_view name,
                                   std::string const& qualifier, bool bare) {
    AccessedResource resource{.account = place.caller.account};
    auto const reference = wire::parse_function_reference(name);
    if (!reference) return resource;
    if (reference->account) resource.account = *reference->account;
    if (!bare && reference->qualifier) resource.qualifier = reference->qualifier->value();
    if (!bare && !qualifier.empty()) resource.qualifier = qualifier;
    if (resource.qualifier == model::kLatest) resource.qualifier.clear();
    resource.arn = wire::function_arn(reference->region.value_or(place.region), resource.account,
                                      reference->name, model::Qualifier(resource.qualifier));
    resource.function = reference->name;
    return resource;
}

// LayerName may be an ARN. Only what the caller may is asked here; whether another account shares
// its layer, control/layers.h asks the version's policy.
AccessedResource layer_resource(RequestPlace const& place, json const& input, bool version) {
    auto const name = text_of(input, "LayerName");
    AccessedResource resource{.account = place.caller.account};
    resource.arn = name.starts_with("arn:") ? name : lambda_arn(place, "layer:" + name);
    if (version && input.contains("VersionNumber"))
        resource.arn += fmt::format(":{}", input["VersionNumber"].get<std::int64_t>());
    return resource;
}

AccessedResource tagged_resource(RequestPlace const& place, std::string const& arn) {
    if (arn.find(":function:") != std::string::npos)
        return function_resource(place, arn, {}, false);
    return {.arn = arn, .account = place.caller.account};
}

std::string iam_arn(RequestPlace const& place, std::string_view what) {
    return fmt::format("arn:aws:iam::{}:{}", place.caller.account, what);
}

// With the path that the entity has, or is about to get.
template <typename Entity>
std::string entity_arn(RequestPlace const& place, std::string_view noun, std::string const& name,
                       json const& input) {
    if (auto const* const known = place.directory.find<Entity>(place.caller.account, name))
        return known->entity.arn();
    return iam_arn(place, std::string(noun) + text_of(input, "Path", "/") + name);
}

std::string user_arn(RequestPlace const& place, json const& input) {
    auto name = text_of(input, "UserName");
    if (name.empty()) {
        if (place.caller.principal.kind != auth::Principal::Kind::kUser) return place.caller.arn;
        name = place.caller.principal.name;
    }
    return entity_arn<model::User>(place, "user", name, input);
}

std::string access_key_arn(RequestPlace const& place, json const& input) {
    auto const* const key =
        place.directory.find_key(model::AccessKeyId{text_of(input, "AccessKeyId")});
    auto const* const user =
        key == nullptr ? nullptr : place.directory.find_user_by_id(key->entity.user_id);
    return user == nullptr ? iam_arn(place, "user/") : user->entity.arn();
}

std::string iam_resource(RequestPlace const& place, ResourceKind kind, json const& input) {
    switch (kind) {
        case ResourceKind::kUser:
            return user_arn(place, input);
        case ResourceKind::kAccessKey:
            return access_key_arn(place, input);
        case ResourceKind::kGroup:
            return entity_arn<model::Group>(place, "group", text_of(input, "GroupName"), input);
        case ResourceKind::kRole:
            return entity_arn<model::Role>(place, "role", text_of(input, "RoleName"), input);
        case ResourceKind::kPolicy:
            return text_of(input, "PolicyArn");
        case ResourceKind::kNewPolicy:
            return iam_arn(place,
                           "policy" + text_of(input, "Path", "/") + text_of(input, "PolicyName"));
        case ResourceKind::kInstanceProfile:
            return entity_arn<model::InstanceProfile>(place, "instance-profile",
                                                      text_of(input, "InstanceProfileName"), input);
        case ResourceKind::kAllInstanceProfiles:
            return iam_arn(place, "instance-profile" + text_of(input, "PathPrefix", "/"));
        case ResourceKind::kAllUsers:
            return iam_arn(place, "user" + text_of(input, "PathPrefix", "/"));
        case ResourceKind::kAllGroups:
            return iam_arn(place, "group" + text_of(input, "PathPrefix", "/"));
        case ResourceKind::kAllRoles:
            return iam_arn(place, "role" + text_of(input, "PathPrefix", "/"));
        case ResourceKind::kAllPolicies:
            return iam_arn(place, "policy" + text_of(input, "PathPrefix", "/"));
        default:
            return "*";
    }
}

}  // namespace

AccessedResource accessed_resource(RequestPlace const& place, ResourceKind kind,
                                   json const& input) {
    switch (kind) {
        case ResourceKind::kFunction:
            return function_resource(place, text_of(input, "FunctionName"),
                                     text_of(input, "Qualifier"), false);
        case ResourceKind::kBareFunction:
            return function_resource(place, text_of(input, "FunctionName"), {}, true);
        case ResourceKind::kMapping:
            return {.arn = lambda_arn(place, "event-source-mapping:" + text_of(input, "UUID")),
                    .account = place.caller.account};
        case ResourceKind::kLayer:
            return layer_resource(place, input, false);
        case ResourceKind::kLayerVersion:
            return layer_resource(place, input, true);
        case ResourceKind::kLayerVersionArn:
            return {.arn = text_of(input, "Arn"), .account = place.caller.account};
        case ResourceKind::kSigningConfig:
            return {.arn = text_of(input, "CodeSigningConfigArn"), .account = place.caller.account};
        case ResourceKind::kTagged:
            return tagged_resource(place, text_of(input, "Resource"));
        default:
            return {.arn = iam_resource(place, kind, input), .account = place.caller.account};
    }
}

}  // namespace meridian::api
