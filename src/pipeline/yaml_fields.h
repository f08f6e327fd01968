#pragma once
// Reading a YAML mapping member by member: each is known, stands once, and has the right form, or
// there is an error with line and column. Values; any thread.

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/result.h"

namespace meridian::pipeline {

// "pipeline.yaml:3:5: TEXT", kInvalidParameterValue.
[[nodiscard]] std::unexpected<Error> yaml_error(YAML::Mark const& mark, std::string_view text);

class YamlFields {
  public:
    // `what` names the mapping in messages.
    static Result<YamlFields> read(YAML::Node const& node, std::string_view what,
                                   std::initializer_list<std::string_view> known);
    // Of a mapping from names that are the writer's own.
    static Result<std::vector<std::pair<std::string, YAML::Node>>> pairs(YAML::Node const& node,
                                                                         std::string_view what,
                                                                         std::size_t pairs_max);
    static Result<std::vector<YAML::Node>> list(YAML::Node const& node, std::string_view what,
                                                std::size_t items_max);
    static Result<std::string> text(YAML::Node const& node, std::string_view what);

    [[nodiscard]] YAML::Mark mark() const { return mark_; }
    [[nodiscard]] bool has(std::string_view name) const { return members_.contains(name); }
    // An error where it is not there.
    [[nodiscard]] Result<YAML::Node> need(std::string_view name) const;
    [[nodiscard]] Result<std::string> need_text(std::string_view name) const;
    [[nodiscard]] Result<std::string> text_or(std::string_view name, std::string otherwise) const;
    [[nodiscard]] Result<bool> flag_or(std::string_view name, bool otherwise) const;
    [[nodiscard]] Result<int> number_or(std::string_view name, int least, int most,
                                        int otherwise) const;

  private:
    std::string what_;
    YAML::Mark mark_;
    std::map<std::string, YAML::Node, std::less<>> members_;
};

}  // namespace meridian::pipeline
