// SAM's events that are pushed: what may invoke the function is a permission; the bucket's
// notification, the rule or the API behind it is another service's and is said in a warning.
// Source: samtranslator/model/eventsources/push.py, cloudwatchlogs.py, scheduler.py (DOC).

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "deploy/resource_rules.h"
#include "deploy/sam_parts.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

struct Pushed {
    std::string_view type;
    std::string_view principal;
    std::string_view behind;  // what is not made
    std::string_view rule;
};

constexpr std::string_view kEventRule =
    "{DeadLetterConfig:* Enabled:b EventBusName:s Input:s InputPath:s InputTransformer:* "
    "Pattern!:* RetryPolicy:* RuleName:s State:s Target:*}";

constexpr auto kPushed = std::to_array<Pushed>({
    {"S3", "s3.amazonaws.com", "the bucket's notification", "{Bucket!:s Events!:* Filter:*}"},
    {"SNS", "sns.amazonaws.com", "the topic's subscription",
     "{FilterPolicy:* FilterPolicyScope:s RedrivePolicy:* Region:s SqsSubscription:* Topic!:s}"},
    {"Schedule", "events.amazonaws.com", "the schedule's rule",
     "{DeadLetterConfig:* Description:s Enabled:b Input:s Name:s RetryPolicy:* RoleArn:s "
     "Schedule!:s State:s}"},
    {"ScheduleV2", "scheduler.amazonaws.com", "the schedule",
     "{DeadLetterConfig:* Description:s EndDate:s FlexibleTimeWindow:* GroupName:s Input:s "
     "KmsKeyArn:s Name:s OmitName:b PermissionsBoundary:s RetryPolicy:* RoleArn:s "
     "ScheduleExpression!:s ScheduleExpressionTimezone:s StartDate:s State:s}"},
    {"CloudWatchEvent", "events.amazonaws.com", "the event rule", kEventRule},
    {"EventBridgeRule", "events.amazonaws.com", "the event rule", kEventRule},
    {"CloudWatchLogs", "logs.amazonaws.com", "the log group's subscription filter",
     "{FilterPattern!:s LogGroupName!:s}"},
    {"IoTRule", "iot.amazonaws.com", "the topic rule", "{AwsIotSqlVersion:s Sql!:s}"},
    {"Cognito", "cognito-idp.amazonaws.com", "the user pool's trigger", "{Trigger!:* UserPool!:s}"},
    {"AlexaSkill", "alexa-appkit.amazon.com", "the skill", "{SkillId:s}"},
    {"Api", "apigateway.amazonaws.com", "the REST API",
     "{Auth:* Method!:s Path!:s RequestModel:* RequestParameters:* ResponseTransferMode:s "
     "RestApiId:s TimeoutInMillis:i}"},
    {"HttpApi", "apigateway.amazonaws.com", "the HTTP API",
     "{ApiId:s Auth:* Method:s Path:s PayloadFormatVersion:s RouteSettings:* TimeoutInMillis:i}"},
});

class PermissionMaker {
  public:
    PermissionMaker(SamFunction& function, Node::Entry const& event, Pushed const& kind,
                    Node const& given)
        : function_(function), event_(event), kind_(kind), given_(given) {}

    Result<void> make() {
        auto id = function_.resource.id + event_.key + "Permission";
        // SAM's ids: a REST API's carries its stage; all of one function's Cognito triggers are
        // one.
        if (kind_.type == "Api") id += "Prod";
        if (kind_.type == "Cognito") id = function_.resource.id + "CognitoPermission";
        if (kind_.type == "Cognito" &&
            std::ranges::find(function_.draft.resources, id, &DraftResource::id) !=
                function_.draft.resources.end())
            return {};
        auto& out = function_.add(id, "AWS::Lambda::Permission", event_.mark);
        out.properties.set("Action", text("lambda:InvokeFunction"));
        out.properties.set("FunctionName", function_.target);
        out.properties.set("Principal", text(std::string(kind_.principal)));
        MERIDIAN_CHECK(add_source(out.properties));
        function_.draft.mentions.push_back(given_);
        note_absent(function_.resource.id + event_.key);
        if (kind_.type == "Api") note_absent("ServerlessRestApi");
        if (kind_.type == "HttpApi") note_absent("ServerlessHttpApi");
        function_.draft.warnings.push_back(
            {event_.mark,
             fmt::format("{}.Events.{}: {} may invoke the function; {} itself is not made",
                         function_.resource.id, event_.key, kind_.principal, kind_.behind)});
        return {};
    }

