#pragma once
// A text of a policy as the policy means it: `*` and `?` that stand for other characters, `${key}`
// that stands for a value of the request, and the rest, which stands for itself. Immutable; any
// thread. Source: IAM User Guide, "IAM policy elements: Variables and tags".

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/request_context.h"

namespace meridian::policy {

// In a compiled pattern. No UTF-8 text holds these bytes, so a literal '*' cannot be taken for one.
inline constexpr char kAnyRun = '\xFF';
inline constexpr char kAnyCharacter = '\xFE';

// Whether `text` is what a compiled pattern describes.
[[nodiscard]] bool matches_wildcards(std::string_view pattern, std::string_view text);
// The same for ARNs: each of the six parts by itself, so that a wildcard ends at a colon; but one
// that ends the pattern goes to the end of the ARN.
[[nodiscard]] bool matches_arn(std::string_view pattern, std::string_view arn);

class TextPattern {
  public:
    struct Options {
        bool wildcards = true;
        bool variables = true;  // not in documents of version 2008-10-17
    };

    TextPattern(std::string_view text, Options options);

    // The compiled pattern with the request's values in it, literally. `buffer` is used if there is
    // something to fill in; the view holds as long as both. Nothing if a variable has no value and
    // no default, or several values: then the text matches nothing.
    [[nodiscard]] std::optional<std::string_view> fill(RequestContext const& context,
                                                       std::string& buffer) const;

  private:
    struct Variable {
        std::string key;  // lower case
        std::optional<std::string> otherwise;
        std::string after;  // compiled text up to the next variable
    };

    void read_variable(std::string_view inside);
    std::string& tail() { return variables_.empty() ? head_ : variables_.back().after; }

    std::string head_;
    std::vector<Variable> variables_;
};

}  // namespace meridian::policy
