#pragma once
// What making a user, a group or a role has in common: members of IdentityManager for its own
// files.

#include <fmt/format.h>

#include "base/ascii.h"
#include "iam/identity_manager.h"
#include "iam/words.h"

namespace meridian::iam {

inline constexpr std::size_t kEntityIdRandomChars = 17;

template <typename Entity>
void IdentityManager::found(Entity& entity, model::AccountId const& account) {
    entity.account = account;
    entity.id =
        Entity::kIdPrefix + make_token(parts_.random, kUpperAlphanumeric, kEntityIdRandomChars);
    entity.created = parts_.clock.wall_now();
}

template <typename Entity>
Result<void> IdentityManager::check_new(Entity const& entity) const {
    auto const& words = kWords<Entity>;
    if (parts_.directory.find<Entity>(entity.account, entity.name) != nullptr) {
        return fail(Errc::kEntityAlreadyExists,
                    fmt::format("{}{} {} already exists.", words.capitalised, words.with_name,
                                entity.name));
    }
    if (parts_.directory.all<Entity>(entity.account).size() >= words.per_account_max) {
        return fail(Errc::kLimitExceeded, fmt::format("Cannot exceed quota for {}PerAccount: {}",
                                                      words.plural, words.per_account_max));
    }
    return {};
}

template <typename Entity>
io::Task<> IdentityManager::add(Requester who, Entity entity) {
    co_return co_await change(who, [this, entity]() -> Result<Changes> {
        MERIDIAN_CHECK(check_new(entity));
        Changes changes;
        if constexpr (requires { entity.permissions_boundary; }) {
            MERIDIAN_CHECK(add_boundary(entity.account, entity.permissions_boundary, changes));
        }
        changes.create(entity);
        return changes;
    });
}

template <typename Entity>
io::Task<> IdentityManager::rename(Requester who, std::string name, Renaming change_to) {
    co_return co_await change(
        who, [this, account = who.account, name, change_to]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
            auto entity = known->entity;
            if (change_to.path) entity.path = *change_to.path;
            if (change_to.name) entity.name = *change_to.name;
            if (!equals_ignoring_case(entity.name, name)) {
                MERIDIAN_CHECK(check_new(entity));
            }
            Changes changes;
            changes.replace(*known, entity);
            return changes;
        });
}

// Those whose path begins so, by name.
template <typename Entity>
[[nodiscard]] std::vector<std::pair<std::string, Entity const*>> by_path(
    Entities<Entity> const& entities, std::string const& path_prefix) {
    std::vector<std::pair<std::string, Entity const*>> out;
    for (auto const& [name, known] : entities) {
        if (known.entity.path.starts_with(path_prefix)) out.emplace_back(name, &known.entity);
    }
    return out;
}

// What stands in the way of deleting a user, a group or a role.
[[nodiscard]] inline Result<void> check_no_policies(model::Identity const& identity) {
    if (!identity.attached_policies.empty())
        return fail(Errc::kDeleteConflict, "Cannot delete entity, must detach all policies first.");
    if (!identity.inline_policies.empty())
        return fail(Errc::kDeleteConflict, "Cannot delete entity, must delete policies first.");
    return {};
}

}  // namespace meridian::iam
