#pragma once
// Every limit of the service, with its unit and where it comes from. "ours" marks one that AWS does
// not document or does not have.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace meridian::model::limits {

using namespace std::chrono_literals;

// --- Functions (Lambda Developer Guide, "Lambda quotas") ---
inline constexpr int kMemoryMbMin = 128;
inline constexpr int kMemoryMbMax = 10'240;
inline constexpr int kMemoryMbDefault = 128;
inline constexpr int kTimeoutSecondsMin = 1;
inline constexpr int kTimeoutSecondsMax = 900;
inline constexpr int kTimeoutSecondsDefault = 3;
inline constexpr int kEphemeralStorageMbMin = 512;
inline constexpr int kEphemeralStorageMbMax = 10'240;
inline constexpr int kEphemeralStorageMbDefault = 512;
inline constexpr std::size_t kFunctionNameCharsMax = 64;
inline constexpr std::size_t kEnvironmentBytesMax = 4'096;  // of the JSON text of the map
inline constexpr std::size_t kTagsPerResourceMax = 50;
inline constexpr std::uint64_t kCodeZippedBytesMax = 52'428'800;     // direct upload
inline constexpr std::uint64_t kCodeUnzippedBytesMax = 262'144'000;  // with layers
inline constexpr std::size_t kCodeEntriesMax = 100'000;              // files in one package; ours
inline constexpr std::uint64_t kCodeStorageBytesMax = 322'122'547'200;  // 300 GB per region

inline constexpr std::size_t kLayersPerFunctionMax = 5;
inline constexpr std::size_t kAdditionalVersionsMax = 1;  // of an alias (the error text names it)
inline constexpr std::size_t kResourcePolicyBytesMax = 20'480;
inline constexpr std::size_t kMappingsPageMax = 100;  // ListEventSourceMappings (API reference)
// Of a mapping's records, where it is not -1: for ever (API reference).
inline constexpr int kMappingRecordAgeSecondsMin = 60;
inline constexpr int kMappingRecordAgeSecondsMax = 604'800;
inline constexpr int kSqsBatchWithoutWindowMax = 10;  // more needs a batching window

// --- Policies (IAM User Guide, "IAM and AWS STS quotas"; characters, white space not counted) ---
inline constexpr std::size_t kManagedPolicyCharsMax = 6'144;
inline constexpr std::size_t kUserInlinePoliciesCharsMax = 2'048;   // all of a user together
inline constexpr std::size_t kGroupInlinePoliciesCharsMax = 5'120;  // all of a group together
inline constexpr std::size_t kRoleInlinePoliciesCharsMax = 10'240;  // all of a role together
inline constexpr std::size_t kTrustPolicyCharsMax = 2'048;
inline constexpr std::size_t kSessionPolicyCharsMax = 2'048;
inline constexpr std::size_t kPolicyBytesMax = 131'072;  // with white space (API model)
// Deeper nesting than any policy has; ours: what reads the text recurses.
inline constexpr std::size_t kPolicyDepthMax = 16;

// --- IAM and STS (IAM User Guide, "IAM and AWS STS quotas") ---
inline constexpr std::size_t kUsersPerAccountMax = 5'000;
inline constexpr std::size_t kGroupsPerAccountMax = 300;
inline constexpr std::size_t kRolesPerAccountMax = 1'000;
inline constexpr std::size_t kPoliciesPerAccountMax = 1'500;
inline constexpr std::size_t kInstanceProfilesPerAccountMax = 1'000;
inline constexpr std::size_t kRolesPerInstanceProfileMax = 1;
inline constexpr std::size_t kGroupsPerUserMax = 10;
inline constexpr std::size_t kAccessKeysPerUserMax = 2;
inline constexpr std::size_t kAttachedPoliciesMax = 10;  // of a user, a group or a role
inline constexpr std::size_t kPolicyVersionsMax = 5;
inline constexpr std::size_t kIamPageMax = 1'000;  // MaxItems of its listings
inline constexpr int kSessionSecondsMin = 900;
inline constexpr int kChainedSessionSecondsMax = 3'600;    // a role assumed by a role
inline constexpr int kSessionTokenSecondsMax = 129'600;    // GetSessionToken of a user
inline constexpr int kRootSessionTokenSecondsMax = 3'600;  // and of root
// Ours: what an environment gets of its function's role. Environments are replaced before it ends.
inline constexpr auto kRoleCredentialsLifetime = std::chrono::hours(12);
// Ours: the longest invocation, started at the last moment, still ends before its credentials.
inline constexpr auto kEnvironmentLifetimeMax = std::chrono::hours(11);

