#include "api/authorizer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "api/iam_input.h"
#include "model/limits.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using Id = wire::OperationId;

// Ours: as many resource policies are kept compiled.
constexpr std::size_t kCompiledPoliciesMax = 4'096;

// Tags are a map in Lambda and a list in IAM.
void describe_tags(json const& input, policy::RequestContext& context) {
    auto const add = [&](std::string const& key, std::string value) {
        context.add_made("aws:RequestTag/" + key, std::move(value));
        context.add_made("aws:TagKeys", key);
    };
    auto const tags = input.find("Tags");
    if (tags != input.end() && tags->is_object()) {
        for (auto const& [key, value] : tags->items()) add(key, value.get<std::string>());
    } else if (tags != input.end() && tags->is_array()) {
        for (auto const& tag : *tags) add(text_of(tag, "Key"), text_of(tag, "Value"));
    }
    auto const keys = input.find("TagKeys");
    if (keys == input.end() || !keys->is_array()) return;
    for (auto const& key : *keys) context.add_made("aws:TagKeys", key.get<std::string>());
}

void add_all(json const& list, char const* key, policy::RequestContext& context) {
    if (!list.is_array()) return;
    for (auto const& item : list) {
        if (item.is_string()) context.add_made(key, item.get<std::string>());
    }
}

constexpr char const* kBoundaryKey = "iam:permissionsboundary";

// The boundary of the user or role that a request changes, where the request brings none.
void describe_boundary(iam::Directory const& directory, model::AccountId const& account,
                       ResourceKind kind, json const& input, policy::RequestContext& context) {
    if (input.contains("PermissionsBoundary")) return;
    auto const add = [&](auto const* known) {
        if (known != nullptr && !known->entity.permissions_boundary.empty())
            context.add_made(kBoundaryKey, known->entity.permissions_boundary);
    };
    if (kind == ResourceKind::kUser)
        add(directory.find<model::User>(account, text_of(input, "UserName")));
    if (kind == ResourceKind::kRole)
        add(directory.find<model::Role>(account, text_of(input, "RoleName")));
}

// The condition keys of Lambda and IAM, from the members that they are about.
void describe_input(json const& input, policy::RequestContext& context) {
    struct Member {
        char const* name;
        char const* key;
    };
    static constexpr Member kMembers[] = {
        {"AuthType", "lambda:functionurlauthtype"},
        {"FunctionUrlAuthType", "lambda:functionurlauthtype"},
        {"Principal", "lambda:principal"},
        {"CodeSigningConfigArn", "lambda:codesigningconfigarn"},
        {"PolicyArn", "iam:policyarn"},
        {"PermissionsBoundary", kBoundaryKey},
    };
    if (!input.is_object()) return;
    for (auto const& [name, key] : kMembers) {
        auto const found = input.find(name);
        if (found != input.end() && found->is_string())
            context.add_made(key, found->get<std::string>());
    }
    if (input.contains("Layers")) add_all(input["Layers"], "lambda:layer", context);
    if (input.contains("VpcConfig") && input["VpcConfig"].is_object()) {
        auto const& vpc = input["VpcConfig"];
        if (vpc.contains("SubnetIds")) add_all(vpc["SubnetIds"], "lambda:subnetids", context);
        if (vpc.contains("SecurityGroupIds"))
            add_all(vpc["SecurityGroupIds"], "lambda:securitygroupids", context);
    }
    describe_tags(input, context);
}

// Of the package that a request names in S3; empty if it names none.
std::string s3_object_arn(wire::OperationId operation, json const& input) {
    auto const arn = [](json const& code) {
        auto const bucket = text_of(code, "S3Bucket");
        return bucket.empty() ? std::string()
                              : "arn:aws:s3:::" + bucket + "/" + text_of(code, "S3Key");
    };
    switch (operation) {
        case wire::OperationId::kLambdaCreateFunction:
            return arn(input.value("Code", json::object()));
        case wire::OperationId::kLambdaPublishLayerVersion:
            return arn(input.value("Content", json::object()));
        case wire::OperationId::kLambdaUpdateFunctionCode:
            return arn(input);
        default:
            return {};
    }
}

