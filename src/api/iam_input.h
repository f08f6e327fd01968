#pragma once
// What IAM's actions share: reading members of their input, and pages in their output.

#include <string>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "iam/requests.h"

namespace meridian::api {

[[nodiscard]] inline std::string text_of(nlohmann::json const& input, char const* member,
                                         char const* otherwise = "") {
    return input.value(member, otherwise);
}

[[nodiscard]] inline std::optional<std::string> optional_text(nlohmann::json const& input,
                                                              char const* member) {
    if (!input.contains(member)) return std::nullopt;
    return input.at(member).get<std::string>();
}

// PathPrefix, Marker and MaxItems.
[[nodiscard]] inline iam::PageRequest page_request(nlohmann::json const& input) {
    return {.path_prefix = text_of(input, "PathPrefix", "/"),
            .marker = text_of(input, "Marker"),
            .max_items = input.value("MaxItems", iam::PageRequest{}.max_items)};
}

// Items under `member` with IAM's two members for pages.
[[nodiscard]] inline nlohmann::json page_json(char const* member, nlohmann::json items,
                                              std::string const& next_marker) {
    nlohmann::json output = {{member, std::move(items)}, {"IsTruncated", !next_marker.empty()}};
    if (!next_marker.empty()) output["Marker"] = next_marker;
    return output;
}

template <typename Item, typename Encode>
[[nodiscard]] nlohmann::json page_json(char const* member, iam::Page<Item> const& page,
                                       Encode encode) {
    auto items = nlohmann::json::array();
    for (auto const& item : page.items) items.push_back(encode(item));
    return page_json(member, std::move(items), page.next_marker);
}

// Whether "a" and "A" are one key: of users and roles they are, of policies not (recorded 2026-02).
enum class TagKeys { kIgnoreCase, kAsTheyAre };

// `Tags`. kInvalidParameterValue (InvalidInput) where a key stands twice.
[[nodiscard]] Result<model::Tags> tags_of(nlohmann::json const& input, TagKeys keys);

}  // namespace meridian::api
