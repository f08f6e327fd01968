#include "store/change_codec.h"

#include <fmt/format.h>

namespace meridian::store {

using nlohmann::json;

Result<std::string> encode_json(json const& value) {
    try {
        return value.dump();
    } catch (json::exception const& e) {
        return fail(Errc::kInternal, fmt::format("A value cannot be stored: {}", e.what()));
    }
}

Result<json> decode_json(std::string_view text, std::string_view what) {
    auto value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return fail(Errc::kCorrupt, fmt::format("{} is not JSON.", what));
    return value;
}

Result<std::string> encode_changes(std::vector<Change> const& changes) {
    json list = json::array();
    for (auto const& change : changes) {
        json item = {{"account", change.key.account.value()},
                     {"kind", static_cast<std::uint16_t>(change.key.kind)},
                     {"id", change.key.id}};
        if (change.value) {
            item["value"] = *change.value;
        } else {
            item["deleted"] = true;
            item["epitaph"] = change.epitaph;
        }
        list.push_back(std::move(item));
    }
    return encode_json(list);
}

Result<std::vector<Change>> decode_changes(std::string_view text, std::string_view what) {
    MERIDIAN_TRY(auto list, decode_json(text, what));
    if (!list.is_array())
        return fail(Errc::kCorrupt, fmt::format("{} is not a list of changes.", what));
    std::vector<Change> changes;
    changes.reserve(list.size());
    try {
        for (auto& item : list) {
            Change change{.key = {model::AccountId(item.at("account").get<std::string>()),
                                  static_cast<Kind>(item.at("kind").get<std::uint16_t>()),
                                  item.at("id").get<std::string>()},
                          .value = std::nullopt};
            if (item.contains("value")) {
                change.value = std::move(item.at("value"));
            } else if (item.at("deleted").get<bool>()) {
                change.epitaph = std::move(item.at("epitaph"));
            } else {
                return fail(Errc::kCorrupt, fmt::format("{} has a change without a value.", what));
            }
            changes.push_back(std::move(change));
        }
    } catch (json::exception const& e) {
        return fail(Errc::kCorrupt, fmt::format("{}: {}", what, e.what()));
    }
    return changes;
}

}  // namespace meridian::store
