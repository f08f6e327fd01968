#pragma once
// The parts of expand_sam_function, each in a file of its own. Values that they share.

#include <string>
#include <vector>

#include "deploy/sam_function.h"
#include "deploy/template_draft.h"

namespace meridian::deploy {

// {"Effect": "Allow", "Action": action, "Resource": resource}
[[nodiscard]] Node allow(std::string_view action, Node resource);
[[nodiscard]] Node policy_document(std::vector<Node> statements, Mark mark);
// {"PolicyName": name, "PolicyDocument": document}
[[nodiscard]] Node inline_policy(std::string name, Node document);

// What a function was made into, for what hangs under it.
struct SamFunction {
    SamResource const& resource;
    Draft& draft;
    DraftResource* role = nullptr;  // the role that SAM makes; null where the function names one
    Node target = {};  // what events, URLs and permissions go to: the alias, else the function

    [[nodiscard]] Node const* property(std::string_view name) const {
        return resource.properties.find(name);
    }
    // A resource under this one, with its deletion policy.
    DraftResource& add(std::string id, std::string type, Mark mark) {
        auto& out = draft.add(std::move(id), std::move(type), mark);
        if (resource.deletion_policy) out.deletion_policy = *resource.deletion_policy;
        return out;
    }
    // Both once each; nothing where the function has a role of its own.
    void grant_managed(std::string_view aws_policy, Mark mark);
    void grant(Node policy);
};

// sam_code.cc: CodeUri or ContentUri as the Code or Content of CloudFormation.
[[nodiscard]] Result<Node> code_location(Node const& uri, std::string_view build_method);
// A path that is built or zipped, from the template's folder.
[[nodiscard]] Node local_code_node(std::string path, std::string_view build_method, Mark mark);
// {"A": "b"} as [{"Key": "A", "Value": "b"}].
[[nodiscard]] Result<Node> tag_list(Node const* tags, Mark mark, bool created_by_sam);

// sam_role.cc: the execution role, where the function names none.
[[nodiscard]] Result<void> add_role(SamFunction& function);

// sam_deployment.cc: the version and alias of AutoPublishAlias, and DeploymentPreference.
[[nodiscard]] Result<void> add_alias(SamFunction& function);
[[nodiscard]] Result<void> add_deployment_preference(SamFunction& function);

// sam_invoke_config.cc
[[nodiscard]] Result<void> add_url(SamFunction& function);
[[nodiscard]] Result<void> add_event_invoke_config(SamFunction& function);

// sam_events.cc
[[nodiscard]] Result<void> add_events(SamFunction& function);
// sam_event_sources.cc: an event that is polled, as an event source mapping. False: it is none.
[[nodiscard]] Result<bool> add_event_source(SamFunction& function, Node::Entry const& event);
// sam_event_permissions.cc: an event that is pushed, as a permission. False: it is none.
[[nodiscard]] Result<bool> add_event_permission(SamFunction& function, Node::Entry const& event);

}  // namespace meridian::deploy
