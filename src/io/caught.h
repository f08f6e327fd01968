#pragma once
// What a coroutine throws, as an error: for work whose owner waits for its end, whatever that is.

#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "io/task.h"

namespace meridian::io {

// What `task` gives; kInternal with what() for a bug that it throws, kCancelled where Asio threw
// because it was cancelled.
template <typename T>
Task<T> caught(Task<T> task) {
    try {
        co_return co_await std::move(task);
    } catch (boost::system::system_error const& error) {
        if (error.code() == asio::error::operation_aborted)
            co_return fail(Errc::kCancelled, "cancelled");
        co_return fail(Errc::kInternal, error.what());
    } catch (std::exception const& bug) {
        co_return fail(Errc::kInternal, bug.what());
    }
}

}  // namespace meridian::io
