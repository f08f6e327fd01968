#pragma once
// JSON as text, member after member, without a tree of values in between: for what is answered or
// stored often. Texts must be UTF-8; whoever writes sees to it that names stand once.
//
// Threads: one at a time.

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace meridian {

class JsonWriter {
  public:
    void begin_object() { writer_.StartObject(); }
    void end_object() { writer_.EndObject(); }
    void begin_array() { writer_.StartArray(); }
    void end_array() { writer_.EndArray(); }

    void name(std::string_view text) { writer_.Key(text.data(), static_cast<Size>(text.size())); }

    void value(std::string_view text) {
        writer_.String(text.data(), static_cast<Size>(text.size()));
    }
    void value(char const* text) { value(std::string_view(text)); }
    void value(std::string const& text) { value(std::string_view(text)); }
    void value(bool truth) { writer_.Bool(truth); }
    template <std::signed_integral Number>
    void value(Number number) {
        writer_.Int64(number);
    }
    template <std::unsigned_integral Number>
    void value(Number number) {
        writer_.Uint64(number);
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

    // What was written, when everything that was begun has ended.
    [[nodiscard]] std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

  private:
    using Size = rapidjson::SizeType;  // 32 bits; no request or record is as large

    rapidjson::StringBuffer buffer_;
    rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace meridian
