// GetRole and ListRoles.

#include <algorithm>

#include "control/control_plane.h"
#include "control/page_marker.h"
#include "control/role_records.h"

namespace meridian::control {

namespace {
constexpr std::string_view kRoles = "roles";
constexpr std::size_t kRolesPageMax = 1'000;  // ListRoles' MaxItems
}  // namespace

io::Task<ControlPlane::StoredRole> ControlPlane::load_role(model::AccountId account,
                                                           std::string name) {
    auto const key = role_key(account, name);
    MERIDIAN_CO_TRY(auto record, co_await parts_.account_store.get(key));
    if (!record)
        co_return fail(Errc::kNoSuchEntity, "The role with name " + name + " cannot be found.");
    MERIDIAN_CO_TRY(auto role, role_from_record(key, record->value));
    co_return StoredRole{std::move(role), record->sequence};
}

io::Task<model::Role> ControlPlane::get_role(Requester who, std::string name) {
    MERIDIAN_CO_TRY(auto stored, co_await load_role(who.account, std::move(name)));
    co_return std::move(stored.role);
}

io::Task<RolePage> ControlPlane::list_roles(Requester who, ListRolesRequest request) {
    PagePosition position;
    if (!request.marker.empty()) {
        auto const decoded = decode_marker(kRoles, request.marker);
        if (!decoded) co_return fail(Errc::kValidation, "Invalid Marker.");
        position = *decoded;
    }
    auto const size = std::clamp<std::size_t>(request.max_items, 1, kRolesPageMax);
    RolePage page;
    std::string after = position.after_name;
    for (;;) {
        store::Scan scan{.account = who.account,
                         .kind = store::Kind::kIamRole,
                         .after_id = after,
                         .limit = size + 1};
        MERIDIAN_CO_TRY(auto records, co_await parts_.account_store.scan(std::move(scan)));
        for (auto const& record : records) {
            MERIDIAN_CO_TRY(auto role, role_from_record(record.key, record.value));
            if (role.path.starts_with(request.path_prefix)) {
                if (page.roles.size() == size) {
                    page.next_marker = encode_marker(
                        kRoles, {role_key(who.account, page.roles.back().name).id, 0});
                    co_return page;
                }
                page.roles.push_back(std::move(role));
            }
            after = record.key.id;
        }
        if (records.size() < size + 1) co_return page;
    }
}

}  // namespace meridian::control
