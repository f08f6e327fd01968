#include "io/caught.h"

#include <optional>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace meridian::io {
namespace {

Result<int> run(Task<int> task) {
    asio::io_context context;
    std::optional<Result<int>> out;
    asio::co_spawn(context, caught(std::move(task)),
                   [&](std::exception_ptr exception, Result<int> result) {
                       if (!exception) out = std::move(result);
                   });
    context.run();
    return out.value();
}

Task<int> seven() { co_return 7; }
Task<int> refused() { co_return fail(Errc::kTooManyRequests, "wait"); }
template <typename Thrown>
Task<int> throws(Thrown what) {
    throw what;
    co_return 0;
}

TEST(Caught, GivesWhatTheTaskGives) {
    EXPECT_EQ(run(seven()).value(), 7);
    EXPECT_EQ(run(refused()).error().code, Errc::kTooManyRequests);
}

TEST(Caught, ABugIsAnError) {
    auto const error = run(throws(std::runtime_error("bug"))).error();
    EXPECT_EQ(error.code, Errc::kInternal);
    EXPECT_EQ(error.message, "bug");
    EXPECT_EQ(run(throws(boost::system::system_error(asio::error::broken_pipe))).error().code,
              Errc::kInternal);
}

TEST(Caught, ACancellationIsOne) {
    auto const aborted = boost::system::system_error(asio::error::operation_aborted);
    EXPECT_EQ(run(throws(aborted)).error().code, Errc::kCancelled);
}

}  // namespace
}  // namespace meridian::io
