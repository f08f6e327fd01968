#include "builds/build.h"

namespace meridian::builds {

std::optional<BuildMethod> parse_method(std::string_view text) {
    if (text == "makefile") return BuildMethod::kMakefile;
    if (text == "go1.x") return BuildMethod::kGo;
    if (text == "rust-cargolambda") return BuildMethod::kRust;
    if (text.starts_with("python3.")) return BuildMethod::kPython;
    if (text.starts_with("nodejs") && text.ends_with(".x")) return BuildMethod::kNodejs;
    return std::nullopt;
}

std::string_view name_of(BuildState state) {
    switch (state) {
        case BuildState::kQueued:
            return "Queued";
        case BuildState::kRunning:
            return "Running";
        case BuildState::kSucceeded:
            return "Succeeded";
        case BuildState::kFailed:
            return "Failed";
        case BuildState::kCancelled:
            return "Cancelled";
    }
    return "?";
}

}  // namespace meridian::builds
