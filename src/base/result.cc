#include "base/result.h"

namespace meridian {

std::string_view name_of(Errc code) noexcept {
    switch (code) {
        case Errc::kInvalidParameterValue:
            return "kInvalidParameterValue";
        case Errc::kValidation:
            return "kValidation";
        case Errc::kSerialization:
            return "kSerialization";
        case Errc::kResourceNotFound:
            return "kResourceNotFound";
        case Errc::kResourceConflict:
            return "kResourceConflict";
        case Errc::kPreconditionFailed:
            return "kPreconditionFailed";
        case Errc::kRequestTooLarge:
            return "kRequestTooLarge";
        case Errc::kCodeStorageExceeded:
            return "kCodeStorageExceeded";
        case Errc::kInvalidRequestContent:
            return "kInvalidRequestContent";
        case Errc::kUnsupportedMediaType:
            return "kUnsupportedMediaType";
        case Errc::kInvalidZipFile:
            return "kInvalidZipFile";
        case Errc::kInvalidRuntime:
            return "kInvalidRuntime";
        case Errc::kTooManyRequests:
            return "kTooManyRequests";
        case Errc::kEntityAlreadyExists:
            return "kEntityAlreadyExists";
        case Errc::kNoSuchEntity:
            return "kNoSuchEntity";
        case Errc::kDeleteConflict:
            return "kDeleteConflict";
        case Errc::kMalformedPolicyDocument:
            return "kMalformedPolicyDocument";
        case Errc::kLimitExceeded:
            return "kLimitExceeded";
        case Errc::kAccessDenied:
            return "kAccessDenied";
        case Errc::kMissingAuthentication:
            return "kMissingAuthentication";
        case Errc::kIncompleteSignature:
            return "kIncompleteSignature";
        case Errc::kUnrecognizedClient:
            return "kUnrecognizedClient";
        case Errc::kInvalidSignature:
            return "kInvalidSignature";
        case Errc::kExpiredToken:
            return "kExpiredToken";
        case Errc::kUnknownOperation:
            return "kUnknownOperation";
        case Errc::kNotImplemented:
            return "kNotImplemented";
        case Errc::kConflict:
            return "kConflict";
        case Errc::kOutcomeUnknown:
            return "kOutcomeUnknown";
        case Errc::kUnavailable:
            return "kUnavailable";
        case Errc::kCancelled:
            return "kCancelled";
        case Errc::kDeadlineExceeded:
            return "kDeadlineExceeded";
        case Errc::kCorrupt:
            return "kCorrupt";
        case Errc::kIo:
            return "kIo";
        case Errc::kInternal:
            return "kInternal";
    }
    return "?";
}

}  // namespace meridian
