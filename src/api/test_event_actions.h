#pragma once
// A function's test events (control/test_events.h), REST-JSON under
// /meridian/v1/functions/{FunctionName}/:
//
//   GET    test-events          {TestEvents: [{Name, Event, Answer?}]}
//   GET    test-events/{Name}   PUT {Event, Answer? | Record: true}   DELETE
//
// Recording invokes $LATEST and keeps its answer; it needs lambda:InvokeFunction, too.
//
// Threads: the region's executor. Everything by reference outlives the call.

#include "api/authorizer.h"
#include "auth/sigv4_verifier.h"
#include "base/http_message.h"
#include "control/control_plane.h"
#include "invoke/invoker.h"

namespace meridian::api {

struct TestEventCall {
    auth::Caller caller;
    HttpRequest request;
    RequestOrigin origin;
    model::RequestId request_id;
};

[[nodiscard]] bool is_test_event_path(std::string_view path);

// Errors: kUnknownOperation, kAccessDenied, those of control::TestEvents; kInvalidParameterValue
// where the function that is recorded fails.
io::Task<HttpResponse> serve_test_events(control::ControlPlane& control, invoke::Invoker& invoker,
                                         Authorizer& authorizer, TestEventCall call);

}  // namespace meridian::api