  private:
    // What SAM would make behind the event, under SAM's name, so that a reference to it says why.
    void note_absent(std::string const& id) {
        function_.draft.absent.try_emplace(
            id, Draft::Absent{.why = fmt::format("{} is not made", kind_.behind), .foreign = true});
    }
    [[nodiscard]] Node text(std::string value) const {
        return Node::string(std::move(value), event_.mark);
    }
    // "arn:aws:SERVICE:REGION:ACCOUNT:REST"
    [[nodiscard]] Node arn(std::string_view service, std::string_view rest) const {
        return text(fmt::format("arn:aws:{}:{}:{}:{}", service, function_.draft.region,
                                function_.draft.account, rest));
    }
    [[nodiscard]] std::string given_text(std::string_view name,
                                         std::string const& fallback) const {
        auto const* node = given_.find(name);
        return node != nullptr && node->is_scalar() ? node->text : fallback;
    }
    // How CloudFormation would name a rule that has no name.
    [[nodiscard]] std::string made_name() const {
        return fmt::format("{}-{}{}-*", function_.draft.stack_name, function_.resource.id,
                           event_.key);
    }

    // Who exactly may invoke: SourceArn, SourceAccount or EventSourceToken.
    Result<void> add_source(Node& out) const {
        auto const type = kind_.type;
        if (type == "S3") {
            out.set("SourceAccount", text(function_.draft.account));
        } else if (type == "SNS") {
            if (auto const* queue = given_.find_entry("SqsSubscription");
                queue != nullptr && as_boolean(queue->value) != false)
                return fail_at(queue->mark,
                               "SqsSubscription makes a queue, which is not Meridian's");
            out.set("SourceArn", *given_.find("Topic"));
        } else if (type == "Schedule") {
            out.set("SourceArn", arn("events", "rule/" + given_text("Name", made_name())));
        } else if (type == "ScheduleV2") {
            out.set("SourceArn", arn("scheduler", fmt::format("schedule/{}/{}",
                                                              given_text("GroupName", "default"),
                                                              given_text("Name", made_name()))));
        } else if (type == "CloudWatchEvent" || type == "EventBridgeRule") {
            auto const bus = given_text("EventBusName", {});
            auto const name = given_text("RuleName", made_name());
            out.set("SourceArn", arn("events", bus.empty() || bus == "default"
                                                   ? "rule/" + name
                                                   : fmt::format("rule/{}/{}", bus, name)));
        } else if (type == "CloudWatchLogs") {
            return add_log_group(out);
        } else if (type == "IoTRule") {
            out.set("SourceArn", arn("iot", "rule/" + made_name()));
        } else if (type == "Cognito") {
            // The pool is another service's resource, whose ARN is not known here.
            out.set("SourceArn", arn("cognito-idp", "userpool/*"));
        } else if (type == "AlexaSkill") {
            if (auto const* skill = given_.find("SkillId")) out.set("EventSourceToken", *skill);
        } else {
            return add_api(out);
        }
        return {};
    }

    Result<void> add_log_group(Node& out) const {
        auto const& group = *given_.find("LogGroupName");
        if (!group.is_scalar())
            return fail_at(group.mark, "LogGroupName cannot depend on a resource");
        out.set("SourceArn", arn("logs", fmt::format("log-group:{}:*", group.text)));
        return {};
    }

    // Any stage; every part of the path that is a parameter is a star.
    Result<void> add_api(Node& out) const {
        bool const http = kind_.type == "HttpApi";
        auto method = given_text("Method", http ? "x-amazon-apigateway-any-method" : "");
        std::ranges::transform(method, method.begin(),
                               [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
        if (method == "ANY" || method.starts_with("X-")) method = "*";
        auto const path = given_text("Path", "$default");
        std::string resource = path.starts_with('/') ? path : "/" + path;
        if (path == "$default") {
            method = "";
            resource = "$default";
        }
        std::string pattern;
        bool in_parameter = false;
        for (char const c : resource) {
            if (c == '{') {
                in_parameter = true;
                pattern += '*';
            }
            if (!in_parameter) pattern += c;
            if (c == '}') in_parameter = false;
        }
        auto const* api = given_.find(http ? "ApiId" : "RestApiId");
        std::string const id = api != nullptr && api->is_scalar() ? api->text : "*";
        out.set("SourceArn", arn("execute-api", fmt::format("{}/*/{}{}", id, method, pattern)));
        return {};
    }

    SamFunction& function_;
    Node::Entry const& event_;
    Pushed const& kind_;
    Node const& given_;
};

}  // namespace

Result<bool> add_event_permission(SamFunction& function, Node::Entry const& event) {
    auto const& type = *event.value.find("Type");
    auto const kind = std::ranges::find(kPushed, type.text, &Pushed::type);
    if (kind == kPushed.end()) return false;
    auto const none = Node::map(event.mark);
    auto const* given = event.value.find("Properties");
    if (given == nullptr || given->is_null()) given = &none;
    MERIDIAN_CHECK(check_rule(*given, parse_rule(kind->rule),
                              fmt::format("{}.Events.{}", function.resource.id, event.key)));
    MERIDIAN_CHECK(PermissionMaker(function, event, *kind, *given).make());
    return true;
}

}  // namespace meridian::deploy
