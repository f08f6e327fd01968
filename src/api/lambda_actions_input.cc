#include "api/lambda_actions_input.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "model/limits.h"
#include "wire/arn.h"

namespace meridian::api {

namespace {

using nlohmann::json;

constexpr char const* kFunctionsOnly =
    "This operation is permitted on Lambda functions only. Aliases and versions do not support "
    "this operation. Please "
    "specify either a function name or an unqualified function ARN.";

std::string text(json const& object, char const* member) {
    auto const found = object.find(member);
    return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

bool has_content(json const& object, char const* member) {
    auto const found = object.find(member);
    if (found == object.end() || found->is_null()) return false;
    if (found->is_string()) return !found->get_ref<std::string const&>().empty();
    if (found->is_array() || found->is_object()) return !found->empty();
    return true;
}

// The reference's own region and account, where it names them, must be this request's.
Result<void> check_reachable(ActionContext const& context, wire::FunctionReference const& reference,
                             std::string_view operation) {
    if (reference.region && *reference.region != context.region) {
        return fail(Errc::kResourceNotFound,
                    fmt::format("Functions from '{}' are not reachable in this region ('{}')",
                                reference.region->value(), context.region.value()));
    }
    if (reference.account && *reference.account != context.account) {
        return fail(
            Errc::kAccessDenied,
            fmt::format(
                "User: {} is not authorized to perform: lambda:{} on resource: {} because no "
                "resource-based policy allows the lambda:{} action",
                context.caller.arn, operation,
                wire::function_arn(context.region, *reference.account, reference.name,
                                   reference.qualifier),
                operation));
    }
    return {};
}

Result<wire::FunctionReference> read_reference(ActionContext const& context, json const& input,
                                               std::string_view operation) {
    MERIDIAN_TRY(auto reference, wire::parse_function_reference(text(input, "FunctionName")));
    MERIDIAN_CHECK(check_reachable(context, reference, operation));
    return reference;
}

// Members whose every content is beyond this version, with what they are called.
struct Refusal {
    char const* member;
    char const* name;
};
constexpr Refusal kRefusedWithContent[] = {
    {"FileSystemConfigs", "FileSystemConfigs"},
    {"ImageConfig", "ImageConfig"},
    {"KMSKeyArn", "KMSKeyArn"},
    {"CodeSigningConfigArn", "CodeSigningConfigArn"},
    {"DurableConfig", "DurableConfig"},
    {"TenancyConfig", "TenancyConfig"},
    {"CapacityProviderConfig", "CapacityProviderConfig"},
    {"PublishTo", "PublishTo"},
};

Result<void> read_logging(json const& logging, control::SettingsChange& change) {
    if (text(logging, "LogFormat") == "JSON")
        return unsupported("LoggingConfig with LogFormat JSON");
    if (has_content(logging, "ApplicationLogLevel"))
        return unsupported("LoggingConfig with ApplicationLogLevel");
    if (has_content(logging, "SystemLogLevel"))
        return unsupported("LoggingConfig with SystemLogLevel");
    if (has_content(logging, "LogGroup")) change.log_group = text(logging, "LogGroup");
    return {};
}

Result<void> refuse_unsupported(json const& input) {
    for (auto const& refusal : kRefusedWithContent) {
        if (has_content(input, refusal.member)) return unsupported(refusal.name);
    }
    // DurableConfig asks for a durable function even where it is empty.
    if (input.contains("DurableConfig")) return unsupported("DurableConfig");
    if (text(input, "PackageType") == "Image") return unsupported("PackageType Image");
    if (input.contains("DeadLetterConfig") && has_content(input["DeadLetterConfig"], "TargetArn")) {
        return unsupported("DeadLetterConfig with a TargetArn");
    }
    if (input.contains("TracingConfig") && text(input["TracingConfig"], "Mode") == "Active") {
        return unsupported("TracingConfig with Mode Active");
    }
    if (input.contains("SnapStart") && text(input["SnapStart"], "ApplyOn") == "PublishedVersions") {
        return unsupported("SnapStart with ApplyOn PublishedVersions");
    }
    if (input.contains("VpcConfig")) {
        auto const& vpc = input["VpcConfig"];
        if (has_content(vpc, "SubnetIds") || has_content(vpc, "SecurityGroupIds")) {
            return unsupported("VpcConfig with subnets or security groups");
        }
        if (vpc.value("Ipv6AllowedForDualStack", false))
            return unsupported("VpcConfig with Ipv6AllowedForDualStack");
    }
    return {};
}

}  // namespace

std::unexpected<Error> unsupported(std::string_view what) {
    return fail(Errc::kInvalidParameterValue,
                fmt::format("{} is not supported by this version of Meridian.", what));
}

std::optional<model::RevisionId> read_revision_id(json const& input) {
    auto id = text(input, "RevisionId");
    if (id.empty()) return std::nullopt;
    return model::RevisionId(std::move(id));
}

Result<control::FunctionAndQualifier> read_function_and_qualifier(ActionContext const& context,
                                                                  json const& input,
                                                                  std::string_view operation) {
    MERIDIAN_TRY(auto reference, read_reference(context, input, operation));
    auto const qualifier = text(input, "Qualifier");
    if (!qualifier.empty()) {
        if (reference.qualifier && reference.qualifier->value() != qualifier) {
            return fail(Errc::kInvalidParameterValue,
                        "The derived qualifier from the function name does not match the specified "
                        "qualifier.");
        }
        reference.qualifier = model::Qualifier(qualifier);
    }
    return control::FunctionAndQualifier{reference.name, reference.qualifier};
}

Result<model::FunctionName> read_function(ActionContext const& context, json const& input,
                                          std::string_view operation) {
    MERIDIAN_TRY(auto reference, read_reference(context, input, operation));
    if (reference.qualifier && reference.qualifier->value() != model::kLatest) {
        return fail(Errc::kInvalidParameterValue, kFunctionsOnly);
    }
    return reference.name;
}

Result<model::FunctionName> read_unqualified_function(ActionContext const& context,
                                                      json const& input,
                                                      std::string_view operation) {
    MERIDIAN_TRY(auto reference, read_reference(context, input, operation));
    if (reference.qualifier) return fail(Errc::kInvalidParameterValue, kFunctionsOnly);
    return reference.name;
}

Result<model::FunctionName> read_new_function_name(ActionContext const& context,
                                                   json const& input) {
    return read_unqualified_function(context, input, "CreateFunction");
}

Result<control::SettingsChange> read_settings(json const& input) {
    MERIDIAN_CHECK(refuse_unsupported(input));
    control::SettingsChange change;
    auto const set_text = [&](char const* member, std::optional<std::string>& to) {
        if (input.contains(member)) to = text(input, member);
    };
    set_text("Description", change.description);
    set_text("Runtime", change.runtime);
    set_text("Handler", change.handler);
    set_text("Role", change.role_arn);
    if (input.contains("Timeout")) change.timeout_seconds = input["Timeout"].get<int>();
    if (input.contains("MemorySize")) change.memory_mb = input["MemorySize"].get<int>();
    if (input.contains("EphemeralStorage"))
        change.ephemeral_storage_mb = input["EphemeralStorage"].value("Size", 0);
    if (input.contains("Environment")) {
        change.environment = input["Environment"].value("Variables", model::EnvironmentVariables{});
    }
    if (input.contains("LoggingConfig")) {
        MERIDIAN_CHECK(read_logging(input["LoggingConfig"], change));
    }
    change.layer_arns = read_optional<std::vector<std::string>>(input, "Layers");
    change.empty_vpc_config = input.contains("VpcConfig");
    return change;
}

Result<std::string> read_code(json const& code) {
    bool const has_zip = code.contains("ZipFile");
    for (auto const* member : {"S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"}) {
        if (!has_content(code, member)) continue;
        if (has_zip) {
            return fail(
                Errc::kInvalidParameterValue,
                "Please do not provide other FunctionCode parameters when providing a ZipFile.");
        }
        return unsupported(member == std::string_view("ImageUri") ? "Code from an ImageUri"
                                                                  : "Code from an S3 bucket");
    }
    if (text(code, "S3ObjectStorageMode") == "REFERENCE")
        return unsupported("S3ObjectStorageMode REFERENCE");
    if (has_content(code, "SourceKMSKeyArn")) return unsupported("SourceKMSKeyArn");
    if (!has_zip)
        return fail(Errc::kInvalidParameterValue, "Please provide a source for function code.");
    auto bytes = from_base64(code["ZipFile"].get_ref<std::string const&>());
    if (!bytes) {
        return fail(
            Errc::kInvalidParameterValue,
            "Could not unzip uploaded file. Please check your file, then try to upload again.");
    }
    return std::move(*bytes);
}

Result<void> check_architectures(json const& input) {
    auto const found = input.find("Architectures");
    if (found == input.end()) return {};
    for (auto const& architecture : *found) {
        if (architecture != "x86_64")
            return unsupported("Architecture " + architecture.get<std::string>());
    }
    return {};
}

}  // namespace meridian::api
