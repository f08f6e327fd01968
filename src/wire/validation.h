#pragma once
// The constraints of the API model, with AWS's words for each way to break them. Pure; any thread.

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "wire/api_model.h"

namespace meridian::wire {

// A request of a megabyte can break as many constraints as it has bytes; the message stops here.
// Ours.
inline constexpr std::size_t kValidationDetailsMax = 32;
inline constexpr std::size_t kQuotedValueBytesMax = 4'096;  // of one value in the message

// Whether messages show what was given. IAM's do not: "Value at 'versionId' failed …" (recorded
// 2026-02).
enum class GivenValues { kShown, kWithheld };

// Checks `input`, whose members have the right JSON types, against its shape. kValidation with
// "2 validation errors detected: Value '…' at 'functionName' failed to satisfy constraint: …; …",
// the details in model order.
[[nodiscard]] Result<void> validate(ShapeId structure, nlohmann::json const& input,
                                    GivenValues given = GivenValues::kShown);

}  // namespace meridian::wire
