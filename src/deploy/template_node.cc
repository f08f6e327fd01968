#include "deploy/template_node.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/ascii.h"

namespace meridian::deploy {

std::unexpected<Error> fail_at(Mark mark, std::string_view text) {
    if (mark == Mark{}) return fail(Errc::kInvalidParameterValue, std::string(text));
    return fail(Errc::kInvalidParameterValue,
                fmt::format("{}:{}: {}", mark.line, mark.column, text));
}

Node Node::string(std::string text, Mark mark) {
    return {.kind = Kind::kString, .mark = mark, .text = std::move(text)};
}

Node Node::boolean(bool value, Mark mark) {
    return {.kind = Kind::kBoolean, .mark = mark, .text = value ? "true" : "false"};
}

Node Node::list(std::vector<Node> items, Mark mark) {
    return {.kind = Kind::kList, .mark = mark, .items = std::move(items)};
}

Node Node::map(Mark mark) { return {.kind = Kind::kMap, .mark = mark}; }

Node Node::ref(std::string id, Mark mark) { return call("Ref", string(std::move(id), mark)); }

Node Node::attribute(std::string id, std::string attribute, Mark mark) {
    std::vector<Node> parts;
    parts.push_back(string(std::move(id), mark));
    parts.push_back(string(std::move(attribute), mark));
    return call("Fn::GetAtt", list(std::move(parts), mark));
}

Node Node::call(std::string function, Node argument) {
    auto out = map(argument.mark);
    out.set(std::move(function), std::move(argument));
    return out;
}

Node::Entry const* Node::find_entry(std::string_view key) const noexcept {
    auto const found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &*found;
}

Node const* Node::find(std::string_view key) const noexcept {
    auto const* entry = find_entry(key);
    return entry == nullptr ? nullptr : &entry->value;
}

Node* Node::find(std::string_view key) noexcept {
    auto const found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &found->value;
}

Node& Node::set(std::string key, Node value) {
    if (auto* present = find(key)) {
        *present = std::move(value);
        return *present;
    }
    auto const at = value.mark;
    entries.push_back({std::move(key), at, std::move(value)});
    return entries.back().value;
}

void Node::erase(std::string_view key) {
    std::erase_if(entries, [&](Entry const& entry) { return entry.key == key; });
}

Node::Entry const* Node::intrinsic() const noexcept {
    if (kind != Kind::kMap || entries.size() != 1) return nullptr;
    auto const& entry = entries.front();
    return entry.key == "Ref" || entry.key.starts_with("Fn::") ? &entry : nullptr;
}

bool Node::is_symbolic() const noexcept {
    if (intrinsic() != nullptr) return true;
    return std::ranges::any_of(items, &Node::is_symbolic) ||
           std::ranges::any_of(entries, [](Entry const& e) { return e.value.is_symbolic(); });
}

std::size_t Node::count() const noexcept {
    std::size_t total = 1;
    for (auto const& item : items) total += item.count();
    for (auto const& entry : entries) total += entry.value.count();
    return total;
}

std::string_view describe_kind(Node const& node) noexcept {
    switch (node.kind) {
        case Node::Kind::kNull:
            return "nothing";
        case Node::Kind::kBoolean:
            return "a boolean";
        case Node::Kind::kInteger:
        case Node::Kind::kNumber:
            return "a number";
        case Node::Kind::kString:
            return "a text";
        case Node::Kind::kList:
            return "a list";
        case Node::Kind::kMap:
            return "a map";
    }
    return "nothing";
}

std::optional<bool> as_boolean(Node const& node) noexcept {
    if (!node.is_scalar()) return std::nullopt;
    if (equals_ignoring_case(node.text, "true")) return true;
    if (equals_ignoring_case(node.text, "false")) return false;
    return std::nullopt;
}

nlohmann::json to_json(Node const& node) {
    switch (node.kind) {
        case Node::Kind::kNull:
            return nullptr;
        case Node::Kind::kBoolean:
            return node.text == "true";
        case Node::Kind::kInteger:
        case Node::Kind::kNumber: {
            // What the parser took for a number is one in JSON's form, or becomes a text.
            auto number = nlohmann::json::parse(node.text, nullptr, false);
            return number.is_number() ? number : nlohmann::json(node.text);
        }
        case Node::Kind::kString:
            return node.text;
        case Node::Kind::kList: {
            auto out = nlohmann::json::array();
            for (auto const& item : node.items) out.push_back(to_json(item));
            return out;
        }
        case Node::Kind::kMap: {
            auto out = nlohmann::json::object();
            for (auto const& entry : node.entries) out[entry.key] = to_json(entry.value);
            return out;
        }
    }
    return nullptr;
}

Node from_json(nlohmann::json const& value) {
    Node out;
    switch (value.type()) {
        case nlohmann::json::value_t::object:
            out.kind = Node::Kind::kMap;
            for (auto const& [key, member] : value.items())
                out.entries.push_back({key, {}, from_json(member)});
            break;
        case nlohmann::json::value_t::array:
            out.kind = Node::Kind::kList;
            for (auto const& item : value) out.items.push_back(from_json(item));
            break;
        case nlohmann::json::value_t::string:
            out.kind = Node::Kind::kString;
            out.text = value.get<std::string>();
            break;
        case nlohmann::json::value_t::boolean:
            out = Node::boolean(value.get<bool>(), {});
            break;
        case nlohmann::json::value_t::number_integer:
        case nlohmann::json::value_t::number_unsigned:
            out.kind = Node::Kind::kInteger;
            out.text = value.dump();
            break;
        case nlohmann::json::value_t::number_float:
            out.kind = Node::Kind::kNumber;
            out.text = value.dump();
            break;
        default:
            break;
    }
    return out;
}

}  // namespace meridian::deploy
