#include "wire/json_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wire/json_scanner.h"
#include "wire/utf8.h"

namespace meridian::wire {
namespace {

using nlohmann::json;

constexpr std::size_t kShortEscapeBytes = 2;  // \n
constexpr std::size_t kLongEscapeBytes = 6;   // \u000a

constexpr char32_t kHighSurrogates = 0xD800;
constexpr char32_t kLowSurrogates = 0xDC00;
constexpr char32_t kSurrogatesEnd = 0xE000;
constexpr char32_t kBeyondBasicPlane = 0x10000;

// Of \uXXXX, which the scanner has seen to be there.
char32_t code_of(std::string_view escape) {
    std::uint32_t value = 0;
    std::from_chars(escape.data() + kShortEscapeBytes, escape.data() + kLongEscapeBytes, value, 16);
    return value;
}

char of_short_escape(char letter) {
    switch (letter) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return letter;
    }
}

// Nothing where there is half a surrogate pair.
std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (;;) {
        auto const plain = std::min(text.find('\\'), text.size());
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) return out;
        if (text[1] != 'u') {
            out += of_short_escape(text[1]);
            text.remove_prefix(kShortEscapeBytes);
            continue;
        }
        char32_t point = code_of(text);
        text.remove_prefix(kLongEscapeBytes);
        if (point >= kHighSurrogates && point < kSurrogatesEnd) {
            bool const may_be_pair = point < kLowSurrogates && text.starts_with("\\u");
            char32_t const low = may_be_pair ? code_of(text) : 0;
            if (low < kLowSurrogates || low >= kSurrogatesEnd) return std::nullopt;
            point = kBeyondBasicPlane + ((point - kHighSurrogates) << 10U) + (low - kLowSurrogates);
            text.remove_prefix(kLongEscapeBytes);
        }
        append_utf8(out, point);
    }
}

// A sink of JsonScanner.
class Tree {
  public:
    void open(bool is_object) {
        containers_.push_back(&put(is_object ? json::object() : json::array()));
    }
    void close() { containers_.pop_back(); }
    void name(ScannedText text) { name_ = plain(text); }
    void string(ScannedText text) { put(plain(text)); }
    void truth(bool value) { put(value); }
    void null() { put(nullptr); }
    void number(std::string_view text, bool is_whole) {
        if (is_whole &&
            (text.front() == '-' ? put_whole<std::int64_t>(text) : put_whole<std::uint64_t>(text)))
            return;
        // Not from_chars(), to which what is next to zero is an error.
        double const value = std::strtod(std::string(text).c_str(), nullptr);
        is_sound_ = is_sound_ && std::isfinite(value);
        put(value);
    }

    json take() { return is_sound_ ? std::move(root_) : json(json::value_t::discarded); }

  private:
    std::string plain(ScannedText text) {
        if (!text.has_escapes) return std::string(text.text);
        auto made = unescaped(text.text);
        is_sound_ = is_sound_ && made.has_value();
        return std::move(made).value_or(std::string());
    }

    // False: it does not fit.
    template <typename Number>
    bool put_whole(std::string_view text) {
        Number value = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
            return false;
        put(value);
        return true;
    }

    // A container that is open is the last element of the one around it, and stays where it is.
    template <typename Value>
    json& put(Value&& value) {
        if (containers_.empty()) return root_ = std::forward<Value>(value);
        auto& container = *containers_.back();
        if (container.is_array()) return container.emplace_back(std::forward<Value>(value));
        auto& members = container.get_ref<json::object_t&>();
        return members.insert_or_assign(std::move(name_), std::forward<Value>(value)).first->second;
    }

    json root_;
    std::vector<json*> containers_;
    std::string name_;  // of the member to come
    bool is_sound_ = true;
};

}  // namespace

std::expected<json, JsonFault> parse_json(std::string_view bytes) {
    Tree tree;
    if (auto fault = JsonScanner(bytes, tree).scan()) return std::unexpected(std::move(*fault));
    return tree.take();
}

}  // namespace meridian::wire
