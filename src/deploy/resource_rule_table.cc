// The tables behind resource_rules.h.

#include <algorithm>
#include <string>

#include "deploy/resource_rules.h"

namespace meridian::deploy {
namespace {

constexpr std::string_view kFunctionRule =
    "{Architectures:[s] CapacityProviderConfig:* Code!:{BuildMethod:s ImageUri:s LocalPath:s "
    "S3Bucket:s S3Key:s S3ObjectStorageMode:s S3ObjectVersion:s SourceKMSKeyArn:s ZipFile:s} "
    "CodeSigningConfigArn:s DeadLetterConfig:{TargetArn:s} Description:s DurableConfig:* "
    "Environment:{Variables:<s>} EphemeralStorage:{Size!:i} "
    "FileSystemConfigs:[{Arn!:s LocalMountPath!:s}] FunctionName:s FunctionScalingConfig:* "
    "Handler:s ImageConfig:{Command:[s] EntryPoint:[s] WorkingDirectory:s} KmsKeyArn:s Layers:[s] "
    "LoggingConfig:{ApplicationLogLevel:s LogFormat:s LogGroup:s SystemLogLevel:s} MemorySize:i "
    "PackageType:s RecursiveLoop:s ReservedConcurrentExecutions:i Role!:s Runtime:s "
    "RuntimeManagementConfig:{RuntimeVersionArn:s UpdateRuntimeOn!:s} SnapStart:{ApplyOn!:s} "
    "Tags:[{Key!:s Value!:s}] TenancyConfig:* Timeout:i TracingConfig:{Mode:s} "
    "VpcConfig:{Ipv6AllowedForDualStack:b SecurityGroupIds:[s] SubnetIds:[s]}}";

constexpr std::string_view kVersionRule =
    "{CodeSha256:s Description:s FunctionName!:s FunctionScalingConfig:* "
    "ProvisionedConcurrencyConfig:{ProvisionedConcurrentExecutions!:i} "
    "RuntimePolicy:{RuntimeVersionArn:s UpdateRuntimeOn!:s}}";

constexpr std::string_view kAliasRule =
    "{Description:s FunctionName!:s FunctionVersion!:s Name!:s "
    "ProvisionedConcurrencyConfig:{ProvisionedConcurrentExecutions!:i} "
    "RoutingConfig:{AdditionalVersionWeights:[{FunctionVersion!:s FunctionWeight!:n}]}}";

constexpr std::string_view kPermissionRule =
    "{Action!:s EventSourceToken:s FunctionName!:s FunctionUrlAuthType:s InvokedViaFunctionUrl:b "
    "Principal!:s PrincipalOrgID:s SourceAccount:s SourceArn:s}";

constexpr std::string_view kEventSourceMappingRule =
    "{AmazonManagedKafkaEventSourceConfig:{ConsumerGroupId:s SchemaRegistryConfig:*} BatchSize:i "
    "BisectBatchOnFunctionError:b "
    "DestinationConfig:{OnFailure:{Destination:s} OnSuccess:{Destination:s}} "
    "DocumentDBEventSourceConfig:{CollectionName:s DatabaseName:s FullDocument:s} Enabled:b "
    "EventSourceArn:s FilterCriteria:{Filters:[{Pattern:s}]} FunctionName!:s "
    "FunctionResponseTypes:[s] KmsKeyArn:s LoggingConfig:{SystemLogLevel:s} "
    "MaximumBatchingWindowInSeconds:i "
    "MaximumRecordAgeInSeconds:i MaximumRetryAttempts:i MetricsConfig:{Metrics:[s]} "
    "ParallelizationFactor:i "
    "ProvisionedPollerConfig:{MaximumPollers:i MinimumPollers:i PollerGroupName:s} Queues:[s] "
    "ScalingConfig:{MaximumConcurrency:i} "
    "SelfManagedEventSource:{Endpoints:{KafkaBootstrapServers:[s]}} "
    "SelfManagedKafkaEventSourceConfig:{ConsumerGroupId:s SchemaRegistryConfig:*} "
    "SourceAccessConfigurations:[{Type:s URI:s}] StartingPosition:s StartingPositionTimestamp:n "
    "Tags:[{Key!:s Value!:s}] Topics:[s] TumblingWindowInSeconds:i}";

constexpr std::string_view kLayerVersionRule =
    "{CompatibleArchitectures:[s] CompatibleRuntimes:[s] "
    "Content!:{BuildMethod:s LocalPath:s S3Bucket:s S3Key:s S3ObjectVersion:s} Description:s "
    "LayerName:s LicenseInfo:s}";

constexpr std::string_view kUrlRule =
    "{AuthType!:s Cors:{AllowCredentials:b AllowHeaders:[s] AllowMethods:[s] AllowOrigins:[s] "
    "ExposeHeaders:[s] MaxAge:i} InvokeMode:s Qualifier:s TargetFunctionArn!:s}";

constexpr std::string_view kEventInvokeConfigRule =
    "{DestinationConfig:{OnFailure:{Destination!:s} OnSuccess:{Destination!:s}} FunctionName!:s "
    "MaximumEventAgeInSeconds:i MaximumRetryAttempts:i Qualifier!:s}";

constexpr std::string_view kRoleRule =
    "{AssumeRolePolicyDocument!:* Description:s ManagedPolicyArns:[s] MaxSessionDuration:i Path:s "
    "PermissionsBoundary:s Policies:[{PolicyDocument!:* PolicyName!:s}] RoleName:s "
    "Tags:[{Key!:s Value!:s}]}";

constexpr std::string_view kPolicyRule =
    "{Groups:[s] PolicyDocument!:* PolicyName!:s Roles:[s] Users:[s]}";

constexpr std::string_view kManagedPolicyRule =
    "{Description:s Groups:[s] ManagedPolicyName:s Path:s PolicyDocument!:* Roles:[s] Users:[s]}";

constexpr std::string_view kAlarmRule =
    "{ActionsEnabled:b AlarmActions:[s] AlarmDescription:s AlarmName:s ComparisonOperator!:s "
    "DatapointsToAlarm:i Dimensions:[{Name!:s Value!:s}] EvaluateLowSampleCountPercentile:s "
    "EvaluationPeriods!:i ExtendedStatistic:s InsufficientDataActions:[s] MetricName:s Metrics:[*] "
    "Namespace:s OKActions:[s] Period:i Statistic:s Tags:[{Key!:s Value!:s}] Threshold:n "
    "ThresholdMetricId:s TreatMissingData:s Unit:s}";

constexpr std::string_view kSamFunctionRule =
    "{Architectures:[s] AssumeRolePolicyDocument:* AutoPublishAlias:s "
    "AutoPublishAliasAllProperties:b AutoPublishCodeSha256:s CapacityProviderConfig:* CodeUri:* "
    "CodeSigningConfigArn:s DeadLetterQueue:{TargetArn!:s Type!:s} "
    "DeploymentPreference:{Alarms:[*] Enabled:b Hooks:{PostTraffic:s PreTraffic:s} "
    "PassthroughCondition:b Role:s TriggerConfigurations:[*] Type:s} Description:s DurableConfig:* "
    "Environment:{Variables:<s>} EphemeralStorage:{Size!:i} "
    "EventInvokeConfig:{DestinationConfig:{OnFailure:{Destination:s Type:s} "
    "OnSuccess:{Destination:s Type:s}} MaximumEventAgeInSeconds:i MaximumRetryAttempts:i} "
    "Events:<{Properties:* Type!:s}> FileSystemConfigs:[{Arn!:s LocalMountPath!:s}] "
    "FunctionName:s FunctionScalingConfig:* "
    "FunctionUrlConfig:{AuthType:s Cors:* InvokeMode:s} Handler:s "
    "ImageConfig:{Command:[s] EntryPoint:[s] WorkingDirectory:s} ImageUri:s InlineCode:s "
    "KmsKeyArn:s Layers:[s] "
    "LoggingConfig:{ApplicationLogLevel:s LogFormat:s LogGroup:s SystemLogLevel:s} MemorySize:i "
    "PackageType:s PermissionsBoundary:s Policies:* PropagateTags:b "
    "ProvisionedConcurrencyConfig:{ProvisionedConcurrentExecutions!:i} RecursiveLoop:s "
    "ReservedConcurrentExecutions:i Role:s RolePath:s Runtime:s "
    "RuntimeManagementConfig:{RuntimeVersionArn:s UpdateRuntimeOn!:s} SnapStart:{ApplyOn!:s} "
    "SourceKMSKeyArn:s Tags:<s> TenancyConfig:* Timeout:i Tracing:s VersionDeletionPolicy:s "
    "VersionDescription:s "
    "VpcConfig:{Ipv6AllowedForDualStack:b SecurityGroupIds:[s] SubnetIds:[s]}}";

constexpr std::string_view kSamLayerRule =
    "{CompatibleArchitectures:[s] CompatibleRuntimes:[s] ContentUri!:* Description:s LayerName:s "
    "LicenseInfo:s RetentionPolicy:s}";

}  // namespace

ResourceRule const* find_resource_rule(std::string_view type) {
    static std::vector<ResourceRule> const table = {
        {"AWS::Lambda::Function", parse_rule(kFunctionRule), {"Arn"}},
        {"AWS::Lambda::Version", parse_rule(kVersionRule), {"FunctionArn", "Version"}},
        {"AWS::Lambda::Alias", parse_rule(kAliasRule), {"AliasArn"}},
        {"AWS::Lambda::Permission", parse_rule(kPermissionRule), {"Id"}},
        {"AWS::Lambda::EventSourceMapping",
         parse_rule(kEventSourceMappingRule),
         {"EventSourceMappingArn", "Id"}},
        {"AWS::Lambda::LayerVersion", parse_rule(kLayerVersionRule), {"LayerVersionArn"}},
        {"AWS::Lambda::Url", parse_rule(kUrlRule), {"FunctionArn", "FunctionUrl"}},
        {"AWS::Lambda::EventInvokeConfig", parse_rule(kEventInvokeConfigRule), {}},
        {"AWS::IAM::Role", parse_rule(kRoleRule), {"Arn", "RoleId"}},
        {"AWS::IAM::Policy", parse_rule(kPolicyRule), {}},
        {"AWS::IAM::ManagedPolicy", parse_rule(kManagedPolicyRule), {"PolicyArn", "PolicyId"}},
        {"AWS::CloudWatch::Alarm", parse_rule(kAlarmRule), {"Arn"}},
    };
    auto const found = std::ranges::find(table, type, &ResourceRule::type);
    return found == table.end() ? nullptr : &*found;
}

PropertyRule const& sam_function_rule() {
    static PropertyRule const rule = parse_rule(kSamFunctionRule);
    return rule;
}

PropertyRule const& sam_layer_rule() {
    static PropertyRule const rule = parse_rule(kSamLayerRule);
    return rule;
}

}  // namespace meridian::deploy
