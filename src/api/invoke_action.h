#pragma once
// POST /2015-03-31/functions/{FunctionName}/invocations: decode, check, run, encode. Who may is
// decided before (authorizer.h).

#include <nlohmann/json.hpp>

#include "base/http_message.h"
#include "invoke/invoker.h"
#include "io/task.h"
#include "model/names.h"

namespace meridian::api {

// The payload is HttpRequest::body, byte for byte. Errors are the service's; a function's failure
// is an answer.
// `account` is whose function it is where the name does not say.
io::Task<HttpResponse> invoke_function(invoke::Invoker& invoker, model::RegionName region,
                                       model::AccountId account, model::RequestId request_id,
                                       nlohmann::json input, HttpRequest request);

}  // namespace meridian::api
