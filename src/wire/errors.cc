#include "wire/errors.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wire/xml.h"

namespace meridian::wire {
namespace {

using Fault = ErrorForm::Fault;

struct Row {
    Errc code;
    ErrorForm lambda;
    // IAM and STS: the code in the XML and its status.
    std::string_view query_code;
    int query_status;
};

// Lambda's names, statuses and spellings are the API model's where it has the shape (errors_test.cc
// compares); the front end's own (validation, signing, size) are from recorded answers.
constexpr Row kRows[] = {
    {Errc::kInvalidParameterValue,
     {"InvalidParameterValueException", 400, Fault::kUser, "message"},
     "InvalidInput",
     400},
    {Errc::kInvalidParameterValueWithoutType,
     {"InvalidParameterValueException", 400, Fault::kUserWithoutType, "message"},
     "InvalidInput",
     400},
    {Errc::kValidation,
     {"ValidationException", 400, Fault::kUserWithoutType, "message"},
     "ValidationError",
     400},
    {Errc::kSerialization,
     {"SerializationException", 400, Fault::kUserWithoutType, "Message"},
     "MalformedInput",
     400},
    {Errc::kResourceNotFound,
     {"ResourceNotFoundException", 404, Fault::kUser, "Message"},
     "NoSuchEntity",
     404},
    {Errc::kResourceNotFoundWithoutType,
     {"ResourceNotFoundException", 404, Fault::kUserWithoutType, "Message"},
     "NoSuchEntity",
     404},
    {Errc::kResourceConflict,
     {"ResourceConflictException", 409, Fault::kUser, "message"},
     "ConcurrentModification",
     409},
    {Errc::kPreconditionFailed,
     {"PreconditionFailedException", 412, Fault::kUser, "message"},
     "ConcurrentModification",
     409},
    {Errc::kRequestTooLarge,
     {"RequestEntityTooLargeException", 413, Fault::kUser, "message"},
     "RequestEntityTooLarge",
     413},
    {Errc::kCodeStorageExceeded,
     {"CodeStorageExceededException", 400, Fault::kUser, "message"},
     "LimitExceeded",
     409},
    {Errc::kInvalidRequestContent,
     {"InvalidRequestContentException", 400, Fault::kUser, "message"},
     "MalformedInput",
     400},
    {Errc::kUnsupportedMediaType,
     {"UnsupportedMediaTypeException", 415, Fault::kUser, "message"},
     "MalformedInput",
     400},
    {Errc::kInvalidZipFile,
     {"InvalidZipFileException", 502, Fault::kService, "Message"},
     "ServiceFailure",
     500},
    {Errc::kInvalidRuntime,
     {"InvalidRuntimeException", 502, Fault::kService, "Message"},
     "ServiceFailure",
     500},
    {Errc::kTooManyRequests,
     {"TooManyRequestsException", 429, Fault::kUser, "message"},
     "Throttling",
     400},
    {Errc::kEntityAlreadyExists,
     {"ResourceConflictException", 409, Fault::kUser, "message"},
     "EntityAlreadyExists",
     409},
    {Errc::kNoSuchEntity,
     {"ResourceNotFoundException", 404, Fault::kUser, "Message"},
     "NoSuchEntity",
     404},
    {Errc::kDeleteConflict,
     {"ResourceConflictException", 409, Fault::kUser, "message"},
     "DeleteConflict",
     409},
    {Errc::kMalformedPolicyDocument,
     {"InvalidParameterValueException", 400, Fault::kUser, "message"},
     "MalformedPolicyDocument",
     400},
    {Errc::kLimitExceeded,
     {"InvalidParameterValueException", 400, Fault::kUser, "message"},
     "LimitExceeded",
     409},
    {Errc::kAliasLimitExceeded,
     {"AliasLimitExceededException", 400, Fault::kUser, "message"},
     "LimitExceeded",
     409},
    {Errc::kPolicyLengthExceeded,
     {"PolicyLengthExceededException", 400, Fault::kUser, "message"},
     "LimitExceeded",
     409},
    {Errc::kProvisionedConcurrencyConfigNotFound,
     {"ProvisionedConcurrencyConfigNotFoundException", 404, Fault::kUser, "message"},
     "NoSuchEntity",
     404},
    {Errc::kCodeSigningConfigNotFound,
     {"CodeSigningConfigNotFoundException", 404, Fault::kUser, "Message"},
     "NoSuchEntity",
     404},
    {Errc::kCodeVerificationFailed,
     {"CodeVerificationFailedException", 400, Fault::kUser, "Message"},
     "InvalidInput",
     400},
    {Errc::kInvalidCodeSignature,
     {"InvalidCodeSignatureException", 400, Fault::kUser, "Message"},
     "InvalidInput",
     400},
    {Errc::kResourceInUse,
     {"ResourceInUseException", 400, Fault::kUser, "Message"},
     "DeleteConflict",
     409},
    {Errc::kUnmodifiableEntity,
     {"InvalidParameterValueException", 400, Fault::kUser, "message"},
     "UnmodifiableEntity",
     400},
    {Errc::kPolicyNotAttachable,
     {"InvalidParameterValueException", 400, Fault::kUser, "message"},
     "PolicyNotAttachable",
     400},
    {Errc::kPackedPolicyTooLarge,
     {"InvalidParameterValueException", 400, Fault::kUser, "message"},
     "PackedPolicyTooLarge",
     400},
    {Errc::kAccessDenied,
     {"AccessDeniedException", 403, Fault::kUserWithoutType, "Message"},
     "AccessDenied",
     403},
    {Errc::kMissingAuthentication,
     {"MissingAuthenticationTokenException", 403, Fault::kUserWithoutType, "message"},
     "MissingAuthenticationToken",
     403},
    {Errc::kIncompleteSignature,
     {"IncompleteSignatureException", 400, Fault::kUserWithoutType, "message"},
     "IncompleteSignature",
     400},
    {Errc::kUnrecognizedClient,
     {"UnrecognizedClientException", 403, Fault::kUserWithoutType, "message"},
     "InvalidClientTokenId",
     403},
    {Errc::kInvalidSignature,
     {"InvalidSignatureException", 403, Fault::kUserWithoutType, "message"},
     "SignatureDoesNotMatch",
     403},
    {Errc::kExpiredToken,
     {"ExpiredTokenException", 403, Fault::kUserWithoutType, "message"},
     "ExpiredToken",
     403},
    {Errc::kUnknownOperation,
     {"UnknownOperationException", 404, Fault::kUserWithoutType, "message"},
     "InvalidAction",
     400},
    {Errc::kNotImplemented,
     {"NotImplementedException", 501, Fault::kService, "Message"},
     "NotImplemented",
     501},
    {Errc::kConflict,
     {"ResourceConflictException", 409, Fault::kUser, "message"},
     "ConcurrentModification",
     409},
    {Errc::kOutcomeUnknown,
     {"ServiceException", 500, Fault::kService, "Message"},
     "ServiceFailure",
     500},
    {Errc::kUnavailable,
     {"ServiceException", 500, Fault::kService, "Message"},
     "ServiceUnavailable",
     503},
    {Errc::kCancelled,
     {"ServiceException", 500, Fault::kService, "Message"},
     "ServiceUnavailable",
     503},
    {Errc::kDeadlineExceeded,
     {"ServiceException", 500, Fault::kService, "Message"},
     "ServiceUnavailable",
     503},
    {Errc::kCorrupt, {"ServiceException", 500, Fault::kService, "Message"}, "ServiceFailure", 500},
    {Errc::kIo, {"ServiceException", 500, Fault::kService, "Message"}, "ServiceFailure", 500},
    {Errc::kInternal, {"ServiceException", 500, Fault::kService, "Message"}, "ServiceFailure", 500},
};

Row const& row_of(Errc code) {
    auto const* const row = std::ranges::find(kRows, code, &Row::code);
    return row == std::end(kRows) ? std::end(kRows)[-1] : *row;
}

// What failed inside is for the log: it may name files, hosts or other people's data.
bool is_private(Errc code) {
    return code == Errc::kIo || code == Errc::kInternal || code == Errc::kCorrupt;
}

std::string json_string(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HttpResponse lambda_error(ErrorForm const& form, std::string_view message,
                          std::string_view reason) {
    HttpResponse response;
    response.status = form.status;
    response.headers.add("Content-Type", "application/json");
    response.headers.add("x-amzn-ErrorType", std::string(form.name));
    std::string& body = response.body;
    body = "{";
    if (!reason.empty()) body += "\"Reason\":" + json_string(reason) + ",";
    if (form.fault != Fault::kUserWithoutType) {
        body += form.fault == Fault::kUser ? "\"Type\":\"User\"," : "\"Type\":\"Service\",";
    }
    body += "\"" + std::string(form.message_key) + "\":" + json_string(message) + "}";
    return response;
}

HttpResponse query_error(Service service, ErrorForm const& form, std::string_view message,
                         model::RequestId const& request_id) {
    HttpResponse response;
    response.status = form.status;
    response.headers.add("Content-Type", "text/xml");
    XmlWriter xml(response.body);
    xml.open("ErrorResponse", xml_namespace(service));
    xml.open("Error");
    xml.leaf("Type", form.fault == Fault::kService ? "Receiver" : "Sender");
    xml.leaf("Code", form.name);
    xml.leaf("Message", message);
    xml.close("Error");
    xml.leaf("RequestId", request_id.value());
    xml.close("ErrorResponse");
    return response;
}

}  // namespace

ErrorForm error_form(Service service, Errc code) noexcept {
    Row const& row = row_of(code);
    if (service == Service::kLambda) return row.lambda;
    return {row.query_code, row.query_status,
            row.query_status >= 500 ? Fault::kService : Fault::kUser, "Message"};
}

HttpResponse encode_error(Service service, Error const& error, model::RequestId const& request_id) {
    ErrorForm const form = error_form(service, error.code);
    std::string_view const message = is_private(error.code)
                                         ? "The service encountered an internal error."
                                         : std::string_view(error.message);
    auto response = service == Service::kLambda ? lambda_error(form, message, error.reason)
                                                : query_error(service, form, message, request_id);
    response.headers.add("x-amzn-RequestId", request_id.value());
    return response;
}

Error not_implemented(Operation const& operation) {
    return {
        Errc::kNotImplemented,
        fmt::format("The operation {} exists on AWS; this version of Meridian does not have it.",
                    operation.name),
        {}};
}

}  // namespace meridian::wire
