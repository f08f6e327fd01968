#include "deploy/region_stacks.h"

#include <algorithm>

#include <fmt/format.h>

namespace meridian::deploy {
namespace {

void add_once(std::vector<std::string>& all, std::string text) {
    if (std::ranges::find(all, text) == all.end()) all.push_back(std::move(text));
}

}  // namespace

io::Task<RegionStacks> make_region_stacks(Template const& parsed, RegionStacksInput input,
                                          Builder& builder) {
    RegionStacks out;
    for (auto const& region : input.regions) {
        MERIDIAN_CO_TRY(auto stack, expand(parsed, {.stack_name = input.stack_name,
                                                    .region = region,
                                                    .account = input.account,
                                                    .parameters = input.parameters,
                                                    .ignore_foreign = input.ignore_foreign}));
        for (auto const& warning : stack.warnings) add_once(out.warnings, warning);
        for (auto const& ignored : stack.ignored) {
            add_once(out.warnings, fmt::format("left out, as --ignore-foreign says: {}", ignored));
        }
        MERIDIAN_CO_TRY(out.stacks[region], co_await package_stack(std::move(stack), builder));
    }
    co_return out;
}

}  // namespace meridian::deploy
