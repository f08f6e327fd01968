#include "store/change_codec.h"

#include <string>

#include <fmt/format.h>

#include "base/assert.h"

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

Result<std::string> encode_value(Change const& change) {
    return encode_json(change.value ? *change.value : change.epitaph);
}

// By hand: a value is large, and is text already.
Result<std::string> encode_changes(std::vector<Change> const& changes,
                                   std::vector<std::string_view> const& values) {
    MERIDIAN_ASSERT(changes.size() == values.size());
    std::string list = "[";
    for (std::size_t n = 0; n < changes.size(); ++n) {
        auto const& [key, value, epitaph] = changes[n];
        MERIDIAN_TRY(auto const account, encode_json(key.account.value()));
        MERIDIAN_TRY(auto const id, encode_json(key.id));
        if (n > 0) list += ',';
        list.append(R"({"account":)").append(account);
        if (!value) list.append(R"(,"deleted":true,"epitaph":)").append(values[n]);
        list.append(R"(,"id":)").append(id);
        list.append(R"(,"kind":)").append(std::to_string(number(key.kind)));
        if (value) list.append(R"(,"value":)").append(values[n]);
        list += '}';
    }
    return list += ']';
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
