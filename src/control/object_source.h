#pragma once
// Where packages come from that a request names instead of bringing them along.

#include <cstddef>
#include <string>

#include "io/task.h"

namespace meridian::control {

// S3Bucket, S3Key, S3ObjectVersion.
struct S3Object {
    std::string bucket = {};
    std::string key = {};
    std::string version = {};  // empty: the newest

    bool operator==(S3Object const&) const = default;
};

// Threads: the region's executor.
class ObjectSource {
  public:
    virtual ~ObjectSource() = default;
    // The whole object. Errors: kInvalidParameterValue with AWS's text for what S3 answers;
    // kRequestTooLarge beyond `bytes_max`; kTooManyRequests; kUnavailable.
    virtual io::Task<std::string> get(S3Object object, std::size_t bytes_max) = 0;
};

// Of a server that was not told of any.
class NoObjectSource final : public ObjectSource {
  public:
    io::Task<std::string> get(S3Object, std::size_t) override {
        co_return fail(Errc::kInvalidParameterValue,
                       "Code from an S3 bucket needs an S3 endpoint, and this server was started "
                       "without one (AWS_ENDPOINT_URL_S3).");
    }
};

}  // namespace meridian::control
