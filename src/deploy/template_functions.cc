#include "deploy/template_functions.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace meridian::deploy {
namespace {

Result<void> expect_pair(Mark mark, Node const& argument, std::string_view function,
                         std::string_view form) {
    if (argument.is_list() && argument.items.size() == 2) return {};
    return fail_at(mark, fmt::format("{} takes {}", function, form));
}

Result<void> expect_short(std::string const& text, Mark mark) {
    if (text.size() <= kMadeTextBytesMax) return {};
    return fail_at(mark, fmt::format("a text of more than {} bytes", kMadeTextBytesMax));
}

// The index that a scalar says, or nothing.
std::optional<std::size_t> index_of(Node const& node) {
    std::size_t index = 0;
    auto const* const end = node.text.data() + node.text.size();
    auto const [stopped, error] = std::from_chars(node.text.data(), end, index);
    if (!node.is_scalar() || node.text.empty() || error != std::errc{} || stopped != end)
        return std::nullopt;
    return index;
}

// Neighbours that are known become one, so that equal values have one form.
std::vector<Node> joined_neighbours(std::vector<Node> pieces, std::string const& delimiter) {
    std::vector<Node> out;
    for (auto& piece : pieces) {
        if (!out.empty() && out.back().is_scalar() && piece.is_scalar()) {
            out.back().kind = Node::Kind::kString;
            out.back().text += delimiter;
            out.back().text += piece.text;
        } else {
            out.push_back(std::move(piece));
        }
    }
    return out;
}

}  // namespace

