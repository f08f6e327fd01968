#pragma once
// A Lambda function as values: what its owner set, what a version froze, and what state this region
// has it in.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/code_package.h"
#include "model/function_settings.h"
#include "model/names.h"

namespace meridian::model {

using Tags = std::map<std::string, std::string>;

// AWS shows a new RevisionId when a creation or an update settles. That moment is a region-local
// status and is never logged, so both ids are minted with the change (docs/decisions/0002).
struct RevisionIds {
    RevisionId while_in_progress;
    RevisionId settled;

    bool operator==(RevisionIds const&) const = default;
};

// One version of a function: $LATEST, which changes, or a published one, which never does.
struct FunctionVersion {
    Version version{kLatest};
    FunctionSettings settings;
    CodePackage code;
    WallTime last_modified;
    RevisionIds revision;

    bool operator==(FunctionVersion const&) const = default;
};

// The packages that lie under /opt, in order.
[[nodiscard]] inline std::vector<CodeSha256> layer_packages(
    std::vector<LayerReference> const& layers) {
    std::vector<CodeSha256> packages;
    packages.reserve(layers.size());
    for (auto const& layer : layers) packages.push_back(layer.code.sha256);
    return packages;
}
[[nodiscard]] inline std::vector<CodeSha256> layer_packages(FunctionSettings const& settings) {
    return layer_packages(settings.layers);
}

struct Function {
    AccountId account;
    FunctionName name;
    FunctionVersion latest;
    Tags tags;
    std::uint64_t last_version = 0;  // highest number ever published; never goes down
    // $LATEST's own description when last_version was published. The version may show another one,
    // and whether $LATEST has changed since is asked of what it was then.
    std::string last_published_description = {};

    bool operator==(Function const&) const = default;
};

// Lambda Developer Guide, "Lambda function states". Persisted as text.
enum class State { kPending, kActive, kInactive, kFailed };
enum class LastUpdateStatus { kSuccessful, kFailed, kInProgress };

// A region's own view of a function; never replicated.
struct FunctionStatus {
    State state = State::kPending;
    std::string state_reason = {};
    std::string state_reason_code = {};
    LastUpdateStatus last_update = LastUpdateStatus::kSuccessful;
    std::string last_update_reason = {};
    std::string last_update_reason_code = {};

    bool operator==(FunctionStatus const&) const = default;
};

[[nodiscard]] constexpr char const* name_of(State state) {
    switch (state) {
        case State::kPending:
            return "Pending";
        case State::kActive:
            return "Active";
        case State::kInactive:
            return "Inactive";
        case State::kFailed:
            return "Failed";
    }
    return "?";
}

[[nodiscard]] constexpr char const* name_of(LastUpdateStatus status) {
    switch (status) {
        case LastUpdateStatus::kSuccessful:
            return "Successful";
        case LastUpdateStatus::kFailed:
            return "Failed";
        case LastUpdateStatus::kInProgress:
            return "InProgress";
    }
    return "?";
}

// Which id the API shows now.
[[nodiscard]] inline RevisionId const& visible_revision(RevisionIds const& ids,
                                                        FunctionStatus const& status) {
    bool const settled =
        status.state != State::kPending && status.last_update != LastUpdateStatus::kInProgress;
    return settled ? ids.settled : ids.while_in_progress;
}

}  // namespace meridian::model