// Whose lambda:FunctionArn a URL's or a mapping's request names.
void describe_function(RequestPlace const& place, wire::Operation const& operation,
                       AccessedResource const& resource, json const& input,
                       policy::RequestContext& context) {
    if (resource.function) {
        context.add("lambda:functionarn", resource.arn);
    } else if (operation.service == wire::Service::kLambda && input.contains("FunctionName")) {
        auto named = accessed_resource(place, ResourceKind::kFunction, input);
        context.add_made("lambda:functionarn", std::move(named.arn));
    }
}

bool takes_role(Id operation) {
    return operation == Id::kLambdaCreateFunction ||
           operation == Id::kLambdaUpdateFunctionConfiguration ||
           operation == Id::kIamAddRoleToInstanceProfile;
}

// Of RoleName; empty where there is none, which the operation itself then says.
std::string role_arn(iam::Directory const& directory, model::AccountId const& account,
                     json const& input) {
    auto const* const role = directory.find<model::Role>(account, text_of(input, "RoleName"));
    return role == nullptr ? "" : role->entity.arn();
}

bool has_tags(json const& input) {
    auto const tags = input.find("Tags");
    return tags != input.end() && !tags->empty();
}

bool is_tagging(Id operation) {
    return operation == Id::kLambdaTagResource || operation == Id::kIamTagUser ||
           operation == Id::kIamTagRole || operation == Id::kIamTagPolicy ||
           operation == Id::kIamTagInstanceProfile;
}

// The action that tags what an operation creates.
std::string_view tagging_action(wire::Operation const& operation) {
    if (operation.service == wire::Service::kLambda) return "lambda:TagResource";
    if (operation.id == Id::kIamCreateUser) return "iam:TagUser";
    if (operation.id == Id::kIamCreateRole) return "iam:TagRole";
    if (operation.id == Id::kIamCreateInstanceProfile) return "iam:TagInstanceProfile";
    return "iam:TagPolicy";
}

policy::Documents one_or_none(policy::Document const* const& document) {
    return document == nullptr ? policy::Documents{} : policy::Documents(&document, 1);
}

// What GetSessionToken gives is good for no IAM without a second factor, and of STS for little
// (API reference).
Result<void> check_session(auth::Caller const& caller, wire::Operation const& operation) {
    auto const& principal = caller.principal;
    bool const session = principal.issued && !principal.forwarded &&
                         principal.kind != auth::Principal::Kind::kAssumedRole;
    if (!session || operation.service == wire::Service::kLambda ||
        operation.id == Id::kStsAssumeRole || operation.id == Id::kStsGetCallerIdentity ||
        operation.id == Id::kStsGetSessionToken)
        return {};
    return fail(Errc::kUnrecognizedClient,
                "The security token included in the request is invalid.");
}

}  // namespace

