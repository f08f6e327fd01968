#pragma once
// A page of a listing whose items are all at hand. Pure; any thread.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "iam/requests.h"
#include "wire/page_marker.h"

namespace meridian::iam {

// `items`: each with what it is ordered by, in that order; no two alike. `listing` keeps the
// markers of one operation from being used for another. kValidation for a marker that is none.
template <typename Item>
[[nodiscard]] Result<Page<Item>> page_of(std::string_view listing, PageRequest const& request,
                                         std::vector<std::pair<std::string, Item>> items) {
    auto first = items.begin();
    if (!request.marker.empty()) {
        auto const after = wire::decode_marker(listing, request.marker);
        if (!after) return fail(Errc::kValidation, "Invalid Marker.");
        first = std::ranges::upper_bound(items, after->after_name, {},
                                         &std::pair<std::string, Item>::first);
    }
    auto const size = wire::page_size(request.max_items, model::limits::kIamPageMax);
    Page<Item> page;
    for (; first != items.end(); ++first) {
        if (page.items.size() == size) {
            page.next_marker = wire::encode_marker(listing, {std::prev(first)->first, 0});
            break;
        }
        page.items.push_back(std::move(first->second));
    }
    return page;
}

}  // namespace meridian::iam
