#pragma once
// Whether a caller may do what a request asks: the caller's own policies, and those of the
// resource. Stands between a decoded request and its action.
//
// Threads: belongs to its region's executor.

#include <string>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "api/accessed_resource.h"
#include "base/clock.h"
#include "control/control_plane.h"
#include "iam/authority.h"
#include "io/task.h"

namespace meridian::api {

// Where a request comes from.
struct RequestOrigin {
    std::string peer_address = {};  // aws:SourceIp; empty: the request has none
    std::string user_agent = {};
};

class Authorizer {
  public:
    // Everything here outlives it.
    struct Parts {
        control::ControlPlane& control;
        iam::Directory const& directory;
        iam::Authority const& authority;
        Clock const& clock;
    };
    explicit Authorizer(Parts parts) : parts_(parts) {}

    // `caller`, `input` and `origin` must outlive the call. The account whose resources the request
    // is about: the caller's own, or one that lets the caller in. Errors: kAccessDenied with AWS's
    // text; kUnrecognizedClient where temporary credentials are not good for the operation.
    io::Task<model::AccountId> authorize(auth::Caller const& caller,
                                         wire::Operation const& operation,
                                         nlohmann::json const& input, RequestOrigin const& origin);

    // Whether a function URL answers `caller`, who is nobody where its AuthType is NONE. All three
    // must outlive the call. kAccessDenied.
    io::Task<> authorize_url(auth::Caller const& caller, control::PublishedUrl const& url,
                             RequestOrigin const& origin);

    // Whether the caller may do Meridian's own `action` ("meridian:PutTestEvent") with a function.
    Result<void> authorize_function(auth::Caller const& caller, std::string_view action,
                                    model::FunctionName const& name, RequestOrigin const& origin);
    // Whether the caller may do `action` ("meridian:Restore") with the region's vault.
    Result<void> authorize_vault(auth::Caller const& caller, std::string_view action,
                                 RequestOrigin const& origin);

    // The same with a git repository; `name` empty: with all of them.
    Result<void> authorize_repository(auth::Caller const& caller, std::string_view action,
                                      std::string_view name, RequestOrigin const& origin);

    // The same with a pipeline; `name` empty: with all of them.
    Result<void> authorize_pipeline(auth::Caller const& caller, std::string_view action,
                                    std::string_view name, RequestOrigin const& origin);
    // The same for our own resources ("rollout/d-0123ABCDE", "stack/shop").
    Result<void> authorize_own(auth::Caller const& caller, std::string_view action,
                               std::string_view resource, RequestOrigin const& origin) const;
    // The same for a deployment's hooks, which belong to no deployment group here: resource
    // "deploymentgroup:*".
    Result<void> authorize_code_deploy(auth::Caller const& caller, std::string_view action,
                                       RequestOrigin const& origin) const;

    // The same for reading a function's log group.
    [[nodiscard]] Result<void> authorize_logs(auth::Caller const& caller,
                                              std::string_view log_group,
                                              RequestOrigin const& origin);

    // aws:SourceIp, aws:CurrentTime, … and what describes the caller.
    void describe(auth::Caller const& caller, RequestOrigin const& origin,
                  policy::RequestContext& context) const;

  private:
    [[nodiscard]] Result<void> authorize_named(auth::Caller const& caller, std::string_view action,
                                               std::string_view service, std::string_view name,
                                               RequestOrigin const& origin) const;
    [[nodiscard]] Result<void> authorize_on(auth::Caller const& caller, std::string_view action,
                                            std::string const& arn,
                                            RequestOrigin const& origin) const;
    // Null where there is none, or none that can be read.
    [[nodiscard]] policy::Document const* resource_policy(AccessedResource const& resource);
    // What else the operation needs: to pass a role, to read layers, to tag.
    [[nodiscard]] Result<void> check_further(auth::Caller const& caller,
                                             wire::Operation const& operation,
                                             AccessedResource const& resource,
                                             nlohmann::json const& input,
                                             policy::RequestContext& context) const;
    io::Task<> add_resource_tags(auth::Caller const& caller, AccessedResource const& resource,
                                 policy::RequestContext& context);

    Parts const parts_;
    // Of resource policies, by their text.
    std::unordered_map<std::string, policy::Document> compiled_;
};

}  // namespace meridian::api
