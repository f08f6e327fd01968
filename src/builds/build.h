#pragma once
// What a build is asked for, the states that it goes through, and its limits. Values; any thread.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/transitions.h"
#include "builds/registries.h"
#include "model/names.h"

namespace meridian::builds {

using namespace std::chrono_literals;

// How sources become a package, by SAM's BuildMethod.
enum class BuildMethod {
    kMakefile,  // makefile
    kPython,    // python3.x
    kNodejs,    // nodejsNN.x
    kGo,        // go1.x
    kRust,      // rust-cargolambda
};
// Nothing for a method that is not built here.
[[nodiscard]] std::optional<BuildMethod> parse_method(std::string_view text);

// A build runs in a directory that is the same for all, so that its place is in no package.
inline constexpr char const* kSourceDirectory = "/var/task";  // read-only
inline constexpr char const* kWorkDirectory = "/tmp/build";
inline constexpr char const* kArtifactsDirectory = "/tmp/artifacts";
inline constexpr char const* kHomeDirectory = "/tmp/home";

struct BuildRequest {
    model::AccountId account = {};
    std::string logical_id = {};
    BuildMethod method = BuildMethod::kMakefile;
    std::string runtime = {};  // whose bundle has the tools
    bool is_layer = false;
    std::string handler = {};  // which of several Rust programs it is; may be empty
    model::CodeSha256 source = {};
};

// What the operator sets (`build:` in meridian.yaml).
struct BuildSettings {
    std::chrono::seconds timeout = 15min;
    std::uint64_t memory_bytes = 2048UL * 1024 * 1024;
    std::uint64_t storage_bytes = 4096UL * 1024 * 1024;  // of /tmp
    // None: builds have no network at all.
    Registries registries = {};
    std::uint64_t network_bytes_max = 2048UL * 1024 * 1024;  // to and from them, a build
    std::map<std::string, std::string> environment = {};     // mirrors: PIP_INDEX_URL, …
};

// --- Limits; ours ---
// At once in a region; beyond it builds wait in line, and beyond that they are refused.
inline constexpr std::size_t kRunningBuildsMax = 2;
inline constexpr std::size_t kQueuedBuildsMax = 16;
inline constexpr std::uint32_t kBuildCpuMilli = 2'000;
inline constexpr std::uint32_t kBuildProcessesMax = 1'024;
// To registries; npm opens 15 at a time.
inline constexpr std::size_t kBuildConnectionsMax = 64;
inline constexpr auto kRegistryConnectTimeout = 30s;
inline constexpr auto kRegistryIdleTimeout = 120s;
// A build that nobody has asked about for so long has lost its client.
inline constexpr auto kUnattendedMax = 30s;
// How long a question about a build waits for news.
inline constexpr auto kNewsWaitMax = 10s;
// How long, and how many, that are over are still answered for.
inline constexpr auto kFinishedKept = 10min;
inline constexpr std::size_t kFinishedBuildsMax = 64;
// Of a build's output the beginning and the end are kept.
inline constexpr std::size_t kLogBeginningBytesMax = 960UL * 1024;
inline constexpr std::size_t kLogEndBytesMax = 64UL * 1024;
inline constexpr std::size_t kLogicalIdCharsMax = 255;  // DOC: CloudFormation, logical ids

enum class BuildState : std::uint8_t { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
enum class BuildEvent : std::uint8_t {
    kStarted,    // a place is free
    kPackaged,   // its package is stored
    kBroken,     // the step failed, or a limit was reached
    kAbandoned,  // its client said so, is gone, or the region stops
};
inline constexpr auto kBuildTransitions = std::to_array<Transition<BuildState, BuildEvent>>({
    {BuildState::kQueued, BuildEvent::kStarted, BuildState::kRunning},
    {BuildState::kQueued, BuildEvent::kAbandoned, BuildState::kCancelled},
    {BuildState::kRunning, BuildEvent::kPackaged, BuildState::kSucceeded},
    {BuildState::kRunning, BuildEvent::kBroken, BuildState::kFailed},
    {BuildState::kRunning, BuildEvent::kAbandoned, BuildState::kCancelled},
});
static_assert(is_deterministic(kBuildTransitions));

[[nodiscard]] constexpr bool is_over(BuildState state) {
    return state != BuildState::kQueued && state != BuildState::kRunning;
}
[[nodiscard]] std::string_view name_of(BuildState state);

}  // namespace meridian::builds
