#pragma once
// The Marker of paginated answers: where a listing goes on. Opaque to clients: base64 of a JSON
// array. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meridian::wire {

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
// The same for a request: no marker is the start; a wrong one is kInvalidParameterValue.
[[nodiscard]] Result<PagePosition> read_marker(std::string_view listing, std::string_view marker);

// How many items a page holds: what was asked for, within 1 and `most`.
[[nodiscard]] std::size_t page_size(std::size_t max_items, std::size_t most);

}  // namespace meridian::wire