// --- Requests ---
// 6 MB each way for a synchronous invocation (quota page; the exact number is in the error text).
inline constexpr std::size_t kInvokeRequestBytesMax = 6'291'456;
// 6 MB + 100 bytes that the Runtime API takes as a response (runtime interface emulator).
inline constexpr std::size_t kInvokeResponseBytesMax = 6'291'556;
// Body of CreateFunction and UpdateFunctionCode (the error text names it).
inline constexpr std::size_t kCodeRequestBytesMax = 70'167'211;
// Body of every other control-plane request; ours: the largest is a policy of 20 KB.
inline constexpr std::size_t kControlRequestBytesMax = 1'048'576;
// What a server reads and drops of a body that is over its limit, before it closes instead; ours.
inline constexpr std::size_t kDiscardedBodyBytesMax = 134'217'728;
// Request line and headers together. AWS takes 1 MB; ours is what its clients really send, times
// ten.
inline constexpr std::size_t kHeaderBytesMax = 131'072;
inline constexpr std::size_t kHeaderFieldsMax = 200;  // ours
// Slow clients; ours. Between two requests, for the head of one, and without a byte of its body.
inline constexpr auto kHttpIdleTimeout = 60s;
inline constexpr auto kHttpHeadTimeout = 15s;
inline constexpr auto kHttpBodyStallTimeout = 30s;
inline constexpr std::size_t kHttpConnectionsMax =
    4'096;  // ours; then new ones wait in the backlog
inline constexpr std::size_t kListPageMax =
    50;  // ListFunctions, ListVersionsByFunction (API reference)
inline constexpr std::size_t kLogTailBytesMax = 4'096;        // X-Amz-Log-Result
inline constexpr std::size_t kClientContextBytesMax = 3'583;  // base64 characters (API reference)

// --- Execution environments (Developer Guide, "Lambda runtime environment") ---
inline constexpr std::uint32_t kAccountConcurrencyMax = 1'000;
inline constexpr std::uint32_t kUnreservedConcurrencyMin = 100;
inline constexpr auto kInitTimeout = 10s;
// Environments in a row that provisioned concurrency tries before it says FAILED (recorded).
inline constexpr std::uint32_t kProvisionedInitTriesMax = 6;
// How long a runtime has after its last breath (response or timeout) before it is killed; AWS gives
// none to a runtime without extensions.
inline constexpr auto kIdleEnvironmentLifetime = 10min;  // AWS does not say; 5 to 15 min are seen
inline constexpr auto kFreezeAfterIdle = 50ms;           // ours: a burst pays for no freezing
inline constexpr std::uint32_t kProcessesMax = 1'024;
inline constexpr int kMemoryMbPerVcpu = 1'769;
// What a function may use in its Init phase whatever its memory: it starts before it is rationed.
inline constexpr std::uint32_t kInitCpuMilli = 2'000;
// One log event; longer lines are cut into several (CloudWatch Logs: 256 KB).
inline constexpr std::size_t kLogLineBytesMax = 262'144;

// --- Signatures ---
inline constexpr auto kClockSkewMax = 5min;
inline constexpr auto kCodeLocationLifetime = 10min;  // GetFunction's Code.Location

}  // namespace meridian::model::limits
