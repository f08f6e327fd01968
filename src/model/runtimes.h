#pragma once
// The runtime identifiers that AWS knows and where each stands in its life. Which of them can run
// *here* is a question to the installed bundles (invoke/runtime_bundles.h).

#include <optional>
#include <string_view>

namespace meridian::model {

enum class RuntimeSupport {
    kSupported,   // may be created and updated
    kDeprecated,  // AWS refuses new functions with it
};

struct KnownRuntime {
    std::string_view name;
    RuntimeSupport support;
};

// Source: Developer Guide, "Lambda runtimes", as of 2026, with the API model's enum. A runtime that
// AWS has deprecated but whose client Meridian installs (nodejs20.x) stays supported here: nobody's
// function has to move because a date passed. Those that are supported stand in the order in which
// the service lists them: recorded in 2024, newer ones by the rule that explains it (the buckets of
// a Java HashMap).
inline constexpr KnownRuntime kKnownRuntimes[] = {
    {"nodejs20.x", RuntimeSupport::kSupported},      {"python3.14", RuntimeSupport::kSupported},
    {"provided.al2023", RuntimeSupport::kSupported}, {"python3.15", RuntimeSupport::kSupported},
    {"python3.12", RuntimeSupport::kSupported},      {"python3.13", RuntimeSupport::kSupported},
    {"nodejs24.x", RuntimeSupport::kSupported},      {"nodejs22.x", RuntimeSupport::kSupported},
    {"java17.al2023", RuntimeSupport::kSupported},   {"java17", RuntimeSupport::kSupported},
    {"java25", RuntimeSupport::kSupported},          {"dotnet10", RuntimeSupport::kSupported},
    {"nodejs26.x", RuntimeSupport::kSupported},      {"dotnet8", RuntimeSupport::kSupported},
    {"python3.10", RuntimeSupport::kSupported},      {"java8.al2023", RuntimeSupport::kSupported},
    {"java11", RuntimeSupport::kSupported},          {"python3.11", RuntimeSupport::kSupported},
    {"java21", RuntimeSupport::kSupported},          {"provided.al2", RuntimeSupport::kSupported},
    {"ruby3.3", RuntimeSupport::kSupported},         {"ruby3.4", RuntimeSupport::kSupported},
    {"ruby4.0", RuntimeSupport::kSupported},         {"java8.al2", RuntimeSupport::kSupported},
    {"ruby3.2", RuntimeSupport::kSupported},         {"java11.al2023", RuntimeSupport::kSupported},
    {"nodejs", RuntimeSupport::kDeprecated},         {"nodejs4.3", RuntimeSupport::kDeprecated},
    {"nodejs4.3-edge", RuntimeSupport::kDeprecated}, {"nodejs6.10", RuntimeSupport::kDeprecated},
    {"nodejs8.10", RuntimeSupport::kDeprecated},     {"nodejs10.x", RuntimeSupport::kDeprecated},
    {"nodejs12.x", RuntimeSupport::kDeprecated},     {"nodejs14.x", RuntimeSupport::kDeprecated},
    {"nodejs16.x", RuntimeSupport::kDeprecated},     {"nodejs18.x", RuntimeSupport::kDeprecated},
    {"python2.7", RuntimeSupport::kDeprecated},      {"python3.6", RuntimeSupport::kDeprecated},
    {"python3.7", RuntimeSupport::kDeprecated},      {"python3.8", RuntimeSupport::kDeprecated},
    {"python3.9", RuntimeSupport::kDeprecated},      {"java8", RuntimeSupport::kDeprecated},
    {"dotnetcore1.0", RuntimeSupport::kDeprecated},  {"dotnetcore2.0", RuntimeSupport::kDeprecated},
    {"dotnetcore2.1", RuntimeSupport::kDeprecated},  {"dotnetcore3.1", RuntimeSupport::kDeprecated},
    {"dotnet6", RuntimeSupport::kDeprecated},        {"go1.x", RuntimeSupport::kDeprecated},
    {"ruby2.5", RuntimeSupport::kDeprecated},        {"ruby2.7", RuntimeSupport::kDeprecated},
    {"provided", RuntimeSupport::kDeprecated},
};

[[nodiscard]] constexpr std::optional<RuntimeSupport> runtime_support(std::string_view name) {
    for (auto const& runtime : kKnownRuntimes) {
        if (runtime.name == name) return runtime.support;
    }
    return std::nullopt;
}

[[nodiscard]] constexpr bool is_provided(std::string_view name) {
    return name.starts_with("provided");
}

}  // namespace meridian::model
