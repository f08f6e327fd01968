#include "deploy/template_yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/contains.h"
#include "deploy/template_yaml_scalar.h"

namespace meridian::deploy {
namespace {

Mark mark_of(YAML::Mark const& mark) {
    return {.line = mark.line < 0 ? 1 : mark.line + 1,
            .column = mark.column < 0 ? 1 : mark.column + 1};
}

// Ends the parse; leaves yaml-cpp as an exception because its callbacks return nothing.
struct Refused {
    Error error;
};

[[noreturn]] void refuse(Mark mark, std::string_view text) {
    throw Refused{fail_at(mark, text).error()};
}

// The tags that stand for an intrinsic function: !Sub for Fn::Sub. Those that mean nothing here are
// refused where they are evaluated, with the reason.
constexpr auto kShortTags = std::to_array<std::string_view>(
    {"And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue",
     "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"});

// What a tag makes of a value: a function's name, or empty for the value itself.
std::string function_of_tag(std::string const& tag, Mark mark) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return {};
    if (tag.starts_with(kCore)) {
        auto const name = std::string_view(tag).substr(kCore.size());
        constexpr auto kPlain =
            std::to_array<std::string_view>({"str", "int", "float", "bool", "null", "map", "seq"});
        if (contains(kPlain, name)) return {};
        refuse(mark, fmt::format("the tag !!{} is not supported", name));
    }
    if (tag == "!Ref" || tag == "!Condition") return tag.substr(1);
    if (tag.starts_with('!') && contains(kShortTags, std::string_view(tag).substr(1)))
        return "Fn::" + tag.substr(1);
    refuse(mark, fmt::format("unknown tag {}", tag));
}

std::size_t depth_of(Node const& node) {
    std::size_t below = 0;
    for (auto const& item : node.items) below = std::max(below, depth_of(item));
    for (auto const& entry : node.entries) below = std::max(below, depth_of(entry.value));
    return below + 1;
}

// JSON writes characters beyond U+FFFF as two escapes of UTF-16 (\ud83d\ude00); YAML has one for
// them
// (\U0001f600). Only of a document in JSON: elsewhere such a text may be a program's.
std::string with_whole_escapes(std::string_view text) {
    auto const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '{') return std::string(text);
    // The code unit of "\uXXXX" at a place, or nothing.
    auto const unit = [&](std::size_t at) -> std::optional<std::uint32_t> {
        std::uint32_t value = 0;
        if (text.substr(at, 2) != "\\u" || text.size() < at + 6) return std::nullopt;
        auto const* const digits = text.data() + at + 2;
        auto const [stopped, error] = std::from_chars(digits, digits + 4, value, 16);
        return error == std::errc{} && stopped == digits + 4 ? std::optional(value) : std::nullopt;
    };
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        auto const high = unit(at);
        auto const low = high ? unit(at + 6) : std::nullopt;
        if (low && (*high & 0xFC00U) == 0xD800U && (*low & 0xFC00U) == 0xDC00U) {
            out += fmt::format("\\U{:08x}", 0x10000U + ((*high & 0x3FFU) << 10U) + (*low & 0x3FFU));
            at += 12;
            continue;
        }
        // An escaped backslash begins nothing.
        auto const step = text[at] == '\\' ? 2U : 1U;
        out += text.substr(at, step);
        at += step;
    }
    return out;
}

class TreeBuilder : public YAML::EventHandler {
  public:
    Node take() { return std::move(root_); }

    void OnDocumentStart(YAML::Mark const& /*mark*/) override {}
    void OnDocumentEnd() override {}

    void OnNull(YAML::Mark const& mark, YAML::anchor_t anchor) override {
        finish({.mark = mark_of(mark)}, {}, anchor);
    }

    void OnScalar(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                  std::string const& value) override {
        auto const at = mark_of(mark);
        if (expects_key()) {
            if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str")
                refuse(at, "a key must be a plain text");
            begin_entry(value, at, tag == "?");
            return;
        }
        auto const function = function_of_tag(tag, at);
        finish(yaml_scalar(value, tag, at), function, anchor);
    }

    void OnSequenceStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(Node::list({}, mark_of(mark)), tag, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(Node::map(mark_of(mark)), tag, anchor);
    }
    void OnMapEnd() override {
        auto& frame = frames_.back();
        check_size(frame.keys.size() + frame.merged.size(), frame.node.mark);
        for (auto& entry : frame.merged) {
            if (frame.keys.try_emplace(entry.key, entry.mark).second)
                frame.node.entries.push_back(std::move(entry));
        }
        close();
    }

    void OnAlias(YAML::Mark const& mark, YAML::anchor_t anchor) override {
        auto const at = mark_of(mark);
        auto const known = anchors_.find(anchor);
        // yaml-cpp refuses names that were never defined; one whose value is not over is its own.
        if (known == anchors_.end()) refuse(at, "an alias inside the value that it names");
        if (expects_key()) refuse(at, "a key must be a plain text");
        if (frames_.size() + known->second.depth > kTemplateDepthMax) refuse_depth(at);
        count(known->second.nodes, at);
        attach(known->second.node);
    }

