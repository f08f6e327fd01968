#pragma once
// A template's text as a tree: YAML 1.1 as CloudFormation reads it, of which JSON is nearly a part.
// One document, string keys, each once. Anchors, aliases and merge keys are expanded, within
// limits.
//
// Errors: kInvalidParameterValue, "LINE:COLUMN: text".

#include <cstddef>
#include <string_view>

#include "deploy/template_node.h"

namespace meridian::deploy {

inline constexpr std::size_t kTemplateBytesMax = 1'000'000;  // DOC: CloudFormation's, from S3
// After aliases and loops are expanded. Ours: forty times a template of 500 large functions.
inline constexpr std::size_t kTemplateNodesMax = 200'000;
inline constexpr std::size_t kTemplateDepthMax = 64;  // ours
// Keys of one map. Ours: ten times the resources that a template may have.
inline constexpr std::size_t kMapEntriesMax = 5'000;

[[nodiscard]] Result<Node> parse_yaml(std::string_view text);

}  // namespace meridian::deploy
