#include "api/iam_input.h"

#include <set>

#include <fmt/format.h>

#include "base/ascii.h"

namespace meridian::api {

using nlohmann::json;

Result<model::Tags> tags_of(json const& input, TagKeys compared) {
    bool const ignore_case = compared == TagKeys::kIgnoreCase;
    model::Tags tags;
    std::set<std::string> keys;
    for (auto const& tag : input.value("Tags", json::array())) {
        auto key = text_of(tag, "Key");
        if (!keys.insert(ignore_case ? lowered(key) : key).second) {
            return fail(
                Errc::kInvalidParameterValue,
                fmt::format("Duplicate tag keys found.{}",
                            ignore_case ? " Please note that Tag keys are case insensitive." : ""));
        }
        tags.emplace(std::move(key), text_of(tag, "Value"));
    }
    return tags;
}

}  // namespace meridian::api
