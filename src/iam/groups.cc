// CreateGroup, GetGroup, ListGroups, UpdateGroup, DeleteGroup, and who is in them.

#include <algorithm>

#include "base/ascii.h"
#include "iam/new_entity.h"
#include "iam/paging.h"

namespace meridian::iam {

namespace {
namespace limits = model::limits;
}  // namespace

io::Task<model::Group> IdentityManager::create_group(Requester who, std::string name,
                                                     std::string path) {
    model::Group group;
    found(group, who.account);
    group.name = std::move(name);
    group.path = std::move(path);
    MERIDIAN_CO_CHECK(co_await add(who, group));
    co_return group;
}

Result<model::Group const*> IdentityManager::get_group(model::AccountId const& account,
                                                       std::string const& name) const {
    MERIDIAN_TRY(auto const* const known, require<model::Group>(account, name));
    return &known->entity;
}

Result<Page<model::User const*>> IdentityManager::list_group_members(
    model::AccountId const& account, std::string const& name, PageRequest const& request) const {
    MERIDIAN_TRY(auto const* const group, require<model::Group>(account, name));
    std::vector<std::pair<std::string, model::User const*>> members;
    for (auto const& [user_name, known] : parts_.directory.all<model::User>(account)) {
        if (known.entity.group_ids.contains(group->entity.id))
            members.emplace_back(user_name, &known.entity);
    }
    return page_of("group members", request, std::move(members));
}

Result<Page<model::Group const*>> IdentityManager::list_groups(model::AccountId const& account,
                                                               PageRequest const& request) const {
    return page_of("groups", request,
                   by_path(parts_.directory.all<model::Group>(account), request.path_prefix));
}

Result<Page<model::Group const*>> IdentityManager::list_groups_for_user(
    model::AccountId const& account, std::string const& user_name,
    PageRequest const& request) const {
    MERIDIAN_TRY(auto const* const user, require<model::User>(account, user_name));
    std::vector<std::pair<std::string, model::Group const*>> groups;
    for (auto const& id : user->entity.group_ids) {
        if (auto const* const group = parts_.directory.find_group_by_id(id))
            groups.emplace_back(lowered(group->entity.name), &group->entity);
    }
    std::ranges::sort(groups);
    return page_of("groups of a user", request, std::move(groups));
}

io::Task<> IdentityManager::update_group(Requester who, std::string name, Renaming change_to) {
    return rename<model::Group>(std::move(who), std::move(name), std::move(change_to));
}

bool IdentityManager::has_members(model::Group const& group) const {
    return std::ranges::any_of(
        parts_.directory.all<model::User>(group.account),
        [&](auto const& item) { return item.second.entity.group_ids.contains(group.id); });
}

io::Task<> IdentityManager::delete_group(Requester who, std::string name) {
    co_return co_await change(who, [this, account = who.account, name]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<model::Group>(account, name));
        MERIDIAN_CHECK(check_no_policies(known->entity));
        if (has_members(known->entity)) {
            return fail(Errc::kDeleteConflict,
                        "Cannot delete entity, must remove users from group first.");
        }
        Changes changes;
        changes.remove(*known);
        return changes;
    });
}

io::Task<> IdentityManager::add_user_to_group(Requester who, std::string user_name,
                                              std::string group_name) {
    co_return co_await change(
        who, [this, account = who.account, user_name, group_name]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const group, require<model::Group>(account, group_name));
            MERIDIAN_TRY(auto const* const known, require<model::User>(account, user_name));
            auto user = known->entity;
            if (!user.group_ids.insert(group->entity.id).second) return Changes{};
            if (user.group_ids.size() > limits::kGroupsPerUserMax) {
                return fail(Errc::kLimitExceeded,
                            fmt::format("Cannot exceed quota for GroupsPerUser: {}",
                                        limits::kGroupsPerUserMax));
            }
            Changes changes;
            changes.hold(*group);
            changes.replace(*known, user);
            return changes;
        });
}

io::Task<> IdentityManager::remove_user_from_group(Requester who, std::string user_name,
                                                   std::string group_name) {
    co_return co_await change(
        who, [this, account = who.account, user_name, group_name]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require<model::User>(account, user_name));
            MERIDIAN_TRY(auto const* const group, require<model::Group>(account, group_name));
            auto user = known->entity;
            if (user.group_ids.erase(group->entity.id) == 0) return Changes{};
            Changes changes;
            changes.replace(*known, user);
            return changes;
        });
}

}  // namespace meridian::iam
