#pragma once
// The API's answers in normal form: defaults filled in, what only this one server knows left out,
// so that two things are the same exactly when their normal forms are. Pure; any thread.
// Source: the API model's FunctionConfiguration and its siblings; defaults are CreateFunction's.

#include <string>

#include <nlohmann/json.hpp>

namespace meridian::transfer {

// Of a FunctionConfiguration, as CreateFunction's members plus CodeSha256.
[[nodiscard]] nlohmann::json normal_configuration(nlohmann::json answer);
// What CreateFunction assumes where nothing is said.
[[nodiscard]] nlohmann::json default_configuration(std::string const& function);
// The configuration without what default_configuration says anyway.
[[nodiscard]] nlohmann::json without_defaults(nlohmann::json configuration,
                                              std::string const& function);

[[nodiscard]] nlohmann::json normal_alias(nlohmann::json const& answer);
[[nodiscard]] nlohmann::json normal_url(nlohmann::json const& answer);
[[nodiscard]] nlohmann::json normal_event_invoke_config(nlohmann::json const& answer);
// With its UUID, and Qualifier where the mapping's function has one.
[[nodiscard]] nlohmann::json normal_mapping(nlohmann::json answer);
[[nodiscard]] nlohmann::json normal_layer_version(nlohmann::json const& answer);
[[nodiscard]] nlohmann::json normal_code_signing_config(nlohmann::json const& answer);
// The statements of a resource policy's text, each without its Resource; empty for no policy.
[[nodiscard]] nlohmann::json normal_statements(std::string const& policy);

// The qualifier of a function's ARN, $LATEST where it has none.
[[nodiscard]] std::string qualifier_of(std::string const& arn);
// The ARN without it.
[[nodiscard]] std::string unqualified(std::string const& arn);

// Of GetRole's and GetPolicy's answers.
[[nodiscard]] nlohmann::json normal_role(nlohmann::json const& answer);
[[nodiscard]] nlohmann::json normal_policy(nlohmann::json const& answer);
// IAM's documents come percent-encoded. A text that is not JSON stays one.
[[nodiscard]] nlohmann::json policy_document(std::string const& encoded);
// [{Key, Value}] as {key: value}.
[[nodiscard]] nlohmann::json tags_of(nlohmann::json const& list);

}  // namespace meridian::transfer
