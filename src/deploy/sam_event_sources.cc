// SAM's events that are polled: queues, streams and brokers, each an event source mapping and what
// the execution role needs for it.
// Source: samtranslator/model/eventsources/pull.py (DOC).

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "deploy/resource_rules.h"
#include "deploy/sam_parts.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

struct Source {
    std::string_view type;
    std::string_view arn;             // the property that names it; empty: none
    std::string_view managed_policy;  // empty: none
    bool starting_position;           // needed
    bool secrets;                     // its credentials are a secret
    std::string_view rule;            // its properties
};

// What every source has.
constexpr std::string_view kCommon =
    "BatchSize:i DestinationConfig:{OnFailure:{Destination:s Type:s}} Enabled:b "
    "FilterCriteria:{Filters:[{Pattern:s}]} FunctionResponseTypes:[s] KmsKeyArn:s "
    "LoggingConfig:{SystemLogLevel:s} MaximumBatchingWindowInSeconds:i MetricsConfig:{Metrics:[s]} "
    "ProvisionedPollerConfig:{MaximumPollers:i MinimumPollers:i PollerGroupName:s} ";
constexpr std::string_view kStream =
    "BisectBatchOnFunctionError:b MaximumRecordAgeInSeconds:i MaximumRetryAttempts:i "
    "ParallelizationFactor:i StartingPosition:s StartingPositionTimestamp:n Stream!:s "
    "TumblingWindowInSeconds:i ";
constexpr std::string_view kKafka =
    "BisectBatchOnFunctionError:b ConsumerGroupId:s MaximumRecordAgeInSeconds:i "
    "MaximumRetryAttempts:i SchemaRegistryConfig:* "
    "SourceAccessConfigurations:[{Type!:s URI!:s}] StartingPosition:s StartingPositionTimestamp:n "
    "Topics!:[s] ";

constexpr auto kSources = std::to_array<Source>({
    {"SQS", "Queue", "AWSLambdaSQSQueueExecutionRole", false, false,
     "Queue!:s ScalingConfig:{MaximumConcurrency:i} "},
    {"Kinesis", "Stream", "AWSLambdaKinesisExecutionRole", true, false, kStream},
    {"DynamoDB", "Stream", "AWSLambdaDynamoDBExecutionRole", true, false, kStream},
    {"MSK", "Stream", "AWSLambdaMSKExecutionRole", true, true, ""},
    {"MQ", "Broker", "", false, true,
     "Broker!:s DynamicPolicyName:b Queues!:[s] SecretsManagerKmsKeyId:s "
     "SourceAccessConfigurations!:[{Type!:s URI!:s}] "},
    {"SelfManagedKafka", "", "", true, true, ""},
    {"DocumentDB", "Cluster", "", true, true,
     "Cluster!:s CollectionName:s DatabaseName!:s FullDocument:s SecretsManagerKmsKeyId:s "
     "SourceAccessConfigurations!:[{Type!:s URI!:s}] StartingPosition:s "
     "StartingPositionTimestamp:n "},
});

PropertyRule rule_of(Source const& source) {
    std::string text = "{";
    text += kCommon;
    text += source.rule;
    if (source.type == "MSK") text += std::string(kKafka) + "Stream!:s ";
    if (source.type == "SelfManagedKafka")
        text += std::string(kKafka) + "KafkaBootstrapServers!:[s] SecretsManagerKmsKeyId:s ";
    return parse_rule(text + "}");
}

constexpr auto kSameInMapping = std::to_array<std::string_view>({
    "BatchSize",
    "BisectBatchOnFunctionError",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "KmsKeyArn",
    "LoggingConfig",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "MetricsConfig",
    "ParallelizationFactor",
    "ProvisionedPollerConfig",
    "Queues",
    "ScalingConfig",
    "SourceAccessConfigurations",
    "StartingPosition",
    "StartingPositionTimestamp",
    "Topics",
    "TumblingWindowInSeconds",
});

void copy(Node const& from, Node& to, std::initializer_list<char const*> names) {
    for (auto const* name : names) {
        if (auto const* node = from.find(name)) to.set(name, *node);
    }
}

// The parts whose shape differs between SAM and CloudFormation.
void add_own_config(Source const& source, Node const& from, DraftResource& out) {
    auto config = Node::map(from.mark);
    if (source.type == "DocumentDB") {
        copy(from, config, {"CollectionName", "DatabaseName", "FullDocument"});
        out.properties.set("DocumentDBEventSourceConfig", std::move(config));
        return;
    }
    copy(from, config, {"ConsumerGroupId", "SchemaRegistryConfig"});
    if (!config.entries.empty())
        out.properties.set(source.type == "MSK" ? "AmazonManagedKafkaEventSourceConfig"
                                                : "SelfManagedKafkaEventSourceConfig",
                           std::move(config));
    if (auto const* servers = from.find("KafkaBootstrapServers")) {
        auto endpoints = Node::map(servers->mark);
        endpoints.set("KafkaBootstrapServers", *servers);
        auto self_managed = Node::map(servers->mark);
        self_managed.set("Endpoints", std::move(endpoints));
        out.properties.set("SelfManagedEventSource", std::move(self_managed));
    }
}

