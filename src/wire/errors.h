#pragma once
// The one table between Errc and what AWS sends: exception name, status, whose fault, and how the
// body spells "message". Pure; any thread.

#include <string_view>

#include "base/http_message.h"
#include "base/result.h"
#include "model/names.h"
#include "wire/api_model.h"

namespace meridian::wire {

struct ErrorForm {
    std::string_view name;  // "ResourceNotFoundException"; of IAM and STS the code: "NoSuchEntity"
    int status;
    // Type: nothing, "User" or "Service" in Lambda's bodies; Sender or Receiver in XML.
    enum class Fault { kUser, kService, kUserWithoutType } fault;
    std::string_view message_key;  // "Message" or "message"; XML always says Message
};

[[nodiscard]] ErrorForm error_form(Service service, Errc code) noexcept;

// The whole answer, x-amzn-RequestId included. What went wrong inside (kIo, kInternal, kCorrupt) is
// not told to the client: log the error before.
[[nodiscard]] HttpResponse encode_error(Service service, Error const& error,
                                        model::RequestId const& request_id);

// The 501 of an operation that AWS has and this version of Meridian has not.
[[nodiscard]] Error not_implemented(Operation const& operation);

}  // namespace meridian::wire
