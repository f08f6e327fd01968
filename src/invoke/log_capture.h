#pragma once
// One pipe from a runtime's processes (stdout and stderr, or the telemetry descriptor), read as it
// fills and emptied on demand.
//
// Threads: belongs to its executor.

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "io/task.h"
#include "io/unique_fd.h"
#include "telemetry/log_event.h"

namespace meridian::invoke {

enum class LogFormat { kLines, kTelemetryFrames };

class LogCapture {
  public:
    using Sink = std::function<void(std::vector<telemetry::LogEvent>)>;

    // Makes the pipe and starts to read. `sink` is called on the executor until stop().
    [[nodiscard]] static Result<std::unique_ptr<LogCapture>> start(asio::any_io_executor executor,
                                                                   Clock const& clock,
                                                                   LogFormat format, Sink sink);
    // Calls the sink no more.
    ~LogCapture();

    // For one runtime process. Close-on-exec.
    [[nodiscard]] Result<io::UniqueFd> writer() const;
    // Reads what is in the pipe now (at most its capacity), so that what was written before a
    // response is seen before it.
    void drain();
    // After the runtime's end: what was left without a newline too.
    void drain_to_end();

  private:
    struct State;
    explicit LogCapture(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace meridian::invoke
