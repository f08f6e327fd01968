#pragma once
// What a build printed: its beginning and its end, so that one that prints without end costs no
// memory. Who follows it sees text that only grows.
//
// Threads: its owner's.

#include <cstddef>
#include <string>
#include <string_view>

namespace meridian::builds {

class BuildLog {
  public:
    BuildLog(std::size_t beginning_bytes_max, std::size_t end_bytes_max)
        : beginning_bytes_max_(beginning_bytes_max), end_bytes_max_(end_bytes_max) {}

    void append(std::string_view bytes);
    // Nothing follows: what was held back for the end stands in the text.
    void finish();

    // What can be shown from byte `offset` on: whole lines, until finish(). Nothing beyond the end.
    [[nodiscard]] std::string_view shown_from(std::size_t offset) const;

  private:
    std::size_t const beginning_bytes_max_;
    std::size_t const end_bytes_max_;
    std::string text_;
    std::string end_;
    std::size_t left_out_ = 0;
    bool finished_ = false;
};

}  // namespace meridian::builds
