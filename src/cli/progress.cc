#include "cli/progress.h"

#include <fmt/format.h>

namespace meridian::cli {
namespace {

constexpr std::string_view kClearLine = "\r\033[K";

std::string where(deploy::Progress const& progress) {
    return progress.region.empty() ? progress.text
                                   : fmt::format("{}: {}", progress.region, progress.text);
}

}  // namespace

std::string duration_text(std::chrono::seconds time) {
    auto const all = time.count();
    if (all < 60) return fmt::format("{} s", all);
    if (all < 3'600) return fmt::format("{} min {} s", all / 60, all % 60);
    return fmt::format("{} h {} min", all / 3'600, all % 3'600 / 60);
}

std::string progress_text(deploy::Progress const& progress, std::size_t columns_max) {
    auto text = fmt::format("[{:3.0f}%] {}", progress.done * 100, where(progress));
    auto const left = progress.remaining.count() > 0
                          ? fmt::format(" ({} left)", duration_text(progress.remaining))
                          : std::string();
    if (text.size() + left.size() > columns_max)
        text = text.substr(0, columns_max - std::min(columns_max, left.size() + 3)) + "...";
    return text + left;
}

void ProgressLine::show(deploy::Progress const& progress) {
    if (options_.silent) return;
    if (!options_.terminal) {
        print_(where(progress) + "\n");
        return;
    }
    print_(std::string(kClearLine) + progress_text(progress));
    shown_ = true;
}

void ProgressLine::clear() {
    if (shown_) print_(kClearLine);
    shown_ = false;
}

}  // namespace meridian::cli
