#pragma once
// Reads JSON as the parser that AWS uses does (json_grammar.h), and tells a sink what it finds, in
// order. What the sink was told before a fault is void.
//
// A sink has open(bool is_object), close(), name(ScannedText), string(ScannedText),
// number(std::string_view text, bool is_whole), truth(bool) and null().

#include <bitset>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "wire/json_grammar.h"
#include "wire/utf8.h"

namespace meridian::wire {

// Between its quotes, with escapes as they stand there.
struct ScannedText {
    std::string_view text;
    bool has_escapes = false;
};

// Jackson's name for a byte: 'x' (code 120), or (CTRL-CHAR, code 153).
[[nodiscard]] std::string described_byte(unsigned char byte);

inline constexpr std::string_view kJsonValueList =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

constexpr std::uint64_t repeated(unsigned char byte) { return 0x0101010101010101ULL * byte; }

// Sets the high bit of each byte that is zero (exact for the lowest one, which is all that is
// asked).
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
    return (word - repeated(0x01)) & ~word & repeated(0x80);
}

template <typename Sink>
class JsonScanner {
  public:
    JsonScanner(std::string_view bytes, Sink& sink) : bytes_(bytes), sink_(sink) {}

    std::optional<JsonFault> scan() {
        skip_blanks();
        if (at_ == bytes_.size()) {
            fault(Kind::kUnexpectedEnd, "No content to map due to end-of-input");
            return std::move(fault_);
        }
        // Each turn reads one value, or opens a container and stays.
        while (true) {
            if (!value()) return std::move(fault_);
            if (opened_) continue;
            // After a value: close what ends here, until something goes on.
            while (true) {
                skip_blanks();
                if (depth_ == 0) {
                    if (at_ == bytes_.size()) return std::nullopt;
                    unexpected("expected no more content after the JSON value");
                    return std::move(fault_);
                }
                bool more = false;
                if (!after_value(more)) return std::move(fault_);
                if (more) break;
            }
        }
    }

  private:
    using Kind = JsonFault::Kind;

    bool fault(Kind kind, std::string text) {
        fault_ = JsonFault{kind, at_, std::move(text)};
        return false;
    }

    bool unexpected(std::string_view what) {
        auto const byte = static_cast<unsigned char>(bytes_[at_]);
        return fault(Kind::kUnexpectedCharacter,
                     fmt::format("Unexpected character ({}): {}", described_byte(byte), what));
    }

    void skip_blanks() {
        while (at_ < bytes_.size()) {
            char const c = bytes_[at_];
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
            ++at_;
        }
    }

    bool end_of_container() {
        return fault(Kind::kUnexpectedEnd,
                     fmt::format("Unexpected end-of-input: expected close marker for {}",
                                 is_object_[depth_ - 1] ? "Object" : "Array"));
    }

    bool push(bool object) {
        if (depth_ == kJsonDepthMax) {
            return fault(
                Kind::kTooDeep,
                fmt::format("Document nesting depth ({}) exceeds the maximum allowed ({}, from "
                            "`StreamReadConstraints.getMaxNestingDepth()`)",
                            kJsonDepthMax + 1, kJsonDepthMax));
        }
        is_object_[depth_++] = object;
        ++at_;
        sink_.open(object);
        skip_blanks();
        return true;
    }

    // One value from here on. An opened container that is not empty leaves `opened_` set, at its
    // first value.
    bool value() {
        opened_ = false;
        skip_blanks();
        if (at_ == bytes_.size()) return end_of_container();
        switch (bytes_[at_]) {
            case '{':
                if (!push(true)) return false;
                if (at_ < bytes_.size() && bytes_[at_] == '}') return pop();
                opened_ = true;
                return field_name();
            case '[':
                if (!push(false)) return false;
                if (at_ < bytes_.size() && bytes_[at_] == ']') return pop();
                opened_ = true;
                return true;
            case '"':
                if (!string()) return false;
                sink_.string(text_);
                return true;
            case 't':
                if (!token("true")) return false;
                sink_.truth(true);
                return true;
            case 'f':
                if (!token("false")) return false;
                sink_.truth(false);
                return true;
            case 'n':
                if (!token("null")) return false;
                sink_.null();
                return true;
            default:
                return number();
        }
    }

