#pragma once
// AWS Signature Version 4 as pure functions: canonical request, string to sign, signature, in the
// header and in the presigned-query form. Used to verify (auth/) and to sign (the CLI,
// GetFunction's code links). Source: "Signature Version 4 signing process" in the AWS General
// Reference. Any thread.

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/http_message.h"
#include "crypto/sha256.h"

namespace meridian::wire::sigv4 {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
// SHA-256 of nothing.
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Scope {
    std::string_view date;  // "20240101"
    std::string_view region;
    std::string_view service;
};

// How a service reads a path: all but S3 encode it twice and resolve "." and "..".
struct PathRules {
    bool double_encode = true;
    bool normalize = true;
};

// `path` as on the request line.
[[nodiscard]] std::string canonical_path(std::string_view path, PathRules rules = {});
// Sorted and encoded anew; X-Amz-Signature is left out.
[[nodiscard]] std::string canonical_query(std::string_view query);

// `signed_headers` is the list "host;x-amz-date" in the order of the request.
[[nodiscard]] std::string canonical_request(HttpRequest const& request,
                                            std::string_view signed_headers,
                                            std::string_view payload_hash, PathRules rules = {});

[[nodiscard]] std::string string_to_sign(std::string_view amz_date, Scope const& scope,
                                         std::string_view canonical_request);

[[nodiscard]] crypto::Sha256Digest signing_key(std::string_view secret_access_key,
                                               Scope const& scope);

struct Credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token = {};
};

struct SigningOptions {
    std::string region;
    std::string service;
    WallTime time;
    PathRules path_rules = {};
    bool sign_body_header = false;  // adds x-amz-content-sha256
    // The token is added after signing and is not part of the signature (some services want it so).
    bool omit_session_token = false;
};

// Adds X-Amz-Date, X-Amz-Security-Token and Authorization. Every header that is there is signed but
// for Authorization, Connection, User-Agent, Expect and X-Amzn-Trace-Id; Host must be there.
void sign_request(HttpRequest& request, Credentials const& credentials,
                  SigningOptions const& options);

// The request's target with the presigning parameters: whoever has it may send the request until
// `lifetime` is over. Signs every header that is there (normally Host alone).
[[nodiscard]] std::string presigned_target(HttpRequest const& request,
                                           Credentials const& credentials,
                                           SigningOptions const& options,
                                           std::chrono::seconds lifetime,
                                           std::string_view payload_hash = kEmptyPayloadHash);

}  // namespace meridian::wire::sigv4
