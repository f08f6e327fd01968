#pragma once
// The Marker of paginated answers: where a listing goes on. Opaque to clients: base64 of a JSON
// array. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

namespace meridian::control {

// After which item the next page starts.
struct PagePosition {
    std::string after_name;
    std::uint64_t after_version = 0;  // of a function's versions; 0 is $LATEST or none

    bool operator==(PagePosition const&) const = default;
};

// `listing` keeps the markers of one operation from being used for another ("functions").
[[nodiscard]] std::string encode_marker(std::string_view listing, PagePosition const& position);
// Nothing unless encode_marker made it for this listing.
[[nodiscard]] std::optional<PagePosition> decode_marker(std::string_view listing,
                                                        std::string_view marker);

}  // namespace meridian::control
