#pragma once
// Meridian's own API of a region's git repositories, REST-JSON under /meridian/v1/repositories
// (docs/operating/git.md), guarded by CodeCommit's actions:
//
//   GET    repositories                    POST repositories {Name, DenyForcePush?}
//   GET    repositories/NAME               DELETE repositories/NAME
//   GET    repositories/NAME/package?commit=ID&folder=PATH   a zip of that folder
//   GET    repositories/NAME/file?commit=ID&path=PATH        (both codecommit:GitPull)
//
// Threads: the region's executor. Everything by reference outlives the call.

#include <string>

#include "api/authorizer.h"
#include "base/http_message.h"
#include "repositories/repositories.h"

namespace meridian::api {

inline constexpr std::string_view kRepositoriesPath = "/meridian/v1/repositories";

struct RepositoryCall {
    repositories::Repositories& repositories;
    auth::Caller caller;
    RequestOrigin origin;
    HttpRequest request;
    std::string endpoint;  // "http://127.0.0.1:4600": clone URLs begin with it
};

// Errors: kUnknownOperation; kAccessDenied; those of Repositories.
io::Task<HttpResponse> serve_repositories(Authorizer& authorizer, RepositoryCall call);

}  // namespace meridian::api
