#pragma once
// Evaluates what is written in a template: parameters, mappings, conditions and every intrinsic
// function that needs no resource. References to resources are left for later, or are answered by
// what is known of them.
//
// Owned by one expansion; not for several threads. Errors: kInvalidParameterValue, "LINE:COLUMN:
// …".

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/template_node.h"

namespace meridian::deploy {

// What an evaluation may make in all, whatever its functions are nested in. Ours: many times what
// fits into a template.
inline constexpr std::size_t kEvaluatedBytesMax = 64'000'000;
// How many conditions may be made of each other in a row. Ours.
inline constexpr std::size_t kConditionDepthMax = 100;

class Evaluator {
  public:
    struct Scope {
        // Parameters and pseudo parameters (not AWS::NoValue), by name.
        std::map<std::string, Node, std::less<>> values = {};
        Node mappings = {};    // the section; null where there is none
        Node conditions = {};  // the same
        bool language_extensions = false;
        // Answers {"Ref": id} and, with an attribute, {"Fn::GetAtt": [id, attribute]}. Absent:
        // they stay.
        std::function<Result<Node>(std::string const& id, std::optional<std::string> attribute,
                                   Mark mark)>
            resource = {};
    };

    explicit Evaluator(Scope scope) : scope_(std::move(scope)) {}

    // The value, or nothing where it is AWS::NoValue. In lists and maps such members are left out.
    [[nodiscard]] Result<std::optional<Node>> evaluate(Node const& node);
    // The same where something must stand; `what` names it in the error.
    [[nodiscard]] Result<Node> evaluate_present(Node const& node, std::string_view what);

    // Of a name in Conditions.
    [[nodiscard]] Result<bool> condition(std::string const& name, Mark mark);

    [[nodiscard]] Scope const& scope() const noexcept { return scope_; }
    // For loops, which bind their variable for a while.
    [[nodiscard]] Scope& scope() noexcept { return scope_; }

  private:
    using Value = Result<std::optional<Node>>;

    Value call(std::string const& function, Node const& argument, Mark mark);
    Value reference(Node const& argument, Mark mark);
    Value get_attribute(Node const& argument, Mark mark);
    Value substitute(Node const& argument, Mark mark);
    Result<Node> variable(std::string const& name, Mark mark);
    Value choose(Node const& argument, Mark mark);
    Value find_in_map(Node const& argument, Mark mark);
    Result<bool> boolean(Node const& node);
    Result<bool> boolean_call(std::string const& function, Node const& argument, Mark mark);
    Result<void> charge(Node const& made, Mark mark);

    Scope scope_;
    std::map<std::string, bool, std::less<>> decided_;  // conditions
    std::vector<std::string> deciding_;                 // those under way, outermost first
    std::size_t made_bytes_ = 0;
};

}  // namespace meridian::deploy
