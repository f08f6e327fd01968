#pragma once
// JSON as the store keeps it: the text of a value, and the list of changes in one log entry
// (docs/formats/store.md). Pure functions; any thread.
//
//   changes = [ change* ]
//   change  = {"account": A, "kind": K, "id": I, "value": V}                       a definition
//           | {"account": A, "kind": K, "id": I, "deleted": true, "epitaph": E}    a tombstone

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace meridian::store {

// kInternal if a string in it is not UTF-8.
[[nodiscard]] Result<std::string> encode_json(nlohmann::json const& value);
// kCorrupt; `what` is named in the message.
[[nodiscard]] Result<nlohmann::json> decode_json(std::string_view text, std::string_view what);

[[nodiscard]] Result<std::string> encode(Value const& value);
// kInternal as encode_json(), for what was written as text.
[[nodiscard]] Result<void> check_is_utf8(std::string_view json_text);

// A change's value, or what its tombstone keeps.
[[nodiscard]] Result<std::string> encode_value(Write const& write);
[[nodiscard]] Result<std::string> encode_value(Change const& change);

struct EncodedChange {
    Key const& key;
    bool is_live;           // else a tombstone
    std::string_view text;  // encode_value()
};
[[nodiscard]] Result<std::string> encode_changes(std::span<EncodedChange const> changes);
[[nodiscard]] Result<std::vector<Change>> decode_changes(std::string_view text,
                                                         std::string_view what);

}  // namespace meridian::store
