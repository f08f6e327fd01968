#pragma once
// The protocol of IAM and STS: form parameters in (Action=CreateRole&Tags.member.1.Key=…), XML out.
// Pure functions; any thread. JSON objects follow the rules of rest_json.h.

#include <string>

#include <nlohmann/json.hpp>

#include "base/http_message.h"
#include "base/result.h"
#include "model/names.h"
#include "wire/api_model.h"

namespace meridian::wire {

struct QueryCall {
    Operation const* operation = nullptr;
    nlohmann::json input;
};

// Reads the form body of a POST, or the query string of a GET. Errors:
//   kUnknownOperation  no Action, or one that the service does not have
//   kValidation        malformed parameters, or constraints of the model
[[nodiscard]] Result<QueryCall> decode_query(Service service, HttpRequest const& request);

// <CreateRoleResponse><CreateRoleResult>…: `output` by the operation's output shape.
[[nodiscard]] HttpResponse encode_query_output(Operation const& operation,
                                               nlohmann::json const& output,
                                               model::RequestId const& request_id);

}  // namespace meridian::wire
