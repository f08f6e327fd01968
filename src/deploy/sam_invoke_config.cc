#include <array>
#include <utility>

#include <fmt/format.h>

#include "deploy/sam_parts.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

void add_public_permission(SamFunction& function, std::string const& id, std::string_view action,
                           std::string_view key, Node value) {
    auto const mark = value.mark;
    auto& out = function.add(id, "AWS::Lambda::Permission", mark);
    out.properties.set("Action", Node::string(std::string(action), mark));
    out.properties.set("FunctionName", function.target);
    out.properties.set("Principal", Node::string("*", mark));
    out.properties.set(std::string(key), std::move(value));
}

struct DestinationType {
    std::string_view name;
    std::string_view action;
};
constexpr auto kDestinationTypes = std::to_array<DestinationType>({
    {"SQS", "sqs:SendMessage"},
    {"SNS", "sns:Publish"},
    {"EventBridge", "events:PutEvents"},
    {"Lambda", "lambda:InvokeFunction"},
});

Result<Node> destination(SamFunction& function, Node::Entry const& entry) {
    auto const* type = entry.value.find("Type");
    auto const* arn = entry.value.find("Destination");
    DestinationType const* known = nullptr;
    for (auto const& row : kDestinationTypes) {
        if (type != nullptr && type->text == row.name) known = &row;
    }
    if (known == nullptr)
        return fail_at(type == nullptr ? entry.mark : type->mark,
                       fmt::format("{}.Type is SQS, SNS, EventBridge or Lambda", entry.key));
    if (arn == nullptr)
        return fail_at(entry.mark, fmt::format("{} needs a Destination: a queue or topic that SAM "
                                               "would make is not Meridian's",
                                               entry.key));
    std::vector<Node> statements;
    statements.push_back(allow(known->action, *arn));
    function.grant(inline_policy(
        fmt::format("{}EventInvokeConfig{}{}Policy", function.resource.id, entry.key, known->name),
        policy_document(std::move(statements), arn->mark)));
    auto out = Node::map(arn->mark);
    out.set("Destination", *arn);
    return out;
}

}  // namespace

Result<void> add_url(SamFunction& function) {
    auto const* config = function.property("FunctionUrlConfig");
    if (config == nullptr) return {};
    auto const* auth = config->find("AuthType");
    if (auth == nullptr || (auth->text != "AWS_IAM" && auth->text != "NONE"))
        return fail_at(auth == nullptr ? config->mark : auth->mark,
                       "FunctionUrlConfig.AuthType is AWS_IAM or NONE");
    auto const& id = function.resource.id;
    auto& url = function.add(id + "Url", "AWS::Lambda::Url", config->mark);
    url.properties.set("AuthType", *auth);
    url.properties.set("TargetFunctionArn", function.target);
    for (auto const* name : {"Cors", "InvokeMode"}) {
        if (auto const* node = config->find(name)) url.properties.set(name, *node);
    }
    if (auth->text != "NONE") return {};
    // Both actions: since October 2025 a URL without authentication needs InvokeFunction too.
    add_public_permission(function, id + "UrlPublicPermissions", "lambda:InvokeFunctionUrl",
                          "FunctionUrlAuthType", *auth);
    add_public_permission(function, id + "URLInvokeAllowPublicAccess", "lambda:InvokeFunction",
                          "InvokedViaFunctionUrl", Node::boolean(true, auth->mark));
    return {};
}

Result<void> add_event_invoke_config(SamFunction& function) {
    auto const* config = function.property("EventInvokeConfig");
    if (config == nullptr) return {};
    auto const& id = function.resource.id;
    auto& out =
        function.add(id + "EventInvokeConfig", "AWS::Lambda::EventInvokeConfig", config->mark);
    out.properties.set("FunctionName", Node::ref(id, config->mark));
    auto const* alias = function.property("AutoPublishAlias");
    out.properties.set("Qualifier",
                       alias == nullptr ? Node::string("$LATEST", config->mark) : *alias);
    if (alias != nullptr)
        out.depends_on.push_back(
            Node::string(function.draft.made_by.at({id, "Alias"}), config->mark));
    for (auto const* name : {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"}) {
        if (auto const* node = config->find(name)) out.properties.set(name, *node);
    }
    if (auto const* destinations = config->find("DestinationConfig")) {
        auto made = Node::map(destinations->mark);
        for (auto const& entry : destinations->entries) {
            MERIDIAN_TRY(auto value, destination(function, entry));
            made.set(entry.key, std::move(value));
        }
        out.properties.set("DestinationConfig", std::move(made));
    }
    return {};
}

}  // namespace meridian::deploy
