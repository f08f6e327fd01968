#pragma once
// The reading end of what a process in a sandbox writes.
//
// Threads: belongs to its executor.

#include <cstddef>
#include <memory>
#include <string>

#include "io/task.h"
#include "io/unique_fd.h"

namespace meridian::builds {

// One piece of it.
inline constexpr std::size_t kPipePieceBytesMax = 256UL * 1024;

class Pipe {
  public:
    // kIo.
    [[nodiscard]] static Result<Pipe> open(asio::any_io_executor const& executor);
    ~Pipe();
    Pipe(Pipe&&) noexcept;
    Pipe& operator=(Pipe&&) noexcept;

    // Once: the process's. Close-on-exec.
    [[nodiscard]] io::UniqueFd take_writer();
    // What is there now, or comes first; empty when every writer is gone. One reader.
    io::Task<std::string> read();

  private:
    struct State;
    explicit Pipe(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace meridian::builds
