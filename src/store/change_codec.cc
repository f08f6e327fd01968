#include "store/change_codec.h"

#include <string>

#include <fmt/format.h>

namespace meridian::store {

using nlohmann::json;

namespace {

// Without a way out in the middle, so that it looks at many bytes at once.
bool is_ascii(std::string_view text) {
    unsigned char bits = 0;
    for (char const c : text) bits |= static_cast<unsigned char>(c);
    return bits < 0x80;
}

}  // namespace

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

Result<void> check_is_utf8(std::string_view json_text) {
    // Whoever wrote it saw to its form, and did not look at bytes that came from elsewhere.
    if (is_ascii(json_text) || json::accept(json_text)) return {};
    return fail(Errc::kInternal, "A value cannot be stored: it is not UTF-8.");
}

Result<std::string> encode(Value const& value) {
    auto const* const text = std::get_if<JsonText>(&value);
    if (text == nullptr) return encode_json(std::get<json>(value));
    MERIDIAN_CHECK(check_is_utf8(text->text));
    return text->text;
}

Result<std::string> encode_value(Write const& write) {
    return write.value ? encode(*write.value) : encode_json(write.epitaph);
}

Result<std::string> encode_value(Change const& change) {
    return encode_json(change.value ? *change.value : change.epitaph);
}

// By hand: a value is large, and is text already.
Result<std::string> encode_changes(std::span<EncodedChange const> changes) {
    std::string list = "[";
    for (auto const& [key, is_live, text] : changes) {
        MERIDIAN_TRY(auto const account, encode_json(key.account.value()));
        MERIDIAN_TRY(auto const id, encode_json(key.id));
        if (list.size() > 1) list += ',';
        list.append(R"({"account":)").append(account);
        if (!is_live) list.append(R"(,"deleted":true,"epitaph":)").append(text);
        list.append(R"(,"id":)").append(id);
        list.append(R"(,"kind":)").append(std::to_string(number(key.kind)));
        if (is_live) list.append(R"(,"value":)").append(text);
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