void Authorizer::describe(auth::Caller const& caller, RequestOrigin const& origin,
                          policy::RequestContext& context) const {
    parts_.authority.describe(caller, context);
    auto const now = std::chrono::floor<std::chrono::seconds>(parts_.clock.wall_now());
    context.add_made("aws:CurrentTime", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", now));
    context.add_made("aws:EpochTime", std::to_string(now.time_since_epoch().count()));
    if (!origin.peer_address.empty()) context.add("aws:sourceip", origin.peer_address);
    context.add("aws:requestedregion", caller.region.value());
    context.add("aws:securetransport", "false");
    context.add("aws:viaawsservice", "false");
    if (!origin.user_agent.empty()) context.add("aws:useragent", origin.user_agent);
}

policy::Document const* Authorizer::resource_policy(AccessedResource const& resource) {
    if (!resource.function) return nullptr;
    auto const* const text = parts_.control.resource_policies().find(
        resource.account.value(), resource.function->value(), resource.qualifier);
    if (text == nullptr) return nullptr;
    if (auto const found = compiled_.find(*text); found != compiled_.end()) return &found->second;
    auto document = policy::Document::parse(policy::DocumentKind::kResource, *text);
    if (!document) return nullptr;
    if (compiled_.size() >= kCompiledPoliciesMax) compiled_.clear();
    return &compiled_.emplace(*text, std::move(*document)).first->second;
}

io::Task<> Authorizer::add_resource_tags(auth::Caller const& caller,
                                         AccessedResource const& resource,
                                         policy::RequestContext& context) {
    if (!resource.function) co_return Result<void>{};
    // What is not there has none.
    auto const tags = co_await parts_.control.list_function_tags({resource.account, caller.arn},
                                                                 *resource.function);
    if (!tags) co_return Result<void>{};
    for (auto const& [key, value] : *tags) context.add_made("aws:ResourceTag/" + key, value);
    co_return Result<void>{};
}

Result<void> Authorizer::check_further(auth::Caller const& caller, wire::Operation const& operation,
                                       AccessedResource const& resource, json const& input,
                                       policy::RequestContext& context) const {
    auto const own = caller.account.value();
    if (has_tags(input) && !is_tagging(operation.id)) {
        MERIDIAN_CHECK(parts_.authority.check(caller,
                                              {.action = tagging_action(operation),
                                               .resource = resource.arn,
                                               .resource_account = own},
                                              context));
    }
    // On AWS, too, the caller must be allowed to read the package.
    if (auto const object = s3_object_arn(operation.id, input); !object.empty()) {
        MERIDIAN_CHECK(parts_.authority.check(
            caller, {.action = "s3:GetObject", .resource = object, .resource_account = own},
            context));
    }
    if (!takes_role(operation.id)) return {};
    bool const to_function = operation.service == wire::Service::kLambda;
    auto const role =
        to_function ? text_of(input, "Role") : role_arn(parts_.directory, caller.account, input);
    if (!role.empty()) {
        context.add("iam:passedtoservice",
                    to_function ? "lambda.amazonaws.com" : "ec2.amazonaws.com");
        context.add("iam:associatedresourcearn", resource.arn);
        MERIDIAN_CHECK(parts_.authority.check(
            caller, {.action = "iam:PassRole", .resource = role, .resource_account = own},
            context));
    }
    // Whether another account shares a layer, control asks its policy.
    for (auto const& layer : input.value("Layers", json::array())) {
        MERIDIAN_CHECK(parts_.authority.check(caller,
                                              {.action = "lambda:GetLayerVersion",
                                               .resource = layer.get_ref<std::string const&>(),
                                               .resource_account = own},
                                              context));
    }
    return {};
}

io::Task<model::AccountId> Authorizer::authorize(auth::Caller const& caller,
                                                 wire::Operation const& operation,
                                                 json const& input, RequestOrigin const& origin) {
    MERIDIAN_CO_CHECK(check_session(caller, operation));
    auto const* const rule = find_access_rule(operation.id);
    auto const kind = rule == nullptr ? ResourceKind::kEverything : rule->resource;
    if (kind == ResourceKind::kUnchecked) co_return caller.account;
    auto const& region = parts_.control.region();
    RequestPlace const place{region, caller, parts_.directory};
    auto const resource = accessed_resource(place, kind, input);
    auto const* document = resource_policy(resource);
    bool const own = resource.account == caller.account;
    if (own && document == nullptr && caller.principal.kind == auth::Principal::Kind::kRoot)
        co_return caller.account;

    policy::RequestContext context;
    describe(caller, origin, context);
    describe_input(input, context);
    describe_boundary(parts_.directory, resource.account, kind, input, context);
    describe_function(place, operation, resource, input, context);
    context.add("aws:resourceaccount", resource.account.value());
    if (parts_.authority.asks_for_resource_tags(caller, document)) {
        MERIDIAN_CO_CHECK(co_await add_resource_tags(caller, resource, context));
        document = resource_policy(resource);  // it may have changed meanwhile
    }
    auto const action =
        rule == nullptr ? std::string(operation.name) : action_name(operation, *rule);
    MERIDIAN_CO_CHECK(parts_.authority.check(caller,
                                             {.action = action,
                                              .resource = resource.arn,
                                              .resource_account = resource.account.value(),
                                              .resource_policies = one_or_none(document)},
                                             context));
    MERIDIAN_CO_CHECK(check_further(caller, operation, resource, input, context));
    co_return resource.account;
}

// Since October 2025 AWS asks for both actions.
io::Task<> Authorizer::authorize_url(auth::Caller const& caller, control::PublishedUrl const& url,
                                     RequestOrigin const& origin) {
    AccessedResource const resource{
        wire::function_arn(parts_.control.region(), url.account, url.function, url.alias),
        url.account, url.function, url.alias.value()};
    policy::RequestContext context;
    describe(caller, origin, context);
    context.add("lambda:functionarn", resource.arn);
    context.add_made("lambda:functionurlauthtype", url.settings.value("AuthType", ""));
    context.add("lambda:invokedviafunctionurl", "true");
    context.add("aws:resourceaccount", resource.account.value());
    auto const* document = resource_policy(resource);
    if (parts_.authority.asks_for_resource_tags(caller, document)) {
        MERIDIAN_CO_CHECK(co_await add_resource_tags(caller, resource, context));
        document = resource_policy(resource);  // it may have changed meanwhile
    }
    for (auto const* action : {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}) {
        MERIDIAN_CO_CHECK(parts_.authority.check(caller,
                                                 {.action = action,
                                                  .resource = resource.arn,
                                                  .resource_account = resource.account.value(),
                                                  .resource_policies = one_or_none(document)},
                                                 context));
    }
    co_return Result<void>{};
}

Result<void> Authorizer::authorize_logs(auth::Caller const& caller, std::string_view log_group,
                                        RequestOrigin const& origin) {
    auto const& region = parts_.control.region();
    // As CloudWatch Logs names it for FilterLogEvents.
    return authorize_on(caller, "logs:FilterLogEvents",
                        fmt::format("arn:{}:logs:{}:{}:log-group:{}:log-stream:",
                                    wire::partition_of(region), region, caller.account, log_group),
                        origin);
}

Result<void> Authorizer::authorize_function(auth::Caller const& caller, std::string_view action,
                                            model::FunctionName const& name,
                                            RequestOrigin const& origin) {
    return authorize_on(caller, action,
                        wire::function_arn(parts_.control.region(), caller.account, name), origin);
}

Result<void> Authorizer::authorize_vault(auth::Caller const& caller, std::string_view action,
                                         RequestOrigin const& origin) {
    auto const& region = parts_.control.region();
    return authorize_on(caller, action,
                        fmt::format("arn:{}:meridian:{}:{}:vault", wire::partition_of(region),
                                    region, caller.account),
                        origin);
}

Result<void> Authorizer::authorize_repository(auth::Caller const& caller, std::string_view action,
                                              std::string_view name, RequestOrigin const& origin) {
    return authorize_named(caller, action, "codecommit", name, origin);
}

Result<void> Authorizer::authorize_pipeline(auth::Caller const& caller, std::string_view action,
                                            std::string_view name, RequestOrigin const& origin) {
    return authorize_named(caller, action, "codepipeline", name, origin);
}

// What a service's ARNs name directly; "*" where the action is about all of them.
Result<void> Authorizer::authorize_named(auth::Caller const& caller, std::string_view action,
                                         std::string_view service, std::string_view name,
                                         RequestOrigin const& origin) const {
    auto const& region = parts_.control.region();
    return authorize_on(caller, action,
                        name.empty() ? "*"
                                     : fmt::format("arn:{}:{}:{}:{}:{}", wire::partition_of(region),
                                                   service, region, caller.account, name),
                        origin);
}

Result<void> Authorizer::authorize_own(auth::Caller const& caller, std::string_view action,
                                       std::string_view resource,
                                       RequestOrigin const& origin) const {
    return authorize_named(caller, action, "meridian", resource, origin);
}

Result<void> Authorizer::authorize_code_deploy(auth::Caller const& caller, std::string_view action,
                                               RequestOrigin const& origin) const {
    auto const& region = parts_.control.region();
    return authorize_on(caller, action,
                        fmt::format("arn:{}:codedeploy:{}:{}:deploymentgroup:meridian/rollouts",
                                    wire::partition_of(region), region, caller.account),
                        origin);
}

Result<void> Authorizer::authorize_on(auth::Caller const& caller, std::string_view action,
                                      std::string const& arn, RequestOrigin const& origin) const {
    if (caller.principal.kind == auth::Principal::Kind::kRoot) return {};
    policy::RequestContext context;
    describe(caller, origin, context);
    return parts_.authority.check(
        caller, {.action = action, .resource = arn, .resource_account = caller.account.value()},
        context);
}

}  // namespace meridian::api
