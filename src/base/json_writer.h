#pragma once
// JSON as text, member after member, without a tree of values in between: for what is answered or
// stored often. Texts must be UTF-8; whoever writes sees to it that names stand once and that what
// is begun ends.
//
// Threads: one at a time.

#include <array>
#include <charconv>
#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meridian {

class JsonWriter {
  public:
    void begin_object() { begin('{'); }
    void end_object() { end('}'); }
    void begin_array() { begin('['); }
    void end_array() { end(']'); }

    void name(std::string_view text) {
        separate();
        append(text);
        text_ += ':';
        is_first_ = true;  // its value follows without a comma
    }

    void value(std::string_view text) {
        separate();
        append(text);
    }
    void value(char const* text) { value(std::string_view(text)); }
    void value(std::string const& text) { value(std::string_view(text)); }
    void value(bool truth) {
        separate();
        text_ += truth ? "true" : "false";
    }
    template <std::integral Number>
    void value(Number number) {
        std::array<char, 24> digits;
        auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        separate();
        text_.append(digits.data(), end);
    }
    template <typename Value>
    void value(std::vector<Value> const& list) {
        begin_array();
        for (auto const& each : list) value(each);
        end_array();
    }
    template <typename Value>
    void value(std::map<std::string, Value> const& map) {
        begin_object();
        for (auto const& [key, each] : map) member(key, each);
        end_object();
    }

    template <typename Value>
    void member(std::string_view of_name, Value const& its_value) {
        name(of_name);
        value(its_value);
    }
    // Only a text that is not empty.
    void member_with_content(std::string_view of_name, std::string const& text) {
        if (!text.empty()) member(of_name, text);
    }
    void begin_object(std::string_view of_name) {
        name(of_name);
        begin_object();
    }
    void begin_array(std::string_view of_name) {
        name(of_name);
        begin_array();
    }

    // Of what was written so far.
    [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
    // What was written, once.
    [[nodiscard]] std::string text() { return std::exchange(text_, {}); }

  private:
    void separate() {
        if (!is_first_) text_ += ',';
        is_first_ = false;
    }
    void begin(char bracket) {
        separate();
        text_ += bracket;
        is_first_ = true;
    }
    void end(char bracket) {
        text_ += bracket;
        is_first_ = false;
    }
    // With its quotes.
    void append(std::string_view text);

    std::string text_;
    bool is_first_ = true;  // of what was begun
};

}  // namespace meridian
