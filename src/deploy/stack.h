#pragma once
// What a template comes to for one region: resources of AWS's own types, in CloudFormation's form.
// The template engine makes it (template.h); plans and executions read it. Values; any thread.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::deploy {

// Where something stands in a file; counted from 1.
struct SourceMark {
    std::string file;
    int line = 0;
    int column = 0;

    bool operator==(SourceMark const&) const = default;
};
// "template.yaml:12:7".
[[nodiscard]] std::string describe(SourceMark const& mark);

// AWS::Lambda::{Function,Version,Alias,Permission,EventSourceMapping,LayerVersion,Url,
// EventInvokeConfig}, AWS::IAM::{Role,Policy,ManagedPolicy}, AWS::CloudWatch::Alarm. What SAM says
// shorter has been expanded into these.
struct StackResource {
    std::string logical_id;
    std::string type;
    // Every intrinsic function that needs no resource is replaced by its value. What names other
    // resources stands as {"Ref": …}, {"Fn::GetAtt": […]}, and functions of these, for resolve().
    //
    // Kinds are those that the type's properties have ("128" has become 128); a function's
    // Code.ZipFile is source text, as in CloudFormation.
    //
    // Code that is a local file or folder (SAM's CodeUri, ContentUri) is {"LocalPath": "src",
    // "BuildMethod": "python3.11"}: the path from the template's folder; BuildMethod (Metadata, or
    // the function's runtime) says how it is built and may be absent.
    nlohmann::json properties = nlohmann::json::object();
    std::vector<std::string> depends_on = {};  // what must be there before; each once
    SourceMark mark = {};
    std::string deletion_policy = "Delete";  // or Retain
    // SAM's AutoPublishAlias: a version that is published when the function's code or, with all
    // properties, anything of it differs from the version before. Without it a version is published
    // once, as CloudFormation does.
    bool auto_publish = false;
    bool publish_on_any_change = false;
    // AutoPublishCodeSha256: stands for the code in that comparison. Empty: the code itself.
    std::string publish_token = {};
};

// CodeDeploy's part of an alias (SAM's DeploymentPreference, CloudFormation's UpdatePolicy).
struct TrafficShift {
    std::string alias;  // logical id
    std::string type;   // "Canary10Percent5Minutes", a CodeDeploy name, or a custom one
    std::vector<nlohmann::json> alarms = {};  // names, or references to alarms of this template
    std::optional<nlohmann::json> before_allow_traffic = {};  // the hook function: its name or ARN
    std::optional<nlohmann::json> after_allow_traffic = {};
};

struct Stack {
    std::string name;
    std::string region;
    std::string account;
    // Each after everything in its depends_on.
    std::vector<StackResource> resources = {};
    std::vector<TrafficShift> shifts = {};
    std::map<std::string, nlohmann::json> outputs = {};  // for resolve()
    std::vector<std::string> ignored = {};  // foreign resources that were asked to be skipped
    // What the template says and this deploy does not do, each with where it stands: the rule
    // behind a schedule, an output's export.
    std::vector<std::string> warnings = {};
};

// What is known of a resource once it exists.
struct ResourceAttributes {
    nlohmann::json ref;                                     // what {"Ref": ID} gives
    std::map<std::string, nlohmann::json> attributes = {};  // what {"Fn::GetAtt": [ID, NAME]} gives
};
using KnownAttributes = std::map<std::string, ResourceAttributes>;

// Replaces what names resources. kInvalidParameterValue for what is not known.
[[nodiscard]] Result<nlohmann::json> resolve(nlohmann::json const& value,
                                             KnownAttributes const& known);

}  // namespace meridian::deploy
