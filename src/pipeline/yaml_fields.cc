#include "pipeline/yaml_fields.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "pipeline/definition.h"

namespace meridian::pipeline {

std::unexpected<Error> yaml_error(YAML::Mark const& mark, std::string_view text) {
    // Marks count from 0; there is none where the text is empty.
    return fail(Errc::kInvalidParameterValue,
                fmt::format("{}:{}:{}: {}", kDefinitionFile, std::max(mark.line, 0) + 1,
                            std::max(mark.column, 0) + 1, text));
}

Result<std::vector<std::pair<std::string, YAML::Node>>> YamlFields::pairs(YAML::Node const& node,
                                                                          std::string_view what,
                                                                          std::size_t pairs_max) {
    if (!node.IsMap()) return yaml_error(node.Mark(), fmt::format("{} is a mapping.", what));
    if (node.size() > pairs_max)
        return yaml_error(node.Mark(), fmt::format("{} has at most {} members.", what, pairs_max));
    std::vector<std::pair<std::string, YAML::Node>> out;
    for (auto const& pair : node) {
        MERIDIAN_TRY(auto name, text(pair.first, fmt::format("A name in {}", what)));
        if (std::ranges::find(out, name, &std::pair<std::string, YAML::Node>::first) != out.end())
            return yaml_error(pair.first.Mark(), fmt::format("{} stands twice in {}.", name, what));
        out.emplace_back(std::move(name), pair.second);
    }
    return out;
}

Result<YamlFields> YamlFields::read(YAML::Node const& node, std::string_view what,
                                    std::initializer_list<std::string_view> known) {
    // One more than all, so that one that is not known is named.
    MERIDIAN_TRY(auto all, pairs(node, what, kDefinitionBytesMax));
    YamlFields fields;
    fields.what_ = what;
    fields.mark_ = node.Mark();
    for (auto const& pair : node) {
        auto const& name = pair.first.Scalar();
        if (std::ranges::find(known, name) == known.end()) {
            return yaml_error(pair.first.Mark(), fmt::format("{} has no member {}; it may have {}.",
                                                             what, name, fmt::join(known, ", ")));
        }
        fields.members_.emplace(name, pair.second);
    }
    return fields;
}

Result<std::vector<YAML::Node>> YamlFields::list(YAML::Node const& node, std::string_view what,
                                                 std::size_t items_max) {
    if (!node.IsSequence() || node.size() == 0)
        return yaml_error(node.Mark(), fmt::format("{} is a list with something in it.", what));
    if (node.size() > items_max)
        return yaml_error(node.Mark(), fmt::format("{} has at most {} items.", what, items_max));
    return std::vector<YAML::Node>(node.begin(), node.end());
}

Result<std::string> YamlFields::text(YAML::Node const& node, std::string_view what) {
    if (!node.IsScalar() || node.Scalar().empty())
        return yaml_error(node.Mark(), fmt::format("{} is a text.", what));
    auto const& value = node.Scalar();
    if (value.size() > kTextCharsMax)
        return yaml_error(node.Mark(),
                          fmt::format("{} has at most {} characters.", what, kTextCharsMax));
    if (std::ranges::any_of(value, [](unsigned char c) { return c < ' ' && c != '\n'; }))
        return yaml_error(node.Mark(), fmt::format("{} holds a control character.", what));
    return value;
}

Result<YAML::Node> YamlFields::need(std::string_view name) const {
    auto const found = members_.find(name);
    if (found == members_.end())
        return yaml_error(mark_, fmt::format("{} needs the member {}.", what_, name));
    return found->second;
}

Result<std::string> YamlFields::need_text(std::string_view name) const {
    MERIDIAN_TRY(auto const node, need(name));
    return text(node, name);
}

Result<std::string> YamlFields::text_or(std::string_view name, std::string otherwise) const {
    return has(name) ? need_text(name) : Result<std::string>(std::move(otherwise));
}

Result<bool> YamlFields::flag_or(std::string_view name, bool otherwise) const {
    if (!has(name)) return otherwise;
    MERIDIAN_TRY(auto const node, need(name));
    auto const value = node.IsScalar() ? node.Scalar() : std::string();
    if (value != "true" && value != "false")
        return yaml_error(node.Mark(), fmt::format("{} is true or false.", name));
    return value == "true";
}

Result<int> YamlFields::number_or(std::string_view name, int least, int most, int otherwise) const {
    if (!has(name)) return otherwise;
    MERIDIAN_TRY(auto const node, need(name));
    auto const value = node.IsScalar() ? node.Scalar() : std::string();
    int number = 0;
    auto const* const end = value.data() + value.size();
    auto const [stop, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc{} || stop != end || number < least || number > most) {
        return yaml_error(node.Mark(),
                          fmt::format("{} is a number from {} to {}.", name, least, most));
    }
    return number;
}

}  // namespace meridian::pipeline
