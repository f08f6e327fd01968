#include "deploy/resource_type.h"

#include <array>

#include <fmt/format.h>

namespace meridian::deploy {

ResourceType const* find_type(std::string_view name) noexcept {
    static std::array<ResourceType const*, 12> const kTypes = {
        &lambda_function_type(),
        &lambda_version_type(),
        &lambda_alias_type(),
        &lambda_permission_type(),
        &lambda_layer_version_type(),
        &lambda_event_source_mapping_type(),
        &lambda_url_type(),
        &lambda_event_invoke_config_type(),
        &iam_role_type(),
        &iam_policy_type(),
        &iam_managed_policy_type(),
        &cloudwatch_alarm_type(),
    };
    for (auto const* const type : kTypes) {
        if (type->name() == name) return type;
    }
    return nullptr;
}

io::Task<Standing> read_again(ResourceType const& type, Workbench& bench, Wish wish) {
    auto const id = wish.physical_id;
    MERIDIAN_CO_TRY(auto standing, co_await type.read(bench, std::move(wish)));
    if (!standing) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("{} {} is gone right after it was written.", type.name(), id));
    }
    co_return std::move(*standing);
}

}  // namespace meridian::deploy
