#pragma once
// A stack in the making: what the sections and SAM's transform have made so far, with marks, before
// properties are checked and references are linked (template_link.h).
//
// Owned by one expansion; not for several threads.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deploy/template_node.h"

namespace meridian::deploy {

struct DraftResource {
    std::string id;
    std::string type;
    Mark mark = {};
    Node properties = {};               // a map, evaluated; references stand as they are
    std::vector<Node> depends_on = {};  // texts
    std::string deletion_policy = "Delete";
    bool auto_publish = false;
    bool publish_on_any_change = false;
    std::string publish_token = {};
};

struct DraftShift {
    std::string alias;
    // A name, or a reference to an AWS::CodeDeploy::DeploymentConfig until it is linked.
    Node type = {};
    std::vector<Node> alarms = {};
    std::optional<Node> before = {};
    std::optional<Node> after = {};
};

struct Note {
    Mark mark;
    std::string text;
};

struct Draft {
    bool ignore_foreign = false;
    std::string region;
    std::string account;
    std::string stack_name;

    std::deque<DraftResource> resources = {};  // references to them stay valid
    std::vector<DraftShift> shifts = {};
    // SAM's names for what it makes: {"MyFunction", "Alias"} is MyFunctionAliaslive.
    std::map<std::pair<std::string, std::string>, std::string> made_by = {};
    // Declared, but not in the stack, and why: a false condition, a foreign type.
    struct Absent {
        std::string why;
        bool foreign = false;
    };
    std::map<std::string, Absent, std::less<>> absent = {};
    // What names resources in places that make nothing here: checked to exist, no more.
    std::vector<Node> mentions = {};
    // AWS::CodeDeploy's resources by logical id, and the UpdatePolicies of resources
    // (code_deploy.h).
    struct CodeDeploy {
        std::string type;
        Node properties;
    };
    std::map<std::string, CodeDeploy> code_deploy = {};
    struct UpdatePolicy {
        std::string resource;
        std::string type;  // the resource's
        Mark mark;
        Node value;
    };
    std::vector<UpdatePolicy> update_policies = {};
    std::vector<Note> ignored = {};
    std::vector<Note> warnings = {};

    DraftResource& add(std::string id, std::string type, Mark mark) {
        resources.push_back({.id = std::move(id),
                             .type = std::move(type),
                             .mark = mark,
                             .properties = Node::map(mark)});
        return resources.back();
    }
};

}  // namespace meridian::deploy