    bool pop() {
        --depth_;
        ++at_;
        sink_.close();
        return true;
    }

    // Inside a container, after a value: a comma and the way to the next value, or the end.
    bool after_value(bool& more) {
        if (at_ == bytes_.size()) return end_of_container();
        bool const object = is_object_[depth_ - 1];
        if (bytes_[at_] == (object ? '}' : ']')) return pop();
        if (bytes_[at_] != ',') {
            return unexpected(object ? "was expecting comma to separate Object entries"
                                     : "was expecting comma to separate Array entries");
        }
        ++at_;
        more = true;
        return object ? field_name() : true;
    }

    bool field_name() {
        skip_blanks();
        if (at_ == bytes_.size()) return end_of_container();
        if (bytes_[at_] != '"') return unexpected("was expecting double-quote to start field name");
        if (!string()) return false;
        sink_.name(text_);
        skip_blanks();
        if (at_ == bytes_.size()) return end_of_container();
        if (bytes_[at_] != ':')
            return unexpected("was expecting a colon to separate field name and value");
        ++at_;
        return true;
    }

    // To the next byte of a string that is not plain ASCII, eight at a time.
    void skip_plain() {
        while (at_ + 8 <= bytes_.size()) {
            std::uint64_t word;
            std::memcpy(&word, bytes_.data() + at_, 8);
            std::uint64_t const special =
                zero_bytes(word ^ repeated('"')) | zero_bytes(word ^ repeated('\\')) |
                ((word - repeated(0x20)) & ~word & repeated(0x80)) | (word & repeated(0x80));
            if (special != 0) break;
            at_ += 8;
        }
        while (at_ < bytes_.size()) {
            auto const byte = static_cast<unsigned char>(bytes_[at_]);
            if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') return;
            ++at_;
        }
    }

    // Leaves it in `text_`.
    bool string() {
        std::size_t const begin = ++at_;
        bool has_escapes = false;
        while (true) {
            skip_plain();
            if (at_ == bytes_.size()) return end_of_string();
            auto const byte = static_cast<unsigned char>(bytes_[at_]);
            if (byte == '"') {
                text_ = {bytes_.substr(begin, at_ - begin), has_escapes};
                ++at_;
                return true;
            }
            if (byte == '\\') {
                has_escapes = true;
                if (!escape()) return false;
            } else if (byte < 0x20) {
                return fault(
                    Kind::kControlCharacter,
                    fmt::format(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be "
                        "included in string value",
                        described_byte(byte)));
            } else if (std::size_t const length = utf8_sequence_length(bytes_, at_)) {
                at_ += length;
            } else {
                return bad_utf8();
            }
        }
    }

    bool end_of_string() {
        return fault(Kind::kUnexpectedEnd, "Unexpected end-of-input in VALUE_STRING");
    }

    bool bad_utf8() {
        auto const lead = static_cast<unsigned char>(bytes_[at_]);
        if (lead < 0xC2 || lead > 0xF4) {
            return fault(Kind::kInvalidUtf8, fmt::format("Invalid UTF-8 start byte 0x{:x}", lead));
        }
        if (at_ + 1 >= bytes_.size()) return end_of_string();
        std::size_t middle = at_ + 1;
        while (middle + 1 < bytes_.size() &&
               (static_cast<unsigned char>(bytes_[middle]) & 0xC0) == 0x80)
            ++middle;
        return fault(Kind::kInvalidUtf8, fmt::format("Invalid UTF-8 middle byte 0x{:x}",
                                                     static_cast<unsigned char>(bytes_[middle])));
    }

