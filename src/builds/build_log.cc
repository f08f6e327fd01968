#include "builds/build_log.h"

#include <algorithm>

#include <fmt/format.h>

namespace meridian::builds {

void BuildLog::append(std::string_view bytes) {
    if (end_.empty() && left_out_ == 0) {
        auto const fits = std::min(bytes.size(), beginning_bytes_max_ - text_.size());
        text_ += bytes.substr(0, fits);
        bytes.remove_prefix(fits);
    }
    end_ += bytes;
    if (end_.size() > end_bytes_max_) {
        auto const too_many = end_.size() - end_bytes_max_;
        left_out_ += too_many;
        end_.erase(0, too_many);
    }
}

void BuildLog::finish() {
    if (finished_) return;
    finished_ = true;
    if (left_out_ > 0) text_ += fmt::format("\n[{} bytes are left out here]\n", left_out_);
    text_ += end_;
    end_.clear();
    if (!text_.empty() && !text_.ends_with('\n')) text_ += '\n';
}

std::string_view BuildLog::shown_from(std::size_t offset) const {
    std::string_view shown = text_;
    if (!finished_) {
        auto const newline = shown.rfind('\n');
        shown = shown.substr(0, newline == shown.npos ? 0 : newline + 1);
    }
    return shown.substr(std::min(offset, shown.size()));
}

}  // namespace meridian::builds
