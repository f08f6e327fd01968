#pragma once
// CloudFormation's intrinsic functions over arguments that have been evaluated already. What names
// a resource is not known yet: a function of it stays as it is (Node::is_symbolic) for resolve().
//
// Pure functions; any thread. Errors: kInvalidParameterValue, "LINE:COLUMN: text".

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/template_node.h"

namespace meridian::deploy {

// The longest text that functions may make. Ours: what a template itself may have.
inline constexpr std::size_t kMadeTextBytesMax = 1'000'000;

// Each takes the whole call's mark and its argument. The value, or the call itself where a
// resource decides.
[[nodiscard]] Result<Node> join(Mark mark, Node argument);
[[nodiscard]] Result<Node> select(Mark mark, Node argument);
[[nodiscard]] Result<Node> split(Mark mark, Node argument);
[[nodiscard]] Result<Node> base64(Mark mark, Node argument);
[[nodiscard]] Result<Node> length(Mark mark, Node argument);
[[nodiscard]] Result<Node> to_json_string(Mark mark, Node argument);

// One piece of Fn::Sub's text: literal, or what stands in ${…}.
struct SubPiece {
    std::string text;
    bool variable = false;
};
// "${!Name}" is the literal "${Name}". Errors: a variable with characters that no name has.
[[nodiscard]] Result<std::vector<SubPiece>> sub_pieces(std::string_view text, Mark mark);

// The ASCII letters and digits of it.
[[nodiscard]] std::string alphanumeric(std::string_view text);

// A scalar's text; errors name what it is `of`.
[[nodiscard]] Result<std::string> text_of(Node const& node, std::string_view of);

}  // namespace meridian::deploy
