#pragma once
// A policy document, checked and made ready to be evaluated. Immutable; any thread.
// Source: IAM User Guide, "IAM JSON policy element reference".

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/condition.h"
#include "policy/principal.h"
#include "policy/text_pattern.h"

namespace meridian::policy {

enum class DocumentKind {
    kIdentity,  // of a user, group or role; also a session policy and a boundary: no Principal
    kResource,  // of a function or a layer version: names principals
    kTrust,     // of a role: who may assume it; no Resource
};

struct Statement {
    enum class Effect { kAllow, kDeny };

    std::string sid;
    Effect effect = Effect::kDeny;
    std::optional<PrincipalElement> principals;  // a kIdentity document's have none
    bool not_principal = false;
    std::vector<std::string> actions;  // compiled patterns in lower case
    bool not_action = false;
    std::vector<TextPattern> resources;  // none in a kTrust document: the role itself
    bool not_resource = false;
    std::vector<Condition> conditions;
};

class Document {
  public:
    // Errors, with IAM's texts: kMalformedPolicyDocument; kLimitExceeded for a trust policy above
    // its quota. Quotas of identity policies are sums, or differ by use: they are the caller's,
    // with counted_chars().
    [[nodiscard]] static Result<Document> parse(DocumentKind kind, std::string_view text);

    [[nodiscard]] std::vector<Statement> const& statements() const noexcept { return statements_; }
    // Whether aws:ResourceTag stands anywhere in it: who evaluates it had better know the tags.
    [[nodiscard]] bool mentions_resource_tags() const noexcept { return mentions_resource_tags_; }

  private:
    bool mentions_resource_tags_ = false;
    std::vector<Statement> statements_;
};

// The length that IAM's quotas count: in characters, without white space.
[[nodiscard]] std::size_t counted_chars(std::string_view text) noexcept;

}  // namespace meridian::policy
