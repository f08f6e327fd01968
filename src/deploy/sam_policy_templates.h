#pragma once
// SAM's policy templates: short names for the statements that a function often needs.
//
// Constant data and pure functions; any thread. Errors: kInvalidParameterValue, "LINE:COLUMN:
// text". Source: samtranslator/policy_templates_data/policy_templates.json, template version 0.0.1
// (DOC).

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/template_node.h"

namespace meridian::deploy {

struct PolicyStatement {
    std::string_view service;  // the actions' prefix: "sqs"
    std::string_view actions;  // without it, spaces between
    // Spaces between. ${QueueName} is a parameter; ${AWS::Partition}, ${AWS::Region} and
    // ${AWS::AccountId} are what they are in a template; "~sqs:x" is short for
    // "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:x".
    std::string_view resources;
    // Of a StringEquals condition; empty where there is none.
    std::string_view condition_key = {};
    std::string_view condition_value = {};
};

struct PolicyTemplate {
    std::string_view name;
    std::vector<PolicyStatement> statements;
};

[[nodiscard]] std::span<PolicyTemplate const> policy_templates();

struct PolicyPlace {
    std::string region;
    std::string account;
};

// The policy document of {NAME: {PARAMETER: value, …}}. Errors: no template of that name,
// parameters that are missing or that it does not have.
[[nodiscard]] Result<Node> expand_policy_template(Node::Entry const& named,
                                                  PolicyPlace const& place);

}  // namespace meridian::deploy
