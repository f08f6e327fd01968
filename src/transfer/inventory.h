#pragma once
// What functions, and everything that they need, are: in one normal form, wherever it was read
// (a Lambda endpoint, a folder) and wherever it goes. Values; any thread.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace meridian::transfer {

// Stands for a function without a qualifier.
inline constexpr char const* kLatest = "$LATEST";

// Something that the other side did not say.
struct Untold {
    std::string what;  // "GetFunctionRecursionConfig"
    std::string of;    // "function hello"
    std::string reason;

    bool operator==(Untold const&) const = default;
};

// A package, by where it was found and what it must be.
struct CodeRef {
    std::string arn;        // of the function (unqualified) or of the layer version, at its source
    std::string qualifier;  // "3" or $LATEST; empty for layers
    std::string sha256;     // base64, as CodeSha256 has it

    bool operator==(CodeRef const&) const = default;
};

struct FunctionRecord {
    std::string arn;         // unqualified; its last part is the name
    std::string source_arn;  // the same before anything was renamed
    // Configurations in normal form (normal_form.h).
    nlohmann::json latest = nlohmann::json::object();
    std::map<std::uint64_t, nlohmann::json> versions = {};
    // What hangs under the function; each member is absent where there is none of it:
    //   Aliases            {NAME: {FunctionVersion, Description, RoutingConfig}}
    //   Policies           {QUALIFIER: [statement without Resource]}
    //   FunctionUrls       {QUALIFIER: {AuthType, InvokeMode, Cors}}
    //   EventInvokeConfigs {QUALIFIER: {MaximumRetryAttempts, …}}
    //   ProvisionedConcurrency, RuntimeManagement  {QUALIFIER: …}
    //   ReservedConcurrency, RecursiveLoop, CodeSigningConfigArn, Tags
    //   EventSourceMappings [{…, Qualifier, Enabled, Tags, UUID}]
    nlohmann::json parts = nlohmann::json::object();

    [[nodiscard]] std::string name() const;
};

struct LayerVersionRecord {
    std::string arn;  // with its number
    std::string source_arn;
    // Description, CompatibleRuntimes, CompatibleArchitectures, LicenseInfo, CodeSha256; Policy is
    // its statements without Resource.
    nlohmann::json properties = nlohmann::json::object();

    [[nodiscard]] std::string layer() const;
    [[nodiscard]] std::uint64_t number() const;
};

struct Inventory {
    std::string region;
    std::string account;
    std::vector<FunctionRecord> functions = {};   // by name
    std::vector<LayerVersionRecord> layers = {};  // by name, then number
    // By ARN. Roles: Path, AssumeRolePolicyDocument, Description, MaxSessionDuration,
    // PermissionsBoundary, Tags, InlinePolicies {name: document}, ManagedPolicies [ARN].
    std::map<std::string, nlohmann::json> roles = {};
    // Customer-managed: Path, Description, PolicyDocument, Tags.
    std::map<std::string, nlohmann::json> policies = {};
    std::map<std::string, nlohmann::json> code_signing_configs = {};
    std::vector<Untold> untold = {};
};

// The text after the last '/' or ':'.
[[nodiscard]] std::string last_part(std::string const& arn);

// The API that both AWS and Meridian speak says nothing of these, wherever it is asked.
[[nodiscard]] std::vector<std::string> const& never_told();
// `untold`, the same reason for several things in one line, and never_told().
[[nodiscard]] std::string untold_text(std::vector<Untold> const& untold);
[[nodiscard]] nlohmann::json untold_json(std::vector<Untold> const& untold);

}  // namespace meridian::transfer
