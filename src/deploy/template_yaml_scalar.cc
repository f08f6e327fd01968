#include "deploy/template_yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "base/contains.h"

namespace meridian::deploy {
namespace {

constexpr auto kTrue = std::to_array<std::string_view>(
    {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"});
constexpr auto kFalse = std::to_array<std::string_view>(
    {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"});

bool digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The JSON form of a whole number, or nothing.
std::optional<std::string> integer(std::string_view text) {
    bool const negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text.starts_with("0x")) {
        std::uint64_t value = 0;
        auto const* const end = text.data() + text.size();
        auto const [stopped, error] = std::from_chars(text.data() + 2, end, value, 16);
        if (text.size() == 2 || error != std::errc{} || stopped != end) return std::nullopt;
        return (negative ? "-" : "") + std::to_string(value);
    }
    if (!digits(text) || (text.size() > 1 && text.starts_with('0'))) return std::nullopt;
    return (negative ? "-" : "") + std::string(text);
}

// The JSON form of a number with a point, or nothing.
std::optional<std::string> decimal(std::string_view text) {
    std::string out;
    if (text.starts_with('-')) out = "-";
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    auto const point = text.find('.');
    if (point == std::string_view::npos) return std::nullopt;
    auto const whole = text.substr(0, point);
    auto rest = text.substr(point + 1);
    std::string exponent;
    if (auto const e = rest.find_first_of("eE"); e != std::string_view::npos) {
        auto const power = rest.substr(e + 1);
        if (power.size() < 2 || (power[0] != '+' && power[0] != '-') || !digits(power.substr(1)))
            return std::nullopt;
        exponent = "e" + std::string(power);
        rest = rest.substr(0, e);
    }
    if (whole.empty() && rest.empty()) return std::nullopt;
    if (!whole.empty() && (!digits(whole) || (whole.size() > 1 && whole.starts_with('0'))))
        return std::nullopt;
    if (!rest.empty() && !digits(rest)) return std::nullopt;
    out += whole.empty() ? "0" : whole;
    out += '.';
    out += rest.empty() ? "0" : rest;
    return out + exponent;
}

}  // namespace

Node yaml_scalar(std::string_view value, std::string_view tag, Mark mark) {
    // A tag of its own (!Sub "yes") takes a text.
    bool const plain = tag == "?" || (tag != "tag:yaml.org,2002:str" && !tag.starts_with('!'));
    if (plain) {
        if (contains(kTrue, value)) return Node::boolean(true, mark);
        if (contains(kFalse, value)) return Node::boolean(false, mark);
        if (auto whole = integer(value))
            return {.kind = Node::Kind::kInteger, .mark = mark, .text = *std::move(whole)};
        if (auto number = decimal(value))
            return {.kind = Node::Kind::kNumber, .mark = mark, .text = *std::move(number)};
    }
    return Node::string(std::string(value), mark);
}

}  // namespace meridian::deploy
