#pragma once
// Bytes from a runtime's stdout and stderr, cut into lines.

#include <string>
#include <string_view>
#include <vector>

namespace meridian::telemetry {

class LineSplitter {
  public:
    // Longer lines are cut: one event each `line_bytes_max`.
    explicit LineSplitter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

    // The lines that `bytes` completes, without "\n" (and without an "\r" before it).
    [[nodiscard]] std::vector<std::string> push(std::string_view bytes);
    // What is left without a newline, at the end of the stream or of the invocation. May be empty.
    [[nodiscard]] std::string flush();

  private:
    std::size_t line_bytes_max_;
    std::string partial_;
};

}  // namespace meridian::telemetry
