#pragma once
// POST /2015-03-31/functions/{FunctionName}/invocations: decode, check, run, encode.

#include "auth/sigv4_verifier.h"
#include "base/http_message.h"
#include "invoke/invoker.h"
#include "io/task.h"
#include "wire/api_model.h"

namespace meridian::api {

// The payload is HttpRequest::body, byte for byte. Errors are the service's; a function's failure
// is an answer.
io::Task<HttpResponse> invoke_function(invoke::Invoker& invoker, model::RegionName region,
                                       auth::Caller caller, model::RequestId request_id,
                                       wire::RouteMatch route, HttpRequest request);

}  // namespace meridian::api
