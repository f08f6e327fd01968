// The table behind sam_policy_templates.h.

#include <vector>

#include "deploy/sam_policy_templates.h"

namespace meridian::deploy {
namespace {

using Rows = std::vector<PolicyTemplate>;

constexpr std::string_view kCodeCommitRead =
    "GitPull GetBranch ListBranches BatchDescribeMergeConflicts DescribeMergeConflicts "
    "GetMergeCommit GetMergeOptions BatchGetPullRequests DescribePullRequestEvents "
    "GetCommentsForPullRequest GetCommitsFromMergeBase GetMergeConflicts GetPullRequest "
    "ListPullRequests GetBlob GetFile GetFolder GetComment GetCommentsForComparedCommit "
    "BatchGetCommits GetCommit GetCommitHistory GetDifferences GetObjectIdentifier GetReferences "
    "GetTree GetRepository ListTagsForResource GetRepositoryTriggers TestRepositoryTriggers "
    "GetUploadArchiveStatus";
constexpr std::string_view kCodeCommitCrud =
    "GitPull GitPush CreateBranch DeleteBranch GetBranch ListBranches MergeBranchesByFastForward "
    "MergeBranchesBySquash MergeBranchesByThreeWay UpdateDefaultBranch BatchDescribeMergeConflicts "
    "CreateUnreferencedMergeCommit DescribeMergeConflicts GetMergeCommit GetMergeOptions "
    "BatchGetPullRequests CreatePullRequest DescribePullRequestEvents GetCommentsForPullRequest "
    "GetCommitsFromMergeBase GetMergeConflicts GetPullRequest ListPullRequests "
    "MergePullRequestByFastForward MergePullRequestBySquash MergePullRequestByThreeWay "
    "PostCommentForPullRequest UpdatePullRequestDescription UpdatePullRequestStatus "
    "UpdatePullRequestTitle DeleteFile GetBlob GetFile GetFolder PutFile DeleteCommentContent "
    "GetComment GetCommentsForComparedCommit PostCommentForComparedCommit PostCommentReply "
    "UpdateComment BatchGetCommits CreateCommit GetCommit GetCommitHistory GetDifferences "
    "GetObjectIdentifier GetReferences GetTree GetRepository UpdateRepositoryDescription "
    "ListTagsForResource TagResource UntagResource GetRepositoryTriggers PutRepositoryTriggers "
    "TestRepositoryTriggers UploadArchive GetUploadArchiveStatus CancelUploadArchive";
constexpr std::string_view kAthenaCatalog =
    "ListWorkGroups GetExecutionEngine GetExecutionEngines GetNamespace GetCatalogs GetNamespaces "
    "GetTables GetTable";
constexpr std::string_view kAthenaQuery =
    "StartQueryExecution GetQueryResults DeleteNamedQuery GetNamedQuery ListQueryExecutions "
    "StopQueryExecution GetQueryResultsStream ListNamedQueries CreateNamedQuery GetQueryExecution "
    "BatchGetNamedQuery BatchGetQueryExecution GetWorkGroup";
constexpr std::string_view kBothTables =
    "~dynamodb:table/${TableName} ~dynamodb:table/${TableName}/index/*";
constexpr std::string_view kBucketAndObjects =
    "arn:${AWS::Partition}:s3:::${BucketName} arn:${AWS::Partition}:s3:::${BucketName}/*";
constexpr std::string_view kCollection = "~rekognition:collection/${CollectionId}";
constexpr std::string_view kEmrCluster = "~elasticmapreduce:cluster/${ClusterId}";
constexpr std::string_view kIdentity = "~ses:identity/${IdentityName}";
constexpr std::string_view kStateMachine = "~states:stateMachine:${StateMachineName}";

void add_a_to_d(Rows& rows) {
    rows.insert(
        rows.end(),
        {
            {"AMIDescribePolicy", {{"ec2", "DescribeImages", "*"}}},
            {"AWSSecretsManagerGetSecretValuePolicy",
             {{"secretsmanager", "GetSecretValue", "${SecretArn}"}}},
            {"AWSSecretsManagerRotationPolicy",
             {{"secretsmanager",
               "DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage",
               "~secretsmanager:secret:*", "secretsmanager:resource/AllowRotationLambdaArn",
               "~lambda:function:${FunctionName}"},
              {"secretsmanager", "GetRandomPassword", "*"}}},
            {"AcmGetCertificatePolicy", {{"acm", "GetCertificate", "${CertificateArn}"}}},
            {"AthenaQueryPolicy",
             {{"athena", kAthenaCatalog, "*"},
              {"athena", kAthenaQuery, "~athena:workgroup/${WorkGroupName}"}}},
            {"CloudFormationDescribeStacksPolicy",
             {{"cloudformation", "DescribeStacks", "~cloudformation:stack/*"}}},
            {"CloudWatchDashboardPolicy",
             {{"cloudwatch", "GetDashboard ListDashboards PutDashboard ListMetrics", "*"}}},
            {"CloudWatchDescribeAlarmHistoryPolicy", {{"cloudwatch", "DescribeAlarmHistory", "*"}}},
            {"CloudWatchPutMetricPolicy", {{"cloudwatch", "PutMetricData", "*"}}},
            {"CodeCommitCrudPolicy",
             {{"codecommit", kCodeCommitCrud, "~codecommit:${RepositoryName}"}}},
            {"CodeCommitReadPolicy",
             {{"codecommit", kCodeCommitRead, "~codecommit:${RepositoryName}"}}},
            {"CodePipelineLambdaExecutionPolicy",
             {{"codepipeline", "PutJobSuccessResult PutJobFailureResult", "*"}}},
            {"CodePipelineReadOnlyPolicy",
             {{"codepipeline", "ListPipelineExecutions", "~codepipeline:${PipelineName}"}}},
            {"ComprehendBasicAccessPolicy",
             {{"comprehend",
               "BatchDetectKeyPhrases DetectDominantLanguage DetectEntities BatchDetectEntities "
               "DetectKeyPhrases DetectSentiment BatchDetectDominantLanguage BatchDetectSentiment",
               "*"}}},
            {"CostExplorerReadOnlyPolicy",
             {{"ce",
               "GetCostAndUsage GetDimensionValues GetReservationCoverage "
               "GetReservationPurchaseRecommendation GetReservationUtilization GetTags",
               "*"}}},
            {"DynamoDBBackupFullAccessPolicy",
             {{"dynamodb", "CreateBackup DescribeContinuousBackups",
               "~dynamodb:table/${TableName}"},
              {"dynamodb", "DeleteBackup DescribeBackup ListBackups",
               "~dynamodb:table/${TableName}/backup/*"}}},
            {"DynamoDBCrudPolicy",
             {{"dynamodb",
               "GetItem DeleteItem PutItem Scan Query UpdateItem BatchWriteItem BatchGetItem "
               "DescribeTable ConditionCheckItem",
               kBothTables}}},
            {"DynamoDBReadPolicy",
             {{"dynamodb", "GetItem Scan Query BatchGetItem DescribeTable", kBothTables}}},
            {"DynamoDBReconfigurePolicy",
             {{"dynamodb", "UpdateTable", "~dynamodb:table/${TableName}"}}},
            {"DynamoDBRestoreFromBackupPolicy",
             {{"dynamodb", "RestoreTableFromBackup", "~dynamodb:table/${TableName}/backup/*"},
              {"dynamodb", "PutItem UpdateItem DeleteItem GetItem Query Scan BatchWriteItem",
               "~dynamodb:table/${TableName}"}}},
            {"DynamoDBStreamReadPolicy",
             {{"dynamodb", "DescribeStream GetRecords GetShardIterator",
               "~dynamodb:table/${TableName}/stream/${StreamName}"},
              {"dynamodb", "ListStreams", "~dynamodb:table/${TableName}/stream/*"}}},
            {"DynamoDBWritePolicy",
             {{"dynamodb", "PutItem UpdateItem BatchWriteItem", kBothTables}}},
        });
}

void add_e_to_p(Rows& rows) {
    rows.insert(
        rows.end(),
        {
            {"EC2CopyImagePolicy", {{"ec2", "CopyImage", "~ec2:image/${ImageId}"}}},
            {"EC2DescribePolicy", {{"ec2", "DescribeRegions DescribeInstances", "*"}}},
            {"EFSWriteAccessPolicy",
             {{"elasticfilesystem", "ClientMount ClientWrite",
               "~elasticfilesystem:file-system/${FileSystem}", "elasticfilesystem:AccessPointArn",
               "~elasticfilesystem:access-point/${AccessPoint}"}}},
            {"EKSDescribePolicy", {{"eks", "DescribeCluster ListClusters", "*"}}},
            {"EcsRunTaskPolicy", {{"ecs", "RunTask", "~ecs:task-definition/${TaskDefinition}"}}},
            {"ElasticMapReduceAddJobFlowStepsPolicy",
             {{"elasticmapreduce", "AddJobFlowSteps", kEmrCluster}}},
            {"ElasticMapReduceCancelStepsPolicy",
             {{"elasticmapreduce", "CancelSteps", kEmrCluster}}},
            {"ElasticMapReduceModifyInstanceFleetPolicy",
             {{"elasticmapreduce", "ModifyInstanceFleet ListInstanceFleets", kEmrCluster}}},
            {"ElasticMapReduceModifyInstanceGroupsPolicy",
             {{"elasticmapreduce", "ModifyInstanceGroups ListInstanceGroups", kEmrCluster}}},
            {"ElasticMapReduceSetTerminationProtectionPolicy",
             {{"elasticmapreduce", "SetTerminationProtection", kEmrCluster}}},
            {"ElasticMapReduceTerminateJobFlowsPolicy",
             {{"elasticmapreduce", "TerminateJobFlows", kEmrCluster}}},
            {"ElasticsearchHttpPostPolicy",
             {{"es", "ESHttpPost ESHttpPut", "~es:domain/${DomainName}/*"}}},
            {"EventBridgePutEventsPolicy",
             {{"events", "PutEvents", "~events:event-bus/${EventBusName}"}}},
            {"FilterLogEventsPolicy",
             {{"logs", "FilterLogEvents", "~logs:log-group:${LogGroupName}:log-stream:*"}}},
            {"FirehoseCrudPolicy",
             {{"firehose",
               "CreateDeliveryStream DeleteDeliveryStream DescribeDeliveryStream PutRecord "
               "PutRecordBatch UpdateDestination",
               "~firehose:deliverystream/${DeliveryStreamName}"}}},
            {"FirehoseWritePolicy",
             {{"firehose", "PutRecord PutRecordBatch",
               "~firehose:deliverystream/${DeliveryStreamName}"}}},
            {"KMSDecryptPolicy", {{"kms", "Decrypt", "~kms:key/${KeyId}"}}},
            {"KMSEncryptPolicy", {{"kms", "Encrypt", "~kms:key/${KeyId}"}}},
            {"KMSEncryptPolicy_v2",
             {{"kms",
               "Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair "
               "GenerateDataKeyPairWithoutPlaintext",
               "~kms:key/${KeyId}"}}},
            {"KinesisCrudPolicy",
             {{"kinesis",
               "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream "
               "DescribeStream DescribeStreamSummary GetShardIterator "
               "IncreaseStreamRetentionPeriod ListTagsForStream MergeShards PutRecord PutRecords "
               "SplitShard RemoveTagsFromStream",
               "~kinesis:stream/${StreamName}"}}},
            {"KinesisStreamReadPolicy",
             {{"kinesis", "ListStreams DescribeLimits", "~kinesis:stream/*"},
              {"kinesis", "DescribeStream DescribeStreamSummary GetRecords GetShardIterator",
               "~kinesis:stream/${StreamName}"}}},
            {"LambdaInvokePolicy",
             {{"lambda", "InvokeFunction", "~lambda:function:${FunctionName}*"}}},
            {"MobileAnalyticsWriteOnlyAccessPolicy", {{"mobileanalytics", "PutEvents", "*"}}},
            {"OrganizationsListAccountsPolicy", {{"organizations", "ListAccounts", "*"}}},
            {"PinpointEndpointAccessPolicy",
             {{"mobiletargeting", "GetEndpoint UpdateEndpoint UpdateEndpointsBatch",
               "~mobiletargeting:apps/${PinpointApplicationId}/endpoints/*"}}},
            {"PollyFullAccessPolicy",
             {{"polly", "GetLexicon DeleteLexicon", "~polly:lexicon/${LexiconName}"},
              {"polly", "DescribeVoices ListLexicons PutLexicon SynthesizeSpeech",
               "~polly:lexicon/*"}}},
        });
}

void add_r_to_z(Rows& rows) {
    rows.insert(
        rows.end(),
        {
            {"RekognitionDetectOnlyPolicy",
             {{"rekognition", "DetectFaces DetectLabels DetectModerationLabels DetectText", "*"}}},
            {"RekognitionFacesManagementPolicy",
             {{"rekognition", "IndexFaces DeleteFaces SearchFaces SearchFacesByImage ListFaces",
               kCollection}}},
            {"RekognitionFacesPolicy", {{"rekognition", "CompareFaces DetectFaces", "*"}}},
            {"RekognitionLabelsPolicy",
             {{"rekognition", "DetectLabels DetectModerationLabels", "*"}}},
            {"RekognitionNoDataAccessPolicy",
             {{"rekognition", "CompareFaces DetectFaces DetectLabels DetectModerationLabels",
               kCollection}}},
            {"RekognitionReadPolicy",
             {{"rekognition", "ListCollections ListFaces SearchFaces SearchFacesByImage",
               kCollection}}},
            {"RekognitionWriteOnlyAccessPolicy",
             {{"rekognition", "CreateCollection IndexFaces", kCollection}}},
            {"Route53ChangeResourceRecordSetsPolicy",
             {{"route53", "ChangeResourceRecordSets",
               "arn:${AWS::Partition}:route53:::hostedzone/${HostedZoneId}"}}},
            {"S3CrudPolicy",
             {{"s3",
               "GetObject ListBucket GetBucketLocation GetObjectVersion PutObject PutObjectAcl "
               "GetLifecycleConfiguration PutLifecycleConfiguration DeleteObject",
               kBucketAndObjects}}},
            {"S3FullAccessPolicy",
             {{"s3",
               "GetObject GetObjectAcl GetObjectVersion PutObject PutObjectAcl DeleteObject "
               "DeleteObjectTagging DeleteObjectVersionTagging GetObjectTagging "
               "GetObjectVersionTagging PutObjectTagging PutObjectVersionTagging",
               "arn:${AWS::Partition}:s3:::${BucketName}/*"},
              {"s3",
               "ListBucket GetBucketLocation GetLifecycleConfiguration PutLifecycleConfiguration",
               "arn:${AWS::Partition}:s3:::${BucketName}"}}},
            {"S3ReadPolicy",
             {{"s3",
               "GetObject ListBucket GetBucketLocation GetObjectVersion GetLifecycleConfiguration",
               kBucketAndObjects}}},
            {"S3WritePolicy",
             {{"s3", "PutObject PutObjectAcl PutLifecycleConfiguration", kBucketAndObjects}}},
            {"SESBulkTemplatedCrudPolicy",
             {{"ses",
               "GetIdentityVerificationAttributes SendEmail SendRawEmail SendTemplatedEmail "
               "SendBulkTemplatedEmail VerifyEmailIdentity",
               kIdentity}}},
            {"SESBulkTemplatedCrudPolicy_v2",
             {{"ses", "SendEmail SendRawEmail SendTemplatedEmail SendBulkTemplatedEmail",
               "~ses:identity/${IdentityName} ~ses:template/${TemplateName}"},
              {"ses", "GetIdentityVerificationAttributes VerifyEmailIdentity", "*"}}},
            {"SESCrudPolicy",
             {{"ses",
               "GetIdentityVerificationAttributes SendEmail SendRawEmail VerifyEmailIdentity",
               kIdentity}}},
            {"SESEmailTemplateCrudPolicy",
             {{"ses",
               "CreateTemplate GetTemplate ListTemplates UpdateTemplate DeleteTemplate "
               "TestRenderTemplate",
               "*"}}},
            {"SESSendBouncePolicy", {{"ses", "SendBounce", kIdentity}}},
            {"SNSCrudPolicy",
             {{"sns", "ListSubscriptionsByTopic CreateTopic SetTopicAttributes Subscribe Publish",
               "~sns:${TopicName}*"}}},
            {"SNSPublishMessagePolicy", {{"sns", "Publish", "~sns:${TopicName}"}}},
            {"SQSPollerPolicy",
             {{"sqs",
               "ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage "
               "DeleteMessageBatch GetQueueAttributes ReceiveMessage",
               "~sqs:${QueueName}"}}},
            {"SQSSendMessagePolicy", {{"sqs", "SendMessage*", "~sqs:${QueueName}"}}},
            {"SSMParameterReadPolicy",
             {{"ssm", "DescribeParameters", "*"},
              {"ssm", "GetParameters GetParameter GetParametersByPath",
               "~ssm:parameter/${ParameterName}"}}},
            {"SSMParameterWithSlashPrefixReadPolicy",
             {{"ssm", "DescribeParameters", "*"},
              {"ssm", "GetParameters GetParameter GetParametersByPath",
               "~ssm:parameter${ParameterName}"}}},
            {"SageMakerCreateEndpointConfigPolicy",
             {{"sagemaker", "CreateEndpointConfig",
               "~sagemaker:endpoint-config/${EndpointConfigName}"}}},
            {"SageMakerCreateEndpointPolicy",
             {{"sagemaker", "CreateEndpoint", "~sagemaker:endpoint/${EndpointName}"}}},
            {"ServerlessRepoReadWriteAccessPolicy",
             {{"serverlessrepo",
               "CreateApplication CreateApplicationVersion UpdateApplication GetApplication "
               "ListApplications ListApplicationVersions ListApplicationDependencies",
               "~serverlessrepo:applications/*"}}},
            {"StepFunctionsCallbackPolicy",
             {{"states", "SendTaskFailure SendTaskHeartbeat SendTaskSuccess", kStateMachine}}},
            {"StepFunctionsExecutionPolicy", {{"states", "StartExecution", kStateMachine}}},
            {"StepFunctionsExecutionPolicy_v2",
             {{"states", "StartExecution StartSyncExecution", kStateMachine}}},
            {"TextractDetectAnalyzePolicy",
             {{"textract",
               "DetectDocumentText StartDocumentTextDetection StartDocumentAnalysis "
               "AnalyzeDocument",
               "*"}}},
            {"TextractGetResultPolicy",
             {{"textract", "GetDocumentTextDetection GetDocumentAnalysis", "*"}}},
            {"TextractPolicy", {{"textract", "*", "*"}}},
            {"VPCAccessPolicy",
             {{"ec2",
               "CreateNetworkInterface DeleteNetworkInterface DescribeNetworkInterfaces "
               "DetachNetworkInterface",
               "*"}}},
        });
}

}  // namespace

std::span<PolicyTemplate const> policy_templates() {
    static Rows const table = [] {
        Rows rows;
        add_a_to_d(rows);
        add_e_to_p(rows);
        add_r_to_z(rows);
        return rows;
    }();
    return table;
}

}  // namespace meridian::deploy
