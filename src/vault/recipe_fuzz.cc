// Recipes and packages from anywhere: any byte string splits and joins back, and what is accepted
// as a recipe is what would be written.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "vault/package_recipe.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    auto const split = vault::split_package(input);
    auto const joined = vault::join_package(
        split.recipe, split.gaps,
        [&](std::size_t n) -> Result<std::string_view> { return split.parts.at(n); });
    MERIDIAN_ASSERT(joined && *joined == input);
    auto const again = vault::parse_recipe(vault::format(split.recipe));
    MERIDIAN_ASSERT(again && *again == split.recipe);
    if (auto const recipe = vault::parse_recipe(input))
        MERIDIAN_ASSERT(vault::format(*recipe) == input);
    return 0;
}
