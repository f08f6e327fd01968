#include "wire/page_marker.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace meridian::wire {

namespace {
constexpr int kMarkerFormat = 1;
constexpr std::size_t kMarkerCharsMax = 2'048;
}  // namespace

std::string encode_marker(std::string_view listing, PagePosition const& position) {
    return to_base64(
        nlohmann::json{kMarkerFormat, listing, position.after_name, position.after_version}.dump());
}

std::optional<PagePosition> decode_marker(std::string_view listing, std::string_view marker) {
    if (marker.size() > kMarkerCharsMax) return std::nullopt;
    auto const text = from_base64(marker);
    if (!text || text->starts_with("[[")) return std::nullopt;
    auto const value = nlohmann::json::parse(*text, nullptr, false);
    if (!value.is_array() || value.size() != 4 || value[0] != kMarkerFormat ||
        value[1] != listing || !value[2].is_string() || !value[3].is_number_unsigned()) {
        return std::nullopt;
    }
    return PagePosition{value[2].get<std::string>(), value[3].get<std::uint64_t>()};
}

Result<PagePosition> read_marker(std::string_view listing, std::string_view marker) {
    if (marker.empty()) return PagePosition{};
    auto position = decode_marker(listing, marker);
    if (!position) {
        return fail(Errc::kInvalidParameterValue,
                    "The Marker is not valid. Please use the NextMarker of an earlier answer.");
    }
    return *position;
}

std::size_t page_size(std::size_t max_items, std::size_t most) {
    return std::clamp<std::size_t>(max_items, 1, most);
}

}  // namespace meridian::wire
