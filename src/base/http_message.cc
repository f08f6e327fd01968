#include "base/http_message.h"

#include <algorithm>

#include "base/ascii.h"

namespace meridian {

bool same_header_name(std::string_view a, std::string_view b) noexcept {
    return equals_ignoring_case(a, b);
}

void HttpHeaders::set(std::string_view name, std::string value) {
    std::erase_if(fields_, [&](Field const& f) { return same_header_name(f.name, name); });
    fields_.push_back({std::string(name), std::move(value)});
}

std::string_view HttpHeaders::get(std::string_view name) const noexcept {
    for (auto const& field : fields_) {
        if (same_header_name(field.name, name)) return field.value;
    }
    return {};
}

bool HttpHeaders::contains(std::string_view name) const noexcept {
    return std::any_of(fields_.begin(), fields_.end(),
                       [&](Field const& f) { return same_header_name(f.name, name); });
}

}  // namespace meridian
