#pragma once
// Where packages in S3 are read from, as the process's environment says: AWS_ENDPOINT_URL_S3, with
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and AWS_CA_BUNDLE as
// AWS's tools read them (docs/operating/s3.md).

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "control/object_source.h"

namespace meridian::bin {

// Reads the environment and certificates: when the process starts. `clock` and `log` outlive it.
[[nodiscard]] Result<std::unique_ptr<control::ObjectSource>> object_source_from_environment(
    boost::asio::any_io_executor executor, Clock const& clock, Log& log);

}  // namespace meridian::bin
