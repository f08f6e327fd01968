// The tags of users, roles, instance profiles and managed policies. Keys are unique; of all but
// policies ignoring case (recorded 2026-02).

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "iam/identity_manager.h"
#include "iam/paging.h"

namespace meridian::iam {

namespace {

namespace limits = model::limits;

template <typename Entity>
void remove_tag(model::Tags& tags, std::string const& key) {
    if constexpr (std::is_same_v<Entity, model::ManagedPolicy>) {
        tags.erase(key);
    } else {
        std::erase_if(tags, [&](auto const& tag) { return equals_ignoring_case(tag.first, key); });
    }
}

template <typename Entity>
Result<model::Tags> changed(model::Tags tags, TagChange const& change) {
    for (auto const& key : change.remove) remove_tag<Entity>(tags, key);
    for (auto const& [key, value] : change.add) {
        remove_tag<Entity>(tags, key);
        tags[key] = value;
    }
    if (tags.size() <= limits::kTagsPerResourceMax) return tags;
    return fail(Errc::kLimitExceeded, fmt::format("Cannot exceed quota for TagsPerResource: {}",
                                                  limits::kTagsPerResourceMax));
}

}  // namespace

// A managed policy is named by its ARN.
template <>
Result<Known<model::ManagedPolicy> const*> IdentityManager::require(model::AccountId const& account,
                                                                    std::string const& arn) const {
    return require_own_policy(account, arn);
}

template <typename Entity>
io::Task<> IdentityManager::change_tags(Requester who, std::string name, TagChange tags) {
    co_return co_await change(who, [this, account = who.account, name, tags]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
        auto entity = known->entity;
        MERIDIAN_TRY(entity.tags, changed<Entity>(entity.tags, tags));
        Changes changes;
        changes.replace(*known, entity);
        return changes;
    });
}

template <typename Entity>
Result<Page<std::pair<std::string, std::string>>> IdentityManager::list_tags(
    model::AccountId const& account, std::string const& name, PageRequest const& request) const {
    MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
    std::vector<std::pair<std::string, std::pair<std::string, std::string>>> items;
    for (auto const& tag : known->entity.tags) items.emplace_back(tag.first, tag);
    return page_of("tags", request, std::move(items));
}

#define MERIDIAN_INSTANTIATE(Entity)                                                               \
    template io::Task<> IdentityManager::change_tags<Entity>(Requester, std::string, TagChange);   \
    template Result<Page<std::pair<std::string, std::string>>> IdentityManager::list_tags<Entity>( \
        model::AccountId const&, std::string const&, PageRequest const&) const

MERIDIAN_INSTANTIATE(model::User);
MERIDIAN_INSTANTIATE(model::Role);
MERIDIAN_INSTANTIATE(model::InstanceProfile);
MERIDIAN_INSTANTIATE(model::ManagedPolicy);
#undef MERIDIAN_INSTANTIATE

}  // namespace meridian::iam
