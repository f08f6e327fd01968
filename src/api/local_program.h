#pragma once
// Whether a request comes from a program of this machine, and not from a page that its browser
// shows: its Host is a loopback name (a page's own, resolved to loopback, is not), and so is its
// Origin, if it has one. Pure; any thread.

#include "base/http_message.h"

namespace meridian::api {

[[nodiscard]] bool is_local_program(HttpRequest const& request);

}  // namespace meridian::api
