// CreateInstanceProfile, GetInstanceProfile, ListInstanceProfiles, ListInstanceProfilesForRole,
// DeleteInstanceProfile, AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile.

#include "iam/new_entity.h"
#include "iam/paging.h"

namespace meridian::iam {

namespace limits = model::limits;

io::Task<model::InstanceProfile> IdentityManager::create_instance_profile(
    Requester who, CreateInstanceProfileRequest request) {
    model::InstanceProfile profile;
    found(profile, who.account);
    profile.name = std::move(request.name);
    profile.path = std::move(request.path);
    profile.tags = std::move(request.tags);
    MERIDIAN_CO_CHECK(co_await add(who, profile));
    co_return profile;
}

Result<model::InstanceProfile const*> IdentityManager::get_instance_profile(
    model::AccountId const& account, std::string const& name) const {
    MERIDIAN_TRY(auto const* const known, require<model::InstanceProfile>(account, name));
    return &known->entity;
}

Result<Page<model::InstanceProfile const*>> IdentityManager::list_instance_profiles(
    model::AccountId const& account, PageRequest const& request) const {
    return page_of(
        "instance profiles", request,
        by_path(parts_.directory.all<model::InstanceProfile>(account), request.path_prefix));
}

std::vector<std::pair<std::string, model::InstanceProfile const*>> IdentityManager::profiles_of(
    model::Role const& role) const {
    std::vector<std::pair<std::string, model::InstanceProfile const*>> profiles;
    for (auto const& [name, known] : parts_.directory.all<model::InstanceProfile>(role.account)) {
        if (equals_ignoring_case(known.entity.role_name, role.name))
            profiles.emplace_back(name, &known.entity);
    }
    return profiles;
}

Result<Page<model::InstanceProfile const*>> IdentityManager::list_instance_profiles_for_role(
    model::AccountId const& account, std::string const& role_name,
    PageRequest const& request) const {
    MERIDIAN_TRY(auto const* const role, require<model::Role>(account, role_name));
    return page_of("instance profiles of a role", request, profiles_of(role->entity));
}

io::Task<> IdentityManager::delete_instance_profile(Requester who, std::string name) {
    co_return co_await change(who, [this, account = who.account, name]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<model::InstanceProfile>(account, name));
        if (!known->entity.role_name.empty()) {
            return fail(Errc::kDeleteConflict,
                        "Cannot delete entity, must remove roles from instance profile first.");
        }
        Changes changes;
        changes.remove(*known);
        return changes;
    });
}

io::Task<> IdentityManager::add_role_to_instance_profile(Requester who, std::string name,
                                                         std::string role_name) {
    co_return co_await change(
        who, [this, account = who.account, name, role_name]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require<model::InstanceProfile>(account, name));
            MERIDIAN_TRY(auto const* const role, require<model::Role>(account, role_name));
            auto profile = known->entity;
            if (!profile.role_name.empty()) {
                return fail(
                    Errc::kLimitExceeded,
                    fmt::format("Cannot exceed quota for InstanceSessionsPerInstanceProfile: {}",
                                limits::kRolesPerInstanceProfileMax));
            }
            profile.role_name = role->entity.name;
            Changes changes;
            changes.hold(*role);
            changes.replace(*known, profile);
            return changes;
        });
}

io::Task<> IdentityManager::remove_role_from_instance_profile(Requester who, std::string name,
                                                              std::string role_name) {
    co_return co_await change(
        who, [this, account = who.account, name, role_name]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require<model::InstanceProfile>(account, name));
            auto profile = known->entity;
            if (!equals_ignoring_case(profile.role_name, role_name)) {  // GUESS: the text
                return fail(Errc::kNoSuchEntity,
                            fmt::format("The role with name {} cannot be found.", role_name));
            }
            profile.role_name.clear();
            Changes changes;
            changes.replace(*known, profile);
            return changes;
        });
}

}  // namespace meridian::iam
