#include "control/runtime_catalog.h"

#include <fmt/format.h>

#include "model/runtimes.h"

namespace meridian::control {

namespace {

std::unexpected<Error> unknown(std::string_view runtime) {
    std::string known;
    for (auto const& candidate : model::kKnownRuntimes) {
        if (candidate.support != model::RuntimeSupport::kSupported) continue;
        if (!known.empty()) known += ", ";
        known += candidate.name;
    }
    return fail(Errc::kInvalidParameterValue,
                fmt::format("Value {} at 'runtime' failed to satisfy constraint: Member must "
                            "satisfy enum value set: "
                            "[{}] or be a valid ARN",
                            runtime, known));
}

}  // namespace

Result<void> KnownRuntimeCatalog::check(std::string_view runtime) const {
    auto const support = model::runtime_support(runtime);
    if (!support) return unknown(runtime);
    if (installed_.is_installed(runtime)) return {};
    if (*support == model::RuntimeSupport::kDeprecated) {
        return fail(
            Errc::kInvalidParameterValue,
            fmt::format(
                "The runtime parameter of {} is no longer supported for creating or updating AWS "
                "Lambda functions. We recommend you use a supported runtime while creating or "
                "updating functions.",
                runtime));
    }
    return fail(
        Errc::kInvalidParameterValue,
        fmt::format(
            "The runtime {} is not installed here. Install it with `meridian runtime build {}` on "
            "each node and try again.",
            runtime, runtime));
}

}  // namespace meridian::control
