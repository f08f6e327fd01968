#pragma once
// AWS::Serverless::Function and AWS::Serverless::LayerVersion as the resources that SAM makes of
// them, under SAM's logical ids: MyFunctionRole, MyFunctionAliaslive, MyFunctionUrl. One
// difference: the ids of versions and layers carry no hash (MyFunctionVersion, MyLayer); whether a
// new version is published is decided against what is there (StackResource::auto_publish), not by
// an id that changes.
//
// Errors: kInvalidParameterValue, "LINE:COLUMN: text".
// Source: aws/serverless-application-model, samtranslator/model/sam_resources.py (DOC).

#include <optional>
#include <string>
#include <vector>

#include "deploy/template_draft.h"

namespace meridian::deploy {

struct SamResource {
    std::string id;
    Mark mark = {};
    Node properties = {};  // with Globals, evaluated
    std::vector<Node> depends_on = {};
    std::optional<std::string> deletion_policy = {};
    // Metadata's BuildMethod; SkipBuild: true.
    std::string build_method = {};
    bool skip_build = false;
};

[[nodiscard]] Result<void> expand_sam_function(Draft& draft, SamResource const& resource);
[[nodiscard]] Result<void> expand_sam_layer(Draft& draft, SamResource const& resource);

}  // namespace meridian::deploy