std::string alphanumeric(std::string_view text) {
    std::string out;
    std::ranges::copy_if(text, std::back_inserter(out), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    return out;
}

Result<std::string> text_of(Node const& node, std::string_view of) {
    if (node.is_scalar()) return node.text;
    return fail_at(node.mark, fmt::format("{} is a text, not {}", of, describe_kind(node)));
}

Result<Node> join(Mark mark, Node argument) {
    constexpr std::string_view kForm = "a delimiter and a list: [\",\", [a, b]]";
    MERIDIAN_CHECK(expect_pair(mark, argument, "Fn::Join", kForm));
    MERIDIAN_TRY(auto const delimiter, text_of(argument.items[0], "Fn::Join's delimiter"));
    auto& list = argument.items[1];
    if (list.intrinsic() != nullptr) return Node::call("Fn::Join", std::move(argument));
    if (!list.is_list()) return fail_at(list.mark, fmt::format("Fn::Join takes {}", kForm));
    for (auto const& item : list.items) {
        if (!item.is_scalar() && item.intrinsic() == nullptr)
            return fail_at(item.mark,
                           fmt::format("Fn::Join takes texts, not {}", describe_kind(item)));
    }
    std::size_t bytes = 0;
    for (auto const& item : list.items) bytes += item.text.size() + delimiter.size();
    if (bytes > kMadeTextBytesMax + delimiter.size())
        return fail_at(mark, fmt::format("a text of more than {} bytes", kMadeTextBytesMax));
    auto pieces = joined_neighbours(std::move(list.items), delimiter);
    if (pieces.empty()) return Node::string({}, mark);
    if (pieces.size() == 1 && pieces[0].is_scalar())
        return Node::string(std::move(pieces[0].text), mark);
    auto items = Node::list(std::move(pieces), list.mark);
    auto out = Node::list({}, mark);
    out.items.push_back(Node::string(delimiter, mark));
    out.items.push_back(std::move(items));
    return Node::call("Fn::Join", std::move(out));
}

Result<Node> select(Mark mark, Node argument) {
    MERIDIAN_CHECK(expect_pair(mark, argument, "Fn::Select", "an index and a list: [0, [a, b]]"));
    auto const index = index_of(argument.items[0]);
    if (!index) return fail_at(argument.items[0].mark, "Fn::Select's index is a number from 0");
    auto& list = argument.items[1];
    if (list.intrinsic() != nullptr) return Node::call("Fn::Select", std::move(argument));
    if (!list.is_list())
        return fail_at(list.mark,
                       fmt::format("Fn::Select takes a list, not {}", describe_kind(list)));
    if (*index >= list.items.size())
        return fail_at(mark, fmt::format("Fn::Select: there is no element {} in a list of {}",
                                         *index, list.items.size()));
    auto chosen = std::move(list.items[*index]);
    if (chosen.is_null()) return fail_at(mark, "Fn::Select: the element is null");
    return chosen;
}

Result<Node> split(Mark mark, Node argument) {
    MERIDIAN_CHECK(
        expect_pair(mark, argument, "Fn::Split", "a delimiter and a text: [\",\", \"a,b\"]"));
    MERIDIAN_TRY(auto const delimiter, text_of(argument.items[0], "Fn::Split's delimiter"));
    if (delimiter.empty()) return fail_at(argument.items[0].mark, "Fn::Split's delimiter is empty");
    if (argument.items[1].intrinsic() != nullptr)
        return Node::call("Fn::Split", std::move(argument));
    MERIDIAN_TRY(auto const text, text_of(argument.items[1], "Fn::Split's source"));
    auto out = Node::list({}, mark);
    std::size_t from = 0;
    while (true) {
        auto const at = text.find(delimiter, from);
        out.items.push_back(Node::string(text.substr(from, at - from), mark));
        if (at == std::string::npos) return out;
        from = at + delimiter.size();
    }
}

Result<Node> base64(Mark mark, Node argument) {
    if (argument.intrinsic() != nullptr) return Node::call("Fn::Base64", std::move(argument));
    MERIDIAN_TRY(auto const text, text_of(argument, "Fn::Base64's argument"));
    auto out = to_base64(text);
    MERIDIAN_CHECK(expect_short(out, mark));
    return Node::string(std::move(out), mark);
}

Result<Node> length(Mark mark, Node argument) {
    if (argument.intrinsic() != nullptr) return Node::call("Fn::Length", std::move(argument));
    if (!argument.is_list())
        return fail_at(mark,
                       fmt::format("Fn::Length takes a list, not {}", describe_kind(argument)));
    return Node{
        .kind = Node::Kind::kInteger, .mark = mark, .text = std::to_string(argument.items.size())};
}

Result<Node> to_json_string(Mark mark, Node argument) {
    if (argument.is_symbolic()) return Node::call("Fn::ToJsonString", std::move(argument));
    if (!argument.is_list() && !argument.is_map())
        return fail_at(mark, fmt::format("Fn::ToJsonString takes a map or a list, not {}",
                                         describe_kind(argument)));
    // Bytes that are no UTF-8 were refused by the parser; those of a parameter become U+FFFD.
    auto text = to_json(argument).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    MERIDIAN_CHECK(expect_short(text, mark));
    return Node::string(std::move(text), mark);
}

Result<std::vector<SubPiece>> sub_pieces(std::string_view text, Mark mark) {
    constexpr std::string_view kNameCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:";
    std::vector<SubPiece> out;
    auto const literal = [&](std::string_view part) {
        if (part.empty()) return;
        if (out.empty() || out.back().variable) out.push_back({});
        out.back().text += part;
    };
    while (true) {
        auto const open = text.find("${");
        auto const close = open == std::string_view::npos ? open : text.find('}', open);
        if (close == std::string_view::npos) {
            literal(text);
            return out;
        }
        literal(text.substr(0, open));
        auto const name = text.substr(open + 2, close - open - 2);
        if (name.starts_with('!')) {
            literal("${");
            literal(name.substr(1));
            literal("}");
        } else {
            if (name.empty() || name.find_first_not_of(kNameCharacters) != std::string_view::npos)
                return fail_at(mark, fmt::format("Fn::Sub: ${{{}}} is no name (a literal is "
                                                 "written ${{!{}}})",
                                                 name, name));
            out.push_back({.text = std::string(name), .variable = true});
        }
        text.remove_prefix(close + 1);
    }
}

}  // namespace meridian::deploy
