#include "telemetry/line_splitter.h"

#include <utility>

namespace meridian::telemetry {

std::vector<std::string> LineSplitter::push(std::string_view bytes) {
    std::vector<std::string> lines;
    while (!bytes.empty()) {
        auto const newline = bytes.find('\n');
        auto const end = newline == std::string_view::npos ? bytes.size() : newline;
        auto const room = line_bytes_max_ - partial_.size();
        if (end > room) {
            partial_.append(bytes.substr(0, room));
            lines.push_back(std::exchange(partial_, {}));
            bytes.remove_prefix(room);
            continue;
        }
        partial_.append(bytes.substr(0, end));
        if (newline == std::string_view::npos) break;
        if (partial_.ends_with('\r')) partial_.pop_back();
        lines.push_back(std::exchange(partial_, {}));
        bytes.remove_prefix(newline + 1);
    }
    return lines;
}

std::string LineSplitter::flush() { return std::exchange(partial_, {}); }

}  // namespace meridian::telemetry
