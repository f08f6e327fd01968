#pragma once
// A template as it was written: a tree of values that know where they stand, so that every error
// can say line and column. CloudFormation's short tags are already long ({"Ref": …}, {"Fn::Sub":
// …}).
//
// Values; any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace meridian::deploy {

// Counted from 1; {0, 0} is what was in no file.
struct Mark {
    int line = 0;
    int column = 0;

    bool operator==(Mark const&) const = default;
};

// kInvalidParameterValue with "12:7: text". The name of the file is put before it where it is known
// (Template::parse, expand).
[[nodiscard]] std::unexpected<Error> fail_at(Mark mark, std::string_view text);

struct Node {
    enum class Kind { kNull, kBoolean, kInteger, kNumber, kString, kList, kMap };
    struct Entry;

    Kind kind = Kind::kNull;
    Mark mark = {};
    std::string text = {};  // of a scalar: as it was written, without quotes
    std::vector<Node> items;
    std::vector<Entry> entries;  // in the order of the file, each key once

    [[nodiscard]] static Node string(std::string text, Mark mark);
    [[nodiscard]] static Node boolean(bool value, Mark mark);
    [[nodiscard]] static Node list(std::vector<Node> items, Mark mark);
    [[nodiscard]] static Node map(Mark mark);
    // {"Ref": id} and {"Fn::GetAtt": [id, attribute]}.
    [[nodiscard]] static Node ref(std::string id, Mark mark);
    [[nodiscard]] static Node attribute(std::string id, std::string attribute, Mark mark);
    // {function: argument}.
    [[nodiscard]] static Node call(std::string function, Node argument);

    [[nodiscard]] bool is_null() const noexcept { return kind == Kind::kNull; }
    [[nodiscard]] bool is_list() const noexcept { return kind == Kind::kList; }
    [[nodiscard]] bool is_map() const noexcept { return kind == Kind::kMap; }
    [[nodiscard]] bool is_string() const noexcept { return kind == Kind::kString; }
    [[nodiscard]] bool is_scalar() const noexcept { return !is_list() && !is_map() && !is_null(); }

    [[nodiscard]] Node const* find(std::string_view key) const noexcept;
    [[nodiscard]] Node* find(std::string_view key) noexcept;
    [[nodiscard]] Entry const* find_entry(std::string_view key) const noexcept;
    // Adds the entry or replaces its value; of a map.
    Node& set(std::string key, Node value);
    void erase(std::string_view key);

    // The entry of an intrinsic function: the only one of a map, "Ref" or "Fn::…"; else null.
    [[nodiscard]] Entry const* intrinsic() const noexcept;
    // Whether there is an intrinsic function anywhere in it.
    [[nodiscard]] bool is_symbolic() const noexcept;

    // All nodes in it, itself included.
    [[nodiscard]] std::size_t count() const noexcept;
};

struct Node::Entry {
    std::string key;
    Mark mark = {};
    Node value = {};
};

// "a list", "the text live": how an error speaks of a node.
[[nodiscard]] std::string_view describe_kind(Node const& node) noexcept;

// True and false as booleans, as the texts "true" and "false" in any case; else nothing.
[[nodiscard]] std::optional<bool> as_boolean(Node const& node) noexcept;

[[nodiscard]] nlohmann::json to_json(Node const& node);
// Without marks.
[[nodiscard]] Node from_json(nlohmann::json const& value);

}  // namespace meridian::deploy
