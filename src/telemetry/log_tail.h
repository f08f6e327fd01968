#pragma once
// The last bytes of one invocation's log, for X-Amz-Log-Result.

#include <string>
#include <string_view>

namespace meridian::telemetry {

class LogTail {
  public:
    explicit LogTail(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    void append_line(std::string_view line) {
        text_.append(line).push_back('\n');
        // Cutting seldom keeps this linear in what was written.
        if (text_.size() > bytes_max_ * 4) text_.erase(0, text_.size() - bytes_max_);
    }
    [[nodiscard]] std::string_view text() const {
        return text_.size() > bytes_max_ ? std::string_view(text_).substr(text_.size() - bytes_max_)
                                         : std::string_view(text_);
    }

  private:
    std::size_t bytes_max_;
    std::string text_;
};

}  // namespace meridian::telemetry
