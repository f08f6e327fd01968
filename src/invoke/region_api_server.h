#pragma once
// Serves its region's own API to the code of one execution environment, on the listening socket
// that is inside its sandbox: what AWS's SDKs find at AWS_ENDPOINT_URL.
//
// Requests are authenticated and authorized as on the public port; here are the limits of one
// environment. An environment may be frozen while a connection is open: one that then stays silent
// is closed, and SDKs open another. A request in progress goes on when its environment ends.
//
// Threads: the environment's executor.

#include <memory>

#include "invoke/execution_environment.h"
#include "io/http_server.h"
#include "io/unique_fd.h"

namespace meridian::invoke {

// Errors: kIo where the socket cannot be served.
[[nodiscard]] Result<std::unique_ptr<io::HttpServer>> serve_region_api(
    EnvironmentServices const& services, io::UniqueFd listener);

}  // namespace meridian::invoke
