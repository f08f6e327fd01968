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

}  // namespace

bool has_content(json const& object, char const* member) {
    auto const found = object.find(member);
    if (found == object.end() || found->is_null()) return false;
    if (found->is_string()) return !found->get_ref<std::string const&>().empty();
    if (found->is_array() || found->is_object()) return !found->empty();
    return true;
}

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

Result<control::PackageInput> read_code(json const& code) {
    bool const has_zip = code.contains("ZipFile");
    for (auto const* member : {"S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"}) {
        if (!has_zip || !has_content(code, member)) continue;
        return fail(
            Errc::kInvalidParameterValue,
            "Please do not provide other FunctionCode parameters when providing a ZipFile.");
    }
    if (has_content(code, "ImageUri")) return unsupported("Code from an ImageUri");
    if (text(code, "S3ObjectStorageMode") == "REFERENCE")
        return unsupported("S3ObjectStorageMode REFERENCE");
    if (has_content(code, "SourceKMSKeyArn")) return unsupported("SourceKMSKeyArn");
    if (has_content(code, "S3Bucket") && has_content(code, "S3Key")) {
        return control::PackageInput{
            .s3_object = control::S3Object{.bucket = text(code, "S3Bucket"),
                                           .key = text(code, "S3Key"),
                                           .version = text(code, "S3ObjectVersion")}};
    }
    if (!has_zip)
        return fail(Errc::kInvalidParameterValue, "Please provide a source for function code.");
    auto bytes = from_base64(code["ZipFile"].get_ref<std::string const&>());
    if (!bytes) {
        return fail(
            Errc::kInvalidParameterValue,
            "Could not unzip uploaded file. Please check your file, then try to upload again.");
    }
    return control::PackageInput{.zip_bytes = std::move(*bytes)};
}

}  // namespace meridian::api
