#include "deploy/given_items.h"

#include <algorithm>

namespace meridian::deploy {

nlohmann::json given_by(nlohmann::json const& found, Wish const& wish, char const* property) {
    nlohmann::json out = nlohmann::json::array();
    for (auto const& item : found) {
        for (auto const* const known : {&wish.properties, &wish.before}) {
            if (!known->is_object() || !known->contains(property)) continue;
            auto const& list = (*known)[property];
            if (list.is_array() && std::ranges::find(list, item) != list.end()) {
                out.push_back(item);
                break;
            }
        }
    }
    return out;
}

}  // namespace meridian::deploy
