// CreateRole, GetRole, ListRoles, UpdateRole, UpdateAssumeRolePolicy, DeleteRole.

#include "iam/new_entity.h"
#include "iam/paging.h"

namespace meridian::iam {

io::Task<model::Role> IdentityManager::create_role(Requester who, CreateRoleRequest request) {
    MERIDIAN_CO_CHECK(
        policy::Document::parse(policy::DocumentKind::kTrust, request.assume_role_policy_document));
    model::Role role;
    found(role, who.account);
    role.name = std::move(request.name);
    role.path = std::move(request.path);
    role.description = std::move(request.description);
    role.assume_role_policy_document = std::move(request.assume_role_policy_document);
    role.max_session_seconds = request.max_session_seconds;
    role.tags = std::move(request.tags);
    role.permissions_boundary = std::move(request.permissions_boundary);
    MERIDIAN_CO_CHECK(co_await add(who, role));
    co_return role;
}

Result<model::Role const*> IdentityManager::get_role(model::AccountId const& account,
                                                     std::string const& name) const {
    MERIDIAN_TRY(auto const* const known, require<model::Role>(account, name));
    return &known->entity;
}

Result<Page<model::Role const*>> IdentityManager::list_roles(model::AccountId const& account,
                                                             PageRequest const& request) const {
    return page_of("roles", request,
                   by_path(parts_.directory.all<model::Role>(account), request.path_prefix));
}

io::Task<> IdentityManager::update_role(Requester who, std::string name, RoleChange change_to) {
    if (change_to.assume_role_policy_document) {
        MERIDIAN_CO_CHECK(policy::Document::parse(policy::DocumentKind::kTrust,
                                                  *change_to.assume_role_policy_document));
    }
    co_return co_await change(
        who, [this, account = who.account, name, change_to]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require<model::Role>(account, name));
            auto role = known->entity;
            if (change_to.description) role.description = *change_to.description;
            if (change_to.max_session_seconds)
                role.max_session_seconds = *change_to.max_session_seconds;
            if (change_to.assume_role_policy_document)
                role.assume_role_policy_document = *change_to.assume_role_policy_document;
            Changes changes;
            changes.replace(*known, role);
            return changes;
        });
}

io::Task<> IdentityManager::delete_role(Requester who, std::string name) {
    co_return co_await change(who, [this, account = who.account, name]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<model::Role>(account, name));
        MERIDIAN_CHECK(check_no_policies(known->entity));
        if (!profiles_of(known->entity).empty()) {
            return fail(Errc::kDeleteConflict,
                        "Cannot delete entity, must remove roles from instance profile first.");
        }
        Changes changes;
        changes.remove(*known);
        return changes;
    });
}

}  // namespace meridian::iam
