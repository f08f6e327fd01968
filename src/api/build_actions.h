#pragma once
// Meridian's own API of builds (docs/operating/builds.md), REST-JSON under /meridian/v1/builds:
//
//   POST   builds             {Source, Method, Runtime, LogicalId, Layer?, Handler?} → {Id}
//   GET    builds/ID?after=N  {State, Log, LogOffset, Error?, CodeSha256?}: waits for news
//   GET    builds/ID/package  {CodeSha256, Zip}
//   DELETE builds/ID          ends it
//
// Threads: the region's executor. Everything by reference outlives the call.

#include "api/authorizer.h"
#include "base/http_message.h"
#include "builds/builds.h"
#include "store/code_store.h"

namespace meridian::api {

struct BuildServices {
    builds::Builds& builds;
    store::CodeStore& code;
};

struct BuildCall {
    BuildServices services;
    auth::Caller caller;
    RequestOrigin origin;
    HttpRequest request;
};

[[nodiscard]] bool is_build_path(std::string_view path);

// Errors: kUnknownOperation, kResourceNotFound, kTooManyRequests, and what the caller did wrong, by
// name.
io::Task<HttpResponse> serve_builds(Authorizer& authorizer, BuildCall call);

}  // namespace meridian::api
