#pragma once
// The one shape of asynchronous work: a coroutine that ends with a Result.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace meridian {
namespace asio = boost::asio;
}

namespace meridian::io {

template <typename T = void>
using Task = asio::awaitable<Result<T>>;

// Completes with a tuple (error_code, ...) and does not throw.
inline constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

}  // namespace meridian::io
