#pragma once
// pipeline.yaml (docs/formats/pipeline.md): what happens to a commit, stage by stage. What is not
// known is refused with line and column. Values; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::pipeline {

inline constexpr std::string_view kDefinitionFile = "pipeline.yaml";

// Ours, all of them.
inline constexpr std::size_t kDefinitionBytesMax = 64UL * 1024;
inline constexpr std::size_t kStagesMax = 50;
inline constexpr std::size_t kPackagesMax = 50;    // of one stage
inline constexpr std::size_t kTestCasesMax = 200;  // of one stage
inline constexpr std::size_t kWavesMax = 20;
inline constexpr std::size_t kRegionsMax = 50;  // of one wave
inline constexpr std::size_t kTextCharsMax = 1'000;
inline constexpr int kBakeSecondsMax = 24 * 60 * 60;

enum class StageKind : std::uint8_t { kBuild, kTest, kDeploy, kApprove, kPromote };
[[nodiscard]] std::string_view name_of(StageKind kind) noexcept;
// kCorrupt for a name that is none.
[[nodiscard]] Result<StageKind> parse_stage_kind(std::string_view name);

struct StageDefinition {
    std::string name;
    StageKind kind = StageKind::kBuild;
    // build    {"Packages": {NAME: FOLDER or {"Folder", "Method", "Runtime"?, "Handler"?}}}
    // test     {"Region"?: REGION,
    //           "Cases": [{"Function", "Qualifier"?, "Event", "Expect", "Match"}]}
    // deploy   {"Functions": {FUNCTION: PACKAGE}, "Waves": [[REGION]], "BakeSeconds": N}, or
    //          {"Template": FOLDER, "Stack", "Parameters": {NAME: VALUE}, "Waves", "BakeSeconds"}
    // approve  {"Message": TEXT}
    // promote  {"Alias"?: NAME, "Baseline": BOOL}
    nlohmann::json settings = nlohmann::json::object();

    bool operator==(StageDefinition const&) const = default;
};

struct Definition {
    std::vector<StageDefinition> stages;
};

// kInvalidParameterValue: "pipeline.yaml:3:5: …".
[[nodiscard]] Result<Definition> parse_definition(std::string_view text);

}  // namespace meridian::pipeline
