#pragma once
// Whether JSON is a policy document of a kind, in the order in which IAM looks and with its texts.
// Pure; any thread. Source: the texts of identity policies as recorded from IAM (the cases stand in
// document_test.cc); those of trust policies from its documents.

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "policy/document.h"

namespace meridian::policy {

// kMalformedPolicyDocument. Values of conditions and principals are checked where they are compiled
// (Condition::compile, PrincipalElement::parse).
[[nodiscard]] Result<void> check_identity_document(nlohmann::json const& document);
[[nodiscard]] Result<void> check_resource_document(nlohmann::json const& document);
[[nodiscard]] Result<void> check_trust_document(nlohmann::json const& document);

}  // namespace meridian::policy