Result<void> add_failure_destination(SamFunction& function, std::string const& id, Node const& from,
                                     DraftResource& out) {
    auto const* config = from.find("DestinationConfig");
    if (config == nullptr) return {};
    auto const* failure = config->find("OnFailure");
    if (failure == nullptr) return fail_at(config->mark, "DestinationConfig needs OnFailure");
    auto const* arn = failure->find("Destination");
    if (arn == nullptr) return fail_at(failure->mark, "OnFailure needs a Destination");
    if (auto const* type = failure->find("Type")) {
        if (type->text != "SQS" && type->text != "SNS")
            return fail_at(type->mark, "OnFailure.Type is SQS or SNS");
        std::vector<Node> statements;
        statements.push_back(allow(type->text == "SQS" ? "sqs:SendMessage" : "sns:Publish", *arn));
        function.grant(inline_policy(id + type->text + "Policy",
                                     policy_document(std::move(statements), arn->mark)));
    }
    auto made = Node::map(failure->mark);
    made.set("Destination", *arn);
    auto wrapped = Node::map(config->mark);
    wrapped.set("OnFailure", std::move(made));
    out.properties.set("DestinationConfig", std::move(wrapped));
    return {};
}

Node any_resource(Mark mark) { return Node::string("*", mark); }

// What a broker's poller needs of the execution role: its secrets, its network, its description.
Result<void> grant_broker(SamFunction& function, Source const& source, Node const& from) {
    std::vector<Node> statements;
    if (auto const* access = from.find("SourceAccessConfigurations")) {
        for (auto const& item : access->items) {
            auto const& type = *item.find("Type");
            bool const network = type.text == "VPC_SUBNET" || type.text == "VPC_SECURITY_GROUP" ||
                                 type.text == "VIRTUAL_HOST";
            if (!network)
                statements.push_back(allow("secretsmanager:GetSecretValue", *item.find("URI")));
        }
        if (statements.empty() && (source.type == "MQ" || source.type == "DocumentDB"))
            return fail_at(access->mark, "SourceAccessConfigurations needs BASIC_AUTH");
    }
    if (auto const* broker = from.find("Broker"))
        statements.push_back(allow("mq:DescribeBroker", *broker));
    if (source.type == "DocumentDB") {
        statements.push_back(allow("rds:DescribeDBClusters", *from.find("Cluster")));
        for (auto const* action : {"rds:DescribeDBClusterParameters", "rds:DescribeDBSubnetGroups"})
            statements.push_back(allow(action, any_resource(from.mark)));
    }
    if (source.type == "DocumentDB" || source.type == "SelfManagedKafka") {
        for (auto const* action : {"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces",
                                   "ec2:DeleteNetworkInterface", "ec2:DescribeVpcs",
                                   "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"})
            statements.push_back(allow(action, any_resource(from.mark)));
    }
    if (auto const* key = from.find("SecretsManagerKmsKeyId")) {
        MERIDIAN_TRY(auto const id, text_of(*key, "SecretsManagerKmsKeyId"));
        statements.push_back(
            allow("kms:Decrypt",
                  Node::string(fmt::format("arn:aws:kms:{}:{}:key/{}", function.draft.region,
                                           function.draft.account, id),
                               key->mark)));
    }
    if (statements.empty()) return {};
    function.grant(inline_policy(fmt::format("SamAutoGenerated{}Policy", source.type),
                                 policy_document(std::move(statements), from.mark)));
    return {};
}

}  // namespace

Result<bool> add_event_source(SamFunction& function, Node::Entry const& event) {
    auto const& type = *event.value.find("Type");
    auto const source = std::ranges::find(kSources, type.text, &Source::type);
    if (source == kSources.end()) return false;
    auto const* given = event.value.find("Properties");
    if (given == nullptr)
        return fail_at(event.mark, fmt::format("the event {} needs Properties", event.key));
    auto const id = function.resource.id + event.key;
    MERIDIAN_CHECK(check_rule(*given, rule_of(*source),
                              fmt::format("{}.Events.{}", function.resource.id, event.key)));
    if (source->starting_position && given->find("StartingPosition") == nullptr)
        return fail_at(given->mark,
                       fmt::format("an event of {} needs StartingPosition", type.text));

    auto& out = function.add(id, "AWS::Lambda::EventSourceMapping", event.mark);
    out.properties.set("FunctionName", function.target);
    if (!source->arn.empty()) out.properties.set("EventSourceArn", *given->find(source->arn));
    for (auto const name : kSameInMapping) {
        if (auto const* node = given->find(name)) out.properties.set(std::string(name), *node);
    }
    add_own_config(*source, *given, out);
    if (auto const* tags = function.property("PropagateTags");
        tags != nullptr && as_boolean(*tags).value_or(false)) {
        MERIDIAN_TRY(auto list, tag_list(function.property("Tags"), tags->mark, false));
        if (!list.items.empty()) out.properties.set("Tags", std::move(list));
    }
    MERIDIAN_CHECK(add_failure_destination(function, id, *given, out));
    if (!source->managed_policy.empty()) function.grant_managed(source->managed_policy, event.mark);
    if (source->secrets) {
        MERIDIAN_CHECK(grant_broker(function, *source, *given));
    }
    return true;
}

}  // namespace meridian::deploy
