#pragma once
// What the actions of the control plane are asked, and what they answer, as values. api/ reads them
// from AWS's requests.

#include <optional>
#include <string>
#include <vector>

#include "control/object_source.h"
#include "model/function.h"
#include "model/requester.h"
#include "model/runnable.h"

namespace meridian::control {

using model::Requester;

// Members that a request does not name stay as they are, in these too.
struct VpcChange {
    std::optional<std::vector<std::string>> subnet_ids = {};
    std::optional<std::vector<std::string>> security_group_ids = {};
    std::optional<bool> ipv6_allowed_for_dual_stack = {};
};

struct LoggingChange {
    std::optional<std::string> format = {};  // "Text", "JSON"
    std::optional<std::string> application_level = {};
    std::optional<std::string> system_level = {};
    std::optional<std::string> log_group = {};
};

// The settings that a request names; the others stay as they are.
struct SettingsChange {
    std::optional<std::string> description = {};
    std::optional<std::string> runtime = {};
    std::optional<std::string> handler = {};
    std::optional<std::string> role_arn = {};
    std::optional<int> timeout_seconds = {};
    std::optional<int> memory_mb = {};
    std::optional<int> ephemeral_storage_mb = {};
    std::optional<model::EnvironmentVariables> environment = {};
    LoggingChange logging = {};
    std::optional<VpcChange> vpc = {};
    // As the request names them; the control plane puts what they mean into `layers`.
    std::optional<std::vector<std::string>> layer_arns = {};
    std::optional<std::vector<model::LayerReference>> layers = {};
    std::optional<std::vector<model::FileSystemConfig>> file_systems = {};
    std::optional<std::string> kms_key_arn = {};             // empty: none
    std::optional<std::string> dead_letter_target_arn = {};  // empty: none
    std::optional<bool> active_tracing = {};
    std::optional<bool> snap_start = {};
};

// A package: the zip itself, or where it is.
struct PackageInput {
    std::string zip_bytes = {};
    std::optional<S3Object> s3_object = {};
};

struct CreateFunctionRequest {
    model::FunctionName name = {};
    SettingsChange settings = {};
    PackageInput package = {};
    std::string code_signing_config_arn = {};  // empty: none
    model::Tags tags = {};
    bool publish = false;
};

struct UpdateFunctionCodeRequest {
    model::FunctionName name = {};
    PackageInput package = {};
    bool publish = false;
    bool dry_run = false;  // checks everything and changes nothing
    std::optional<model::RevisionId> revision_id = {};
};

struct UpdateFunctionConfigurationRequest {
    model::FunctionName name = {};
    SettingsChange settings = {};
    std::optional<model::RevisionId> revision_id = {};
};

struct PublishVersionRequest {
    model::FunctionName name = {};
    std::optional<model::CodeSha256> code_sha256 = {};
    std::optional<std::string> description = {};
    std::optional<model::RevisionId> revision_id = {};
};

struct FunctionAndQualifier {
    model::FunctionName name = {};
    std::optional<model::Qualifier> qualifier = {};
};

struct ListFunctionsRequest {
    bool all_versions = false;  // FunctionVersion=ALL
    std::string marker = {};    // as an earlier answer gave it
    std::size_t max_items = 50;
};

struct ListVersionsRequest {
    model::FunctionName name = {};
    std::string marker = {};
    std::size_t max_items = 50;
};

// One version as the API shows it.
struct FunctionView {
    model::RunnableVersion version = {};
    bool qualified_arn = false;  // ends in the version
    // Where an alias was asked for: its ARN is shown instead.
    std::optional<model::Qualifier> alias = {};
};

struct FunctionPage {
    std::vector<FunctionView> functions = {};
    std::string next_marker = {};  // empty: that was all
};

struct FunctionDetails {
    FunctionView view = {};
    model::Tags tags = {};
    std::optional<std::uint32_t> reserved_concurrency = {};
};

struct AccountSettings {
    std::uint32_t concurrent_executions = 0;  // at most
    std::uint32_t unreserved_concurrent_executions = 0;
    std::uint64_t total_code_bytes = 0;
    std::uint64_t function_count = 0;
};

}  // namespace meridian::control
