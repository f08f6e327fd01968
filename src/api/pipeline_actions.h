#pragma once
// Meridian's own API of pipelines, REST-JSON under /meridian/v1/pipelines
// (docs/operating/pipelines.md), guarded by CodePipeline's actions:
//
//   GET    pipelines                       POST pipelines {Name, Repository, Branch?}
//   GET    pipelines/NAME                  DELETE pipelines/NAME
//   GET    pipelines/NAME/executions       POST …/executions {Commit?}: starts one
//   GET    pipelines/NAME/executions/N     GET …/executions/N/log?cursor=
//   POST   …/executions/N/approve {Message?}, …/reject {Message?}, …/abort {Message?}, …/rerun
//   POST   …/executions/N/events {Event, Stage?, Message?, Output?}: what a runner tells
//
// Threads: the region's executor. Everything by reference outlives the call.

#include "api/authorizer.h"
#include "base/http_message.h"
#include "pipeline/pipelines.h"
#include "telemetry/log_store.h"

namespace meridian::api {

inline constexpr std::string_view kPipelinesPath = "/meridian/v1/pipelines";

// The log group of an account's pipelines; an execution is a stream: "shop:3".
inline constexpr std::string_view kPipelineLogGroup = "/meridian/pipelines";

struct PipelineCall {
    pipeline::Pipelines& pipelines;
    telemetry::LogStore& logs;
    auth::Caller caller;
    RequestOrigin origin;
    HttpRequest request;
};

// Errors: kUnknownOperation; kAccessDenied; those of Pipelines.
io::Task<HttpResponse> serve_pipelines(Authorizer& authorizer, PipelineCall call);

// Whom an execution runs as; git's log of references has the same words. A user id of "-" is one
// whose credentials say less than whose they are (a session policy): nothing may run with more.
[[nodiscard]] pipeline::StartedBy started_by(auth::Caller const& caller);

}  // namespace meridian::api
