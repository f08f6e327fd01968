#pragma once
// What each resource type that Meridian makes may say: its properties, their kinds, the attributes
// that others may ask of it. Source: the CloudFormation resource specification and the SAM
// specification (DOC).
//
// Constant data; any thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/template_node.h"

namespace meridian::deploy {

struct PropertyRule {
    // kAny is taken as it is: policy documents, and what the service itself checks.
    enum class Kind { kText, kInteger, kNumber, kBoolean, kAny, kList, kMapOf, kObject };
    struct Member;

    Kind kind = Kind::kAny;
    std::vector<PropertyRule> element;  // of a list or a map: one
    std::vector<Member> members;        // of an object
};

struct PropertyRule::Member {
    std::string name;
    bool required = false;
    PropertyRule rule = {};
};

struct ResourceRule {
    std::string_view type;
    PropertyRule properties;
    std::vector<std::string_view> attributes;  // of Fn::GetAtt
};

// Null for a type that Meridian does not make.
[[nodiscard]] ResourceRule const* find_resource_rule(std::string_view type);
// Of AWS::Serverless::Function and AWS::Serverless::LayerVersion.
[[nodiscard]] PropertyRule const& sam_function_rule();
[[nodiscard]] PropertyRule const& sam_layer_rule();

// A rule in its short form: s text, i integer, n number, b boolean, * anything, [r] list of r, <r>
// map to r, {Name:r Other!:r} object, where ! is required. For constant texts; a mistake ends the
// program.
[[nodiscard]] PropertyRule parse_rule(std::string_view text);

// `node` in the kinds that the rule asks for, as CloudFormation turns them into each other (128 and
// "128"). References stay. `where` names it in errors: "Function MyFunction". Errors with the mark:
// a property that there is not, one that is missing, one of the wrong kind.
[[nodiscard]] Result<nlohmann::json> apply_rule(Node const& node, PropertyRule const& rule,
                                                std::string const& where);
// The same for its errors alone.
[[nodiscard]] Result<void> check_rule(Node const& node, PropertyRule const& rule,
                                      std::string const& where);

}  // namespace meridian::deploy
