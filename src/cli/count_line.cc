#include "cli/count_line.h"

#include <fmt/format.h>

#include "cli/progress.h"

namespace meridian::cli {
namespace {

constexpr std::string_view kClearCountLine = "\r\x1b[K";
// Before that, nothing can be said of the rest.
constexpr auto kEstimateAfter = std::chrono::milliseconds(500);

}  // namespace

CountLine::CountLine(std::function<void(std::string_view)> print, bool terminal, Clock const& clock)
    : print_(std::move(print)), terminal_(terminal), clock_(clock), begun_(clock.monotonic_now()) {}

void CountLine::step(std::string const& doing, std::size_t done, std::size_t total,
                     std::string const& what) {
    if (doing != doing_) {
        doing_ = doing;
        begun_ = clock_.monotonic_now();
    }
    auto line = fmt::format("[{}/{}] {} {}", done, total, doing, what);
    if (!terminal_) return print_(line + "\n");
    auto const passed = clock_.monotonic_now() - begun_;
    if (done < total && done != 0 && passed > kEstimateAfter) {
        auto const rest =
            passed * static_cast<std::int64_t>(total - done) / static_cast<std::int64_t>(done);
        line +=
            fmt::format(", {} left", duration_text(std::chrono::ceil<std::chrono::seconds>(rest)));
    }
    print_(fmt::format("{}{}", kClearCountLine, line));
}

void CountLine::finish() {
    if (terminal_) print_(kClearCountLine);
}

}  // namespace meridian::cli
