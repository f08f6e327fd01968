#pragma once
// The name of a resource whose template gives none. Pure; any thread.

#include <string>
#include <string_view>

namespace meridian::deploy {

struct NameParts {
    std::string_view stack;
    std::string_view logical_id;
    // IAM's names are the account's, not a region's: part of the hash.
    std::string_view region;
    // What else tells two generations of one resource apart.
    std::string_view generation = {};
};

// Lambda's and IAM's limits of a name (API reference, FunctionName and RoleName).
inline constexpr std::size_t kNameCharsMax = 64;

// "STACK-LOGICALID-<hash>" of at most `chars_max`, the same for the same parts. The stack's name
// and then the logical id are cut where it would be longer.
[[nodiscard]] std::string physical_name(NameParts const& parts,
                                        std::size_t chars_max = kNameCharsMax);

}  // namespace meridian::deploy