    bool escape() {
        ++at_;
        if (at_ == bytes_.size()) return end_of_string();
        char const c = bytes_[at_];
        if (c == 'u') {
            for (int i = 0; i < 4; ++i) {
                ++at_;
                if (at_ == bytes_.size()) return end_of_string();
                char const digit = bytes_[at_];
                bool const hex = is_digit(digit) || (digit >= 'a' && digit <= 'f') ||
                                 (digit >= 'A' && digit <= 'F');
                if (!hex) {
                    auto const byte = static_cast<unsigned char>(digit);
                    return fault(
                        Kind::kInvalidEscape,
                        fmt::format(
                            "Unexpected character ({}): expected a hex-digit for character escape "
                            "sequence",
                            described_byte(byte)));
                }
            }
        } else if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
            return fault(Kind::kInvalidEscape,
                         fmt::format("Unrecognized character escape {}",
                                     described_byte(static_cast<unsigned char>(c))));
        }
        ++at_;
        return true;
    }

    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
    }

    bool token(std::string_view word) {
        std::size_t end = at_;
        while (end < bytes_.size() && (is_letter(bytes_[end]) || is_digit(bytes_[end]))) ++end;
        auto const found = bytes_.substr(at_, end - at_);
        if (found == word) {
            at_ = end;
            return true;
        }
        // The service reads on to say what the token is, and finds bytes that are no text first.
        if (end < bytes_.size() && static_cast<unsigned char>(bytes_[end]) >= 0x80 &&
            utf8_sequence_length(bytes_, end) == 0) {
            at_ = end;
            return bad_utf8();
        }
        return fault(Kind::kUnknownToken, fmt::format("Unrecognized token '{}': was expecting {}",
                                                      found.substr(0, 256), kJsonValueList));
    }

    bool number() {
        if (is_letter(bytes_[at_])) return token({});
        std::size_t const begin = at_;
        bool is_whole = true;
        bool const negative = bytes_[at_] == '-';
        if (!negative && !is_digit(bytes_[at_])) {
            return unexpected(std::string("expected a valid value ").append(kJsonValueList));
        }
        if (negative) ++at_;
        if (!need_digit("expected digit (0-9) to follow minus sign, for valid numeric value"))
            return false;
        if (bytes_[at_] == '0') {
            ++at_;
            if (at_ < bytes_.size() && is_digit(bytes_[at_])) {
                return fault(Kind::kInvalidNumber,
                             "Invalid numeric value: Leading zeroes not allowed");
            }
        } else {
            skip_digits();
        }
        if (at_ < bytes_.size() && bytes_[at_] == '.') {
            is_whole = false;
            ++at_;
            if (!need_digit("Decimal point not followed by a digit")) return false;
            skip_digits();
        }
        if (at_ < bytes_.size() && (bytes_[at_] == 'e' || bytes_[at_] == 'E')) {
            is_whole = false;
            ++at_;
            if (at_ < bytes_.size() && (bytes_[at_] == '+' || bytes_[at_] == '-')) ++at_;
            if (!need_digit("Exponent indicator not followed by a digit")) return false;
            skip_digits();
        }
        sink_.number(bytes_.substr(begin, at_ - begin), is_whole);
        return true;
    }

    bool need_digit(std::string_view what) {
        if (at_ < bytes_.size() && is_digit(bytes_[at_])) return true;
        if (at_ == bytes_.size())
            return fault(Kind::kUnexpectedEnd, "Unexpected end-of-input in VALUE_NUMBER");
        auto const byte = static_cast<unsigned char>(bytes_[at_]);
        return fault(Kind::kInvalidNumber,
                     fmt::format("Unexpected character ({}) in numeric value: {}",
                                 described_byte(byte), what));
    }

    void skip_digits() {
        while (at_ < bytes_.size() && is_digit(bytes_[at_])) ++at_;
    }

    std::string_view bytes_;
    Sink& sink_;
    ScannedText text_;  // the last string
    std::size_t at_ = 0;
    bool opened_ = false;
    std::size_t depth_ = 0;
    std::bitset<kJsonDepthMax> is_object_;
    std::optional<JsonFault> fault_;
};

}  // namespace meridian::wire