  private:
    struct Frame {
        Node node;
        std::string function;
        YAML::anchor_t anchor = 0;
        // Of a map: its keys so far, and the one whose value comes next.
        std::unordered_map<std::string, Mark> keys = {};
        std::string key = {};
        Mark key_mark = {};
        bool has_key = false;
        bool merging = false;  // that key is <<
        std::vector<Node::Entry> merged = {};
    };
    struct Anchored {
        Node node;
        std::size_t nodes = 0;
        std::size_t depth = 0;
    };

    [[noreturn]] static void refuse_depth(Mark at) {
        refuse(at, fmt::format("nested deeper than {} levels", kTemplateDepthMax));
    }

    [[nodiscard]] bool expects_key() const {
        return !frames_.empty() && frames_.back().node.is_map() && !frames_.back().has_key;
    }

    void count(std::size_t nodes, Mark at) {
        nodes_ += nodes;
        if (nodes_ > kTemplateNodesMax)
            refuse(at, fmt::format("more than {} values after aliases are expanded",
                                   kTemplateNodesMax));
    }

    static void check_size(std::size_t entries, Mark at) {
        if (entries > kMapEntriesMax)
            refuse(at, fmt::format("more than {} keys in one map", kMapEntriesMax));
    }

    void begin_entry(std::string const& key, Mark at, bool plain) {
        auto& frame = frames_.back();
        auto const [present, added] = frame.keys.try_emplace(key, at);
        if (!added) {
            refuse(at, fmt::format("the key {} is there twice: first at {}:{}", key,
                                   present->second.line, present->second.column));
        }
        check_size(frame.keys.size(), at);
        frame.key = key;
        frame.key_mark = at;
        frame.has_key = true;
        frame.merging = plain && key == "<<";
    }

    void open(Node node, std::string const& tag, YAML::anchor_t anchor) {
        auto const at = node.mark;
        if (expects_key()) refuse(at, "a key must be a plain text");
        if (frames_.size() >= kTemplateDepthMax) refuse_depth(at);
        auto function = function_of_tag(tag, at);
        frames_.push_back(
            {.node = std::move(node), .function = std::move(function), .anchor = anchor});
    }

    void close() {
        auto frame = std::move(frames_.back());
        frames_.pop_back();
        finish(std::move(frame.node), frame.function, frame.anchor);
    }

    void finish(Node node, std::string const& function, YAML::anchor_t anchor) {
        auto const at = node.mark;
        if (expects_key()) refuse(at, "a key must be a plain text");
        count(1, at);
        if (!function.empty()) {
            // !GetAtt function.attribute
            if (function == "Fn::GetAtt" && node.is_string()) node = split_attribute(node);
            node = Node::call(function, std::move(node));
        }
        if (anchor != 0) {
            auto const nodes = node.count();
            count(nodes, at);
            anchors_[anchor] = {.node = node, .nodes = nodes, .depth = depth_of(node)};
        }
        attach(std::move(node));
    }

    static Node split_attribute(Node const& node) {
        auto const dot = node.text.find('.');
        if (dot == std::string::npos || dot == 0 || dot + 1 == node.text.size())
            refuse(node.mark, "!GetAtt is written as Resource.Attribute");
        std::vector<Node> parts;
        parts.push_back(Node::string(node.text.substr(0, dot), node.mark));
        parts.push_back(Node::string(node.text.substr(dot + 1), node.mark));
        return Node::list(std::move(parts), node.mark);
    }

    void attach(Node node) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& frame = frames_.back();
        if (frame.node.is_list()) {
            frame.node.items.push_back(std::move(node));
            return;
        }
        frame.has_key = false;
        if (frame.merging) {
            merge(frame, node);
            return;
        }
        frame.node.entries.push_back({std::move(frame.key), frame.key_mark, std::move(node)});
    }

    static void merge(Frame& frame, Node const& from) {
        if (from.is_list()) {
            for (auto const& item : from.items) merge(frame, item);
            return;
        }
        if (!from.is_map()) refuse(from.mark, "<< takes a map or a list of maps");
        frame.merged.insert(frame.merged.end(), from.entries.begin(), from.entries.end());
    }

    Node root_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    std::size_t nodes_ = 0;
};

}  // namespace

Result<Node> parse_yaml(std::string_view text) {
    try {
        std::istringstream in{with_whole_escapes(text)};
        YAML::Parser parser(in);
        TreeBuilder tree;
        if (!parser.HandleNextDocument(tree)) return fail_at({1, 1}, "there is no document");
        auto root = tree.take();
        TreeBuilder second;
        if (parser.HandleNextDocument(second)) {
            return fail_at(second.take().mark, "a second document; a template is one");
        }
        return root;
    } catch (Refused const& refused) {
        return std::unexpected(refused.error);
    } catch (YAML::Exception const& error) {
        return fail_at(mark_of(error.mark), error.msg);
    }
}

}  // namespace meridian::deploy
