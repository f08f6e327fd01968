#pragma once
// What the tests of this module share: a directory that goes with the test, and waiting for one
// Task.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "io/task.h"

namespace meridian::store {

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name =
            (std::filesystem::temp_directory_path() / "meridian-store-XXXXXX").string();
        if (!::mkdtemp(name.data())) std::abort();
        path_ = name;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(TemporaryDirectory const&) = delete;
    TemporaryDirectory& operator=(TemporaryDirectory const&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

// Where tests run coroutines. It outlives every store and pool, as main's does: a thread that has
// posted a completion may still be about to leave the executor when the test already goes on.
inline asio::io_context& test_context() {
    static asio::io_context context;
    context.restart();
    return context;
}

// Runs the task to its end.
template <typename T>
Result<T> wait_for(io::Task<T> task) {
    auto& context = test_context();
    std::optional<Result<T>> outcome;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, Result<T> result) {
        EXPECT_FALSE(e);
        outcome = std::move(result);
    });
    context.run();
    if (!outcome) std::abort();
    return std::move(*outcome);
}

}  // namespace meridian::store
