#pragma once
// GET /meridian/v1/functions/{FunctionName}/logs?cursor=…: a function's log events, oldest first,
// in pages. Answer: {"events":[{"timestamp":ms,"logStreamName":…,"message":…}],"nextCursor":"…"}.

#include "api/authorizer.h"
#include "auth/sigv4_verifier.h"
#include "base/http_message.h"
#include "control/control_plane.h"
#include "io/task.h"
#include "telemetry/log_store.h"

namespace meridian::api {

// What stands under it is a function's; the rest of /meridian/v1/ is the vault's.
inline constexpr std::string_view kFunctionsPath = "/meridian/v1/functions/";

// Needs logs:FilterLogEvents. Errors: kAccessDenied, kUnknownOperation for another path,
// kResourceNotFound, kInvalidParameterValue for a bad cursor.
io::Task<HttpResponse> read_function_logs(telemetry::LogStore& logs, control::ControlPlane& control,
                                          Authorizer& authorizer, auth::Caller caller,
                                          HttpRequest request, RequestOrigin origin);

}  // namespace meridian::api
