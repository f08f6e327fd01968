#pragma once
// Lambda's protocol: one JSON object per call, spread over path, query, headers and body by the API
// model, and back. Pure functions; any thread.
//
// JSON objects here use the model's member names. Blobs are base64 text; timestamps are numbers of
// seconds since 1970. A raw payload (Invoke's) is not in them: it stays HttpRequest::body, and its
// sender sets HttpResponse::body.

#include <nlohmann/json.hpp>

#include "base/http_message.h"
#include "base/result.h"
#include "wire/api_model.h"

namespace meridian::wire {

// The operation's input. Unknown members and nulls are dropped. Errors:
//   kSerialization  the body is not JSON, or a member has the wrong JSON type
//   kValidation     constraints of the model, with AWS's text (validation.h). A function name of
//   more than
//                   64 characters is none of these: the model allows 140, and control checks it
[[nodiscard]] Result<nlohmann::json> decode_input(RouteMatch const& route,
                                                  HttpRequest const& request);

// The answer to a successful call: status, header-bound members, and what is left as a JSON body
// (none for 204, nor where the operation has no output or a raw payload). `output` may be empty or
// null.
[[nodiscard]] HttpResponse encode_output(Operation const& operation, nlohmann::json output);
// The same of an operation all of whose output is its body, which is JSON already.
[[nodiscard]] HttpResponse body_output(Operation const& operation, std::string body);

}  // namespace meridian::wire
