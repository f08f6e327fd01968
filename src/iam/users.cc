// CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser.

#include "iam/new_entity.h"
#include "iam/paging.h"

namespace meridian::iam {

io::Task<model::User> IdentityManager::create_user(Requester who, CreateUserRequest request) {
    model::User user;
    found(user, who.account);
    user.name = std::move(request.name);
    user.path = std::move(request.path);
    user.tags = std::move(request.tags);
    user.permissions_boundary = std::move(request.permissions_boundary);
    MERIDIAN_CO_CHECK(co_await add(who, user));
    co_return user;
}

Result<model::User const*> IdentityManager::get_user(model::AccountId const& account,
                                                     std::string const& name) const {
    MERIDIAN_TRY(auto const* const known, require<model::User>(account, name));
    return &known->entity;
}

Result<Page<model::User const*>> IdentityManager::list_users(model::AccountId const& account,
                                                             PageRequest const& request) const {
    return page_of("users", request,
                   by_path(parts_.directory.all<model::User>(account), request.path_prefix));
}

io::Task<> IdentityManager::update_user(Requester who, std::string name, Renaming change_to) {
    return rename<model::User>(std::move(who), std::move(name), std::move(change_to));
}

io::Task<> IdentityManager::delete_user(Requester who, std::string name) {
    co_return co_await change(who, [this, account = who.account, name]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<model::User>(account, name));
        MERIDIAN_CHECK(check_no_policies(known->entity));
        if (!keys_of(known->entity).empty()) {
            return fail(Errc::kDeleteConflict,
                        "Cannot delete entity, must delete access keys first.");
        }
        if (!known->entity.group_ids.empty()) {
            return fail(Errc::kDeleteConflict,
                        "Cannot delete entity, must remove user from groups first.");
        }
        Changes changes;
        changes.remove(*known);
        return changes;
    });
}

}  // namespace meridian::iam
