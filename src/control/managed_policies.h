#pragma once
// The names of AWS-managed policies that roles may be given. Constant data; any thread.
// What they allow comes with policy enforcement; until then a name is all there is to know.

#include <string_view>

namespace meridian::control {

// Whether `arn` ("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole") is one we
// know.
[[nodiscard]] bool is_managed_policy(std::string_view arn);

}  // namespace meridian::control
