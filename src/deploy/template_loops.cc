#include "deploy/template_loops.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "deploy/template_functions.h"
#include "deploy/template_yaml.h"

namespace meridian::deploy {
namespace {

constexpr std::string_view kLoop = "Fn::ForEach::";

struct Binding {
    std::string const& variable;
    std::string const& value;
};

Result<std::string> substituted(std::string text, Binding const& binding, Mark mark) {
    auto const plain = alphanumeric(binding.value);
    for (auto const& [from, to] :
         {std::pair{"${" + binding.variable + "}", std::string_view(binding.value)},
          std::pair{"&{" + binding.variable + "}", std::string_view(plain)}}) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
            text.replace(at, from.size(), to);
            at += to.size();
            if (text.size() > kMadeTextBytesMax)
                return fail_at(mark,
                               fmt::format("a text of more than {} bytes", kMadeTextBytesMax));
        }
    }
    return text;
}

class Expander {
  public:
    explicit Expander(Evaluator& evaluator) : evaluator_(evaluator) {}

    Result<Node> expand(Node node) {
        for (auto& item : node.items) {
            MERIDIAN_TRY(item, expand(std::move(item)));
        }
        bool const loops = std::ranges::any_of(
            node.entries, [](Node::Entry const& entry) { return entry.key.starts_with(kLoop); });
        if (!loops) {
            for (auto& entry : node.entries) {
                MERIDIAN_TRY(entry.value, expand(std::move(entry.value)));
            }
            return node;
        }
        auto out = Node::map(node.mark);
        for (auto& entry : node.entries) {
            if (entry.key.starts_with(kLoop)) {
                MERIDIAN_CHECK(loop(entry, out));
            } else {
                MERIDIAN_TRY(entry.value, expand(std::move(entry.value)));
                MERIDIAN_CHECK(add(out, std::move(entry)));
            }
        }
        return out;
    }

  private:
    static Result<void> add(Node& out, Node::Entry entry) {
        if (auto const* present = out.find_entry(entry.key))
            return fail_at(entry.mark, fmt::format("{} is there twice: first at {}:{}", entry.key,
                                                   present->mark.line, present->mark.column));
        if (out.entries.size() >= kMapEntriesMax)
            return fail_at(entry.mark, fmt::format("more than {} keys in one map", kMapEntriesMax));
        out.entries.push_back(std::move(entry));
        return {};
    }

    Result<void> loop(Node::Entry const& entry, Node& out) {
        if (!evaluator_.scope().language_extensions)
            return fail_at(entry.mark, "Fn::ForEach needs Transform: AWS::LanguageExtensions");
        auto const& parts = entry.value.items;
        if (parts.size() != 3 || !parts[0].is_string() || parts[0].text.empty() ||
            !parts[2].is_map())
            return fail_at(entry.mark,
                           "Fn::ForEach takes a variable, its values and a map of what "
                           "each makes");
        MERIDIAN_TRY(auto const values, evaluator_.evaluate_present(parts[1], "Fn::ForEach"));
        if (!values.is_list() || values.is_symbolic())
            return fail_at(parts[1].mark, "Fn::ForEach: its values are a list that is known");
        for (auto const& item : values.items) {
            MERIDIAN_TRY(auto const value, text_of(item, "a value of Fn::ForEach"));
            Binding const binding{.variable = parts[0].text, .value = value};
            for (auto const& body : parts[2].entries) {
                MERIDIAN_TRY(auto made, bind(body.value, binding));
                MERIDIAN_TRY(auto key, substituted(body.key, binding, body.mark));
                if (key.starts_with(kLoop)) {
                    // It has the outer variable's value; its own comes next.
                    Node::Entry const inner{std::move(key), body.mark, std::move(made)};
                    MERIDIAN_CHECK(loop(inner, out));
                    continue;
                }
                MERIDIAN_TRY(made, expand(std::move(made)));
                MERIDIAN_CHECK(add(out, {std::move(key), body.mark, std::move(made)}));
            }
        }
        return {};
    }

    // A copy of the body with the variable's value in it.
    Result<Node> bind(Node const& body, Binding const& binding) {
        nodes_ += 1;
        if (nodes_ > kTemplateNodesMax)
            return fail_at(body.mark, fmt::format("more than {} values after loops are expanded",
                                                  kTemplateNodesMax));
        if (auto const* function = body.intrinsic();
            function != nullptr && function->key == "Ref" && function->value.is_string() &&
            function->value.text == binding.variable)
            return Node::string(binding.value, body.mark);
        Node out{.kind = body.kind, .mark = body.mark};
        MERIDIAN_TRY(out.text, substituted(body.text, binding, body.mark));
        for (auto const& item : body.items) {
            MERIDIAN_TRY(auto made, bind(item, binding));
            out.items.push_back(std::move(made));
        }
        for (auto const& entry : body.entries) {
            MERIDIAN_TRY(auto made, bind(entry.value, binding));
            MERIDIAN_TRY(auto key, substituted(entry.key, binding, entry.mark));
            out.entries.push_back({std::move(key), entry.mark, std::move(made)});
        }
        return out;
    }

    Evaluator& evaluator_;
    std::size_t nodes_ = 0;
};

}  // namespace

Result<Node> expand_loops(Node node, Evaluator& evaluator) {
    return Expander(evaluator).expand(std::move(node));
}

}  // namespace meridian::deploy
