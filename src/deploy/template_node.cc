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

TemplateNode TemplateNode::string(std::string text, Mark mark) {
    return {.kind = Kind::kString, .mark = mark, .text = std::move(text)};
}

TemplateNode TemplateNode::boolean(bool value, Mark mark) {
    return {.kind = Kind::kBoolean, .mark = mark, .text = value ? "true" : "false"};
}

TemplateNode TemplateNode::list(std::vector<TemplateNode> items, Mark mark) {
    return {.kind = Kind::kList, .mark = mark, .items = std::move(items)};
}

TemplateNode TemplateNode::map(Mark mark) { return {.kind = Kind::kMap, .mark = mark}; }

TemplateNode TemplateNode::ref(std::string id, Mark mark) {
    return call("Ref", string(std::move(id), mark));
}

TemplateNode TemplateNode::attribute(std::string id, std::string attribute, Mark mark) {
    std::vector<TemplateNode> parts;
    parts.push_back(string(std::move(id), mark));
    parts.push_back(string(std::move(attribute), mark));
    return call("Fn::GetAtt", list(std::move(parts), mark));
}

TemplateNode TemplateNode::call(std::string function, TemplateNode argument) {
    auto out = map(argument.mark);
    out.set(std::move(function), std::move(argument));
    return out;
}

TemplateNode::Entry const* TemplateNode::find_entry(std::string_view key) const noexcept {
    auto const found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &*found;
}

TemplateNode const* TemplateNode::find(std::string_view key) const noexcept {
    auto const* entry = find_entry(key);
    return entry == nullptr ? nullptr : &entry->value;
}

TemplateNode* TemplateNode::find(std::string_view key) noexcept {
    auto const found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &found->value;
}

TemplateNode& TemplateNode::set(std::string key, TemplateNode value) {
    if (auto* present = find(key)) {
        *present = std::move(value);
        return *present;
    }
    auto const at = value.mark;
    entries.push_back({std::move(key), at, std::move(value)});
    return entries.back().value;
}

void TemplateNode::erase(std::string_view key) {
    std::erase_if(entries, [&](Entry const& entry) { return entry.key == key; });
}

TemplateNode::Entry const* TemplateNode::intrinsic() const noexcept {
    if (kind != Kind::kMap || entries.size() != 1) return nullptr;
    auto const& entry = entries.front();
    return entry.key == "Ref" || entry.key.starts_with("Fn::") ? &entry : nullptr;
}

bool TemplateNode::is_symbolic() const noexcept {
    if (intrinsic() != nullptr) return true;
    return std::ranges::any_of(items, &TemplateNode::is_symbolic) ||
           std::ranges::any_of(entries, [](Entry const& e) { return e.value.is_symbolic(); });
}

std::size_t TemplateNode::count() const noexcept {
    std::size_t total = 1;
    for (auto const& item : items) total += item.count();
    for (auto const& entry : entries) total += entry.value.count();
    return total;
}

std::string_view describe_kind(TemplateNode const& node) noexcept {
    switch (node.kind) {
        case TemplateNode::Kind::kNull:
            return "nothing";
        case TemplateNode::Kind::kBoolean:
            return "a boolean";
        case TemplateNode::Kind::kInteger:
        case TemplateNode::Kind::kNumber:
            return "a number";
        case TemplateNode::Kind::kString:
            return "a text";
        case TemplateNode::Kind::kList:
            return "a list";
        case TemplateNode::Kind::kMap:
            return "a map";
    }
    return "nothing";
}

std::optional<bool> as_boolean(TemplateNode const& node) noexcept {
    if (!node.is_scalar()) return std::nullopt;
    if (equals_ignoring_case(node.text, "true")) return true;
    if (equals_ignoring_case(node.text, "false")) return false;
    return std::nullopt;
}

nlohmann::json to_json(TemplateNode const& node) {
    switch (node.kind) {
        case TemplateNode::Kind::kNull:
            return nullptr;
        case TemplateNode::Kind::kBoolean:
            return node.text == "true";
        case TemplateNode::Kind::kInteger:
        case TemplateNode::Kind::kNumber: {
            // What the parser took for a number is one in JSON's form, or becomes a text.
            auto number = nlohmann::json::parse(node.text, nullptr, false);
            return number.is_number() ? number : nlohmann::json(node.text);
        }
        case TemplateNode::Kind::kString:
            return node.text;
        case TemplateNode::Kind::kList: {
            auto out = nlohmann::json::array();
            for (auto const& item : node.items) out.push_back(to_json(item));
            return out;
        }
        case TemplateNode::Kind::kMap: {
            auto out = nlohmann::json::object();
            for (auto const& entry : node.entries) out[entry.key] = to_json(entry.value);
            return out;
        }
    }
    return nullptr;
}

TemplateNode from_json(nlohmann::json const& value) {
    TemplateNode out;
    switch (value.type()) {
        case nlohmann::json::value_t::object:
            out.kind = TemplateNode::Kind::kMap;
            for (auto const& [key, member] : value.items())
                out.entries.push_back({key, {}, from_json(member)});
            break;
        case nlohmann::json::value_t::array:
            out.kind = TemplateNode::Kind::kList;
            for (auto const& item : value) out.items.push_back(from_json(item));
            break;
        case nlohmann::json::value_t::string:
            out.kind = TemplateNode::Kind::kString;
            out.text = value.get<std::string>();
            break;
        case nlohmann::json::value_t::boolean:
            out = TemplateNode::boolean(value.get<bool>(), {});
            break;
        case nlohmann::json::value_t::number_integer:
        case nlohmann::json::value_t::number_unsigned:
            out.kind = TemplateNode::Kind::kInteger;
            out.text = value.dump();
            break;
        case nlohmann::json::value_t::number_float:
            out.kind = TemplateNode::Kind::kNumber;
            out.text = value.dump();
            break;
        default:
            break;
    }
    return out;
}

}  // namespace meridian::deploy
