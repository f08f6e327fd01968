#pragma once
// Code.Location of GetFunction and Content.Location of GetLayerVersion: a link to a package that
// anybody may follow for ten minutes. It is a URL on our own endpoint, presigned as S3's are, with
// a key of this region that nothing else uses:
//
//   http://HOST/_code/REGION/ACCOUNT/NAME-UUID?versionId=SHA256HEX&X-Amz-Algorithm=…&X-Amz-Signature=…
//
// The link names the package by its hash, so that what it gives never changes. Errors are S3's XML.
// Owned by the API front of a region. Pure but for the clock; any thread.

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/http_message.h"
#include "base/result.h"
#include "io/task.h"
#include "model/names.h"

namespace meridian::control {
class ControlPlane;
}

namespace meridian::api {

struct CodePackageName {
    model::AccountId account;
    std::string name;  // the function or layer
    model::CodeSha256 sha256;
};

// S3's way to refuse.
struct CodeLocationError {
    int status = 403;
    std::string code;  // "AccessDenied"
    std::string message;
    std::string details = {};  // more XML elements
};

class CodeLocations {
  public:
    // `secret` is the region's own; the signing key is derived from it and never equals it.
    CodeLocations(Clock const& clock, model::RegionName region, std::string_view secret);

    // `endpoint` is scheme and authority, "http://127.0.0.1:8443": the Host that the link will be
    // asked with.
    [[nodiscard]] std::string link(std::string_view endpoint, CodePackageName const& package) const;

    // Whether a request is for a code link at all, and for which region's.
    [[nodiscard]] static bool is_code_path(std::string_view path) noexcept;
    [[nodiscard]] static std::optional<model::RegionName> region_of(std::string_view path);

    // The package that a valid, unexpired link names.
    [[nodiscard]] std::expected<model::CodeSha256, CodeLocationError> verify(
        HttpRequest const& request) const;

    // The answer to a request on a code link: the package's bytes, or S3's error.
    asio::awaitable<HttpResponse> serve(control::ControlPlane& control, HttpRequest request,
                                        model::RequestId request_id) const;

  private:
    Clock const& clock_;
    model::RegionName region_;
    std::string key_;
};

}  // namespace meridian::api
