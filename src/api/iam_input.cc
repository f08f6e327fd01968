#include "api/iam_input.h"

#include <set>

#include "base/ascii.h"

namespace meridian::api {

using nlohmann::json;

Result<model::Tags> tags_of(json const& input) {
    model::Tags tags;
    std::set<std::string> keys;
    for (auto const& tag : input.value("Tags", json::array())) {
        tags.emplace(text_of(tag, "Key"), text_of(tag, "Value"));
        if (!keys.insert(lowered(text_of(tag, "Key"))).second) {
            return fail(
                Errc::kValidation,
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        }
    }
    return tags;
}

Result<void> refuse_permissions_boundary(json const& input) {
    if (!input.contains("PermissionsBoundary")) return {};
    return fail(Errc::kValidation,
                "PermissionsBoundary is not supported by this version of Meridian.");
}

}  // namespace meridian::api
