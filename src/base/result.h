#pragma once
// How an expected failure travels: Result<T> is a value or an Error. Exceptions are for what should
// never happen; they end the operation.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace meridian {

// One code for each thing that some caller treats differently; everything else is message. The wire
// layer alone turns a code into an AWS exception name and an HTTP status.
enum class Errc {
    kInvalidParameterValue,  // InvalidParameterValueException: the value breaks a rule of the
                             // service
    // The same from parts of the service whose bodies have no Type (recorded).
    kInvalidParameterValueWithoutType,
    kValidation,        // ValidationException: the value breaks a constraint of the API model
    kSerialization,     // SerializationException: a member has the wrong JSON type
    kResourceNotFound,  // ResourceNotFoundException
    kResourceNotFoundWithoutType,
    kResourceConflict,       // ResourceConflictException: exists already, or is in the wrong state
    kPreconditionFailed,     // PreconditionFailedException: RevisionId
    kRequestTooLarge,        // RequestEntityTooLargeException / RequestTooLargeException
    kCodeStorageExceeded,    // CodeStorageExceededException
    kInvalidRequestContent,  // InvalidRequestContentException: the payload is not JSON
    kUnsupportedMediaType,   // UnsupportedMediaTypeException
    kInvalidZipFile,         // InvalidZipFileException: stored code cannot be used
    kInvalidRuntime,         // InvalidRuntimeException: the runtime is not installed here
    kTooManyRequests,        // TooManyRequestsException; Error::reason holds its Reason
    kEntityAlreadyExists,    // IAM EntityAlreadyExists
    kNoSuchEntity,           // IAM NoSuchEntity
    kDeleteConflict,         // IAM DeleteConflict
    kMalformedPolicyDocument,  // IAM MalformedPolicyDocument
    kLimitExceeded,            // IAM LimitExceeded: a quota of the account
    kAliasLimitExceeded,       // AliasLimitExceededException
    kPolicyLengthExceeded,  // PolicyLengthExceededException: a resource policy of more than 20 KB
    kProvisionedConcurrencyConfigNotFound,  // ProvisionedConcurrencyConfigNotFoundException
    kCodeSigningConfigNotFound,             // CodeSigningConfigNotFoundException
    kCodeVerificationFailed,  // CodeVerificationFailedException: unsigned code where signatures are
                              // enforced
    kInvalidCodeSignature,    // InvalidCodeSignatureException
    kResourceInUse,           // ResourceInUseException: an event source mapping is being changed
    kUnmodifiableEntity,      // IAM UnmodifiableEntity
    kPolicyNotAttachable,     // IAM PolicyNotAttachable
    kPackedPolicyTooLarge,    // STS PackedPolicyTooLarge: a session policy
    kAccessDenied,            // AccessDeniedException
    kMissingAuthentication,   // MissingAuthenticationTokenException
    kIncompleteSignature,     // IncompleteSignatureException
    kUnrecognizedClient,      // UnrecognizedClientException: unknown key or token
    kInvalidSignature,        // InvalidSignatureException: wrong, or outside the clock skew
    kExpiredToken,            // ExpiredTokenException
    kUnknownOperation,        // no such path
    kNotImplemented,          // known to AWS, not to this version of Meridian: 501
    kConflict,                // the store's optimistic check failed: read again and decide again
    kOutcomeUnknown,          // the write may have happened
    kUnavailable,             // a part that is needed is not there now
    kCancelled,               // the operation was stopped on purpose
    kDeadlineExceeded,        // the time given for it is over
    kCorrupt,                 // stored bytes do not match their hash or format
    kIo,                      // the operating system or a library refused
    kInternal,                // a bug of ours
};

// The name of a code as it stands in logs ("kIo").
[[nodiscard]] std::string_view name_of(Errc code) noexcept;

struct [[nodiscard]] Error {
    Errc code = Errc::kInternal;
    std::string message;
    // A machine-readable detail where the wire form has one: TooManyRequestsException's Reason.
    std::string reason = {};

    bool operator==(Error const&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message) {
    return std::unexpected(Error{code, std::move(message), {}});
}

}  // namespace meridian

#define MERIDIAN_CONCAT_INNER(a, b) a##b
#define MERIDIAN_CONCAT(a, b) MERIDIAN_CONCAT_INNER(a, b)

#define MERIDIAN_TRY_IMPL(temporary, declaration, expression, return_keyword)                 \
    auto temporary = (expression);                                                            \
    if (!temporary.has_value()) return_keyword std::unexpected(std::move(temporary).error()); \
    declaration = std::move(temporary).value()

#define MERIDIAN_CHECK_IMPL(temporary, expression, return_keyword) \
    auto temporary = (expression);                                 \
    if (!temporary.has_value()) return_keyword std::unexpected(std::move(temporary).error())

// MERIDIAN_TRY(auto v, f()): declares v as the value of f(), or returns f()'s error.
#define MERIDIAN_TRY(declaration, expression) \
    MERIDIAN_TRY_IMPL(MERIDIAN_CONCAT(try_, __LINE__), declaration, (expression), return)
// MERIDIAN_CO_TRY(auto v, co_await g()): the same in a coroutine.
#define MERIDIAN_CO_TRY(declaration, expression) \
    MERIDIAN_TRY_IMPL(MERIDIAN_CONCAT(try_, __LINE__), declaration, (expression), co_return)
// The same for Result<void>.
#define MERIDIAN_CHECK(expression) \
    MERIDIAN_CHECK_IMPL(MERIDIAN_CONCAT(check_, __LINE__), (expression), return)
#define MERIDIAN_CO_CHECK(expression) \
    MERIDIAN_CHECK_IMPL(MERIDIAN_CONCAT(check_, __LINE__), (expression), co_return)
