#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "deploy/sam_parts.h"
#include "deploy/sam_policy_templates.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

// AWS's managed policies whose names alone do not say where they are.
constexpr auto kPaths = std::to_array<std::string_view>({
    "job-function/SupportUser",
    "job-function/SystemAdministrator",
    "job-function/ViewOnlyAccess",
    "service-role/AWSCodeDeployRoleForLambda",
    "service-role/AWSCodeDeployRoleForLambdaLimited",
    "service-role/AWSLambdaBasicDurableExecutionRolePolicy",
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaDynamoDBExecutionRole",
    "service-role/AWSLambdaENIManagementAccess",
    "service-role/AWSLambdaKinesisExecutionRole",
    "service-role/AWSLambdaMSKExecutionRole",
    "service-role/AWSLambdaRole",
    "service-role/AWSLambdaSQSQueueExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
    "service-role/AmazonS3ObjectLambdaExecutionRolePolicy",
});

// "AWSLambdaRole" or an ARN, as an ARN.
std::string managed_policy_arn(std::string const& name) {
    if (name.starts_with("arn:")) return name;
    auto const with_path = std::ranges::find_if(
        kPaths, [&](std::string_view path) { return path.substr(path.find('/') + 1) == name; });
    return fmt::format("arn:aws:iam::aws:policy/{}",
                       with_path == kPaths.end() ? std::string_view(name) : *with_path);
}

Node lambda_trust(Mark mark) {
    auto principal = Node::map(mark);
    principal.set("Service", Node::list({Node::string("lambda.amazonaws.com", mark)}, mark));
    auto statement = Node::map(mark);
    statement.set("Effect", Node::string("Allow", mark));
    statement.set("Principal", std::move(principal));
    statement.set("Action", Node::list({Node::string("sts:AssumeRole", mark)}, mark));
    std::vector<Node> statements;
    statements.push_back(std::move(statement));
    return policy_document(std::move(statements), mark);
}

Result<void> add_policy(SamFunction& function, Node const& policy, std::size_t index) {
    auto const name = fmt::format("{}RolePolicy{}", function.resource.id, index);
    if (policy.is_scalar()) {
        auto& arns = *function.role->properties.find("ManagedPolicyArns");
        arns.items.push_back(Node::string(managed_policy_arn(policy.text), policy.mark));
        return {};
    }
    if (policy.intrinsic() != nullptr) {
        function.role->properties.find("ManagedPolicyArns")->items.push_back(policy);
        return {};
    }
    if (policy.is_map() && policy.find("Statement") != nullptr) {
        function.grant(inline_policy(name, policy));
        return {};
    }
    if (policy.is_map() && policy.entries.size() == 1) {
        MERIDIAN_TRY(auto document, expand_policy_template(policy.entries.front(),
                                                           {.region = function.draft.region,
                                                            .account = function.draft.account}));
        function.grant(inline_policy(name, std::move(document)));
        return {};
    }
    return fail_at(policy.mark,
                   "a policy is a managed policy's name or ARN, a document with "
                   "Statement, or one policy template");
}

Result<void> add_policies(SamFunction& function) {
    auto const* policies = function.property("Policies");
    if (policies == nullptr) return {};
    if (!policies->is_list()) return add_policy(function, *policies, 0);
    for (std::size_t i = 0; i < policies->items.size(); ++i) {
        MERIDIAN_CHECK(add_policy(function, policies->items[i], i));
    }
    return {};
}

Result<void> add_dead_letter_policy(SamFunction& function) {
    auto const* queue = function.property("DeadLetterQueue");
    if (queue == nullptr) return {};
    auto const& type = *queue->find("Type");
    if (type.text != "SQS" && type.text != "SNS")
        return fail_at(type.mark, "DeadLetterQueue.Type is SQS or SNS");
    std::vector<Node> statements;
    statements.push_back(
        allow(type.text == "SQS" ? "sqs:SendMessage" : "sns:Publish", *queue->find("TargetArn")));
    function.grant(inline_policy("DeadLetterQueuePolicy",
                                 policy_document(std::move(statements), queue->mark)));
    return {};
}

}  // namespace

Node allow(std::string_view action, Node resource) {
    auto const mark = resource.mark;
    auto out = Node::map(mark);
    out.set("Effect", Node::string("Allow", mark));
    out.set("Action", Node::string(std::string(action), mark));
    out.set("Resource", std::move(resource));
    return out;
}

Node policy_document(std::vector<Node> statements, Mark mark) {
    auto out = Node::map(mark);
    out.set("Version", Node::string("2012-10-17", mark));
    out.set("Statement", Node::list(std::move(statements), mark));
    return out;
}

Node inline_policy(std::string name, Node document) {
    auto const mark = document.mark;
    auto out = Node::map(mark);
    out.set("PolicyName", Node::string(std::move(name), mark));
    out.set("PolicyDocument", std::move(document));
    return out;
}

void SamFunction::grant_managed(std::string_view aws_policy, Mark mark) {
    if (role == nullptr) return;
    auto const arn = managed_policy_arn(std::string(aws_policy));
    auto& arns = *role->properties.find("ManagedPolicyArns");
    if (std::ranges::find(arns.items, arn, &Node::text) == arns.items.end())
        arns.items.push_back(Node::string(arn, mark));
}

void SamFunction::grant(Node policy) {
    if (role == nullptr) return;
    auto* policies = role->properties.find("Policies");
    if (policies == nullptr)
        policies = &role->properties.set("Policies", Node::list({}, policy.mark));
    // Two events of one queue need one policy.
    auto const document = to_json(*policy.find("PolicyDocument"));
    for (auto const& present : policies->items) {
        if (to_json(*present.find("PolicyDocument")) == document) return;
    }
    policies->items.push_back(std::move(policy));
}

Result<void> add_role(SamFunction& function) {
    auto const& resource = function.resource;
    if (function.property("Role") != nullptr) {
        for (auto const* name :
             {"Policies", "RolePath", "PermissionsBoundary", "AssumeRolePolicyDocument"}) {
            if (auto const* unused = resource.properties.find_entry(name))
                function.draft.warnings.push_back(
                    {unused->mark,
                     fmt::format("{}: {} does nothing because Role is given, as in SAM",
                                 resource.id, name)});
        }
        return {};
    }
    function.role = &function.add(resource.id + "Role", "AWS::IAM::Role", resource.mark);
    auto& properties = function.role->properties;
    auto const* trust = function.property("AssumeRolePolicyDocument");
    properties.set("AssumeRolePolicyDocument",
                   trust == nullptr ? lambda_trust(resource.mark) : *trust);
    properties.set("ManagedPolicyArns", Node::list({}, resource.mark));
    function.grant_managed("AWSLambdaBasicExecutionRole", resource.mark);
    if (auto const* tracing = function.property("Tracing");
        tracing != nullptr && tracing->text != "Disabled")
        function.grant_managed("AWSXrayWriteOnlyAccess", tracing->mark);
    if (auto const* network = function.property("VpcConfig"))
        function.grant_managed("AWSLambdaVPCAccessExecutionRole", network->mark);
    if (auto const* path = function.property("RolePath")) properties.set("Path", *path);
    if (auto const* boundary = function.property("PermissionsBoundary"))
        properties.set("PermissionsBoundary", *boundary);
    MERIDIAN_TRY(auto tags, tag_list(function.property("Tags"), resource.mark, true));
    properties.set("Tags", std::move(tags));
    MERIDIAN_CHECK(add_dead_letter_policy(function));
    return add_policies(function);
}

}  // namespace meridian::deploy
