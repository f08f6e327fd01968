#pragma once
// What the data plane asks of the rest; bin/ plugs in the adapters, tests plug in fakes.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/http_message.h"
#include "io/task.h"
#include "io/unique_fd.h"
#include "model/runnable.h"
#include "telemetry/log_event.h"

namespace meridian::invoke {

// What of the account's concurrency a function may use.
struct ConcurrencyShare {
    std::optional<std::uint32_t> reserved = {};  // the function's own, and at most
    std::uint32_t provisioned = 0;               // the version's part of it
    std::uint32_t provisioned_in_function = 0;   // the part of all its versions
    // What all functions have reserved or, if they have not, provisioned.
    std::uint32_t reserved_in_account = 0;
};

class FunctionCatalog {
  public:
    virtual ~FunctionCatalog() = default;
    // No I/O, no waiting.
    [[nodiscard]] virtual ConcurrencyShare concurrency_share(
        model::AccountId const& account, model::FunctionName const& name,
        model::Version const& version) const = 0;
    // The version that `qualifier` (empty: $LATEST) names. Errors: kResourceNotFound with AWS's
    // text. No I/O, no waiting.
    [[nodiscard]] virtual Result<model::RunnableVersionPtr> resolve(
        model::AccountId const& account, model::FunctionName const& name,
        model::Qualifier const& qualifier) = 0;
};

class CodeSource {
  public:
    virtual ~CodeSource() = default;
    // The package's files as a directory (O_PATH).
    virtual io::Task<io::UniqueFd> open_unpacked(model::CodeSha256 sha256) = 0;
    // The files of several over each other, the later ones' winning.
    virtual io::Task<io::UniqueFd> open_merged(std::vector<model::CodeSha256> packages) = 0;
};

// Temporary credentials of a function's execution role.
struct RoleCredentials {
    std::string access_key_id = {};
    std::string secret_access_key = {};
    std::string session_token = {};
};

class RoleCredentialSource {
  public:
    virtual ~RoleCredentialSource() = default;
    // Valid for limits::kRoleCredentialsLifetime. kAccessDenied, with AWS's text, where Lambda may
    // not assume the role. No I/O, no waiting.
    [[nodiscard]] virtual Result<RoleCredentials> assume_role(
        model::RunnableVersion const& function) = 0;
};

// AWS's API of this region and the others of this process, as code in a sandbox calls it.
class RegionApi {
  public:
    virtual ~RegionApi() = default;
    // Outlives every environment. The request's peer address means nothing: it is the sandbox's
    // own.
    virtual asio::awaitable<HttpResponse> handle(HttpRequest request) = 0;
    // For HttpServerOptions.
    [[nodiscard]] virtual std::size_t body_bytes_max(HttpRequest const& head) const = 0;
    [[nodiscard]] virtual HttpResponse refusal(int status, std::string reason) const = 0;
};

class FunctionLogSink {
  public:
    virtual ~FunctionLogSink() = default;
    // Cheap; the events reach the disk later.
    virtual void append(model::AccountId const& account, std::string const& group,
                        std::string const& stream, std::vector<telemetry::LogEvent> events) = 0;
};

}  // namespace meridian::invoke
