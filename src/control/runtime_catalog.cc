#include "control/runtime_catalog.h"

#include <fmt/format.h>

#include "model/runtimes.h"
#include "wire/service_rules.h"

namespace meridian::control {

Result<void> KnownRuntimeCatalog::check(std::string_view runtime) const {
    auto const support = model::runtime_support(runtime);
    if (!support) return fail(Errc::kInvalidParameterValue, wire::unknown_runtime(runtime));
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
