// CreateAccessKey, ListAccessKeys, GetAccessKeyLastUsed's key, UpdateAccessKey, DeleteAccessKey.

#include <fmt/format.h>

#include "iam/identity_manager.h"
#include "iam/paging.h"

namespace meridian::iam {

namespace {
constexpr std::size_t kSecretChars = 40;
namespace limits = model::limits;
}  // namespace

std::vector<Known<model::AccessKey> const*> IdentityManager::keys_of(
    model::User const& user) const {
    std::vector<Known<model::AccessKey> const*> out;
    for (auto const& [id, known] : parts_.directory.all<model::AccessKey>(user.account)) {
        if (known.entity.user_id == user.id) out.push_back(&known);
    }
    return out;
}

Result<Known<model::AccessKey> const*> IdentityManager::require_key(
    model::AccountId const& account, std::string const& user_name,
    model::AccessKeyId const& id) const {
    MERIDIAN_TRY(auto const* const user, require<model::User>(account, user_name));
    auto const* const key = parts_.directory.find_key(id);
    if (key != nullptr && key->entity.user_id == user->entity.id) return key;
    return fail(Errc::kNoSuchEntity,
                fmt::format("The Access Key with id {} cannot be found.", id.value()));
}

io::Task<NewAccessKey> IdentityManager::create_access_key(Requester who, std::string user_name) {
    NewAccessKey made;
    made.key.account = who.account;
    made.key.id = make_access_key_id("AKIA", who.account, parts_.random);
    made.key.created = parts_.clock.wall_now();
    made.secret_access_key = make_token(parts_.random, kBase64Alphabet, kSecretChars);
    made.key.sealed_secret =
        parts_.secrets.seal_secret(made.key.id, made.secret_access_key, parts_.random);
    auto* const shown = &made;
    MERIDIAN_CO_CHECK(
        co_await change(who, [this, account = who.account, user_name, shown]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const user, require<model::User>(account, user_name));
            if (keys_of(user->entity).size() >= limits::kAccessKeysPerUserMax) {
                return fail(Errc::kLimitExceeded,
                            fmt::format("Cannot exceed quota for AccessKeysPerUser: {}",
                                        limits::kAccessKeysPerUserMax));
            }
            shown->user_name = user->entity.name;
            shown->key.user_id = user->entity.id;
            Changes changes;
            changes.hold(*user);
            changes.create(shown->key);
            return changes;
        }));
    co_return made;
}

Result<Page<AccessKeyView>> IdentityManager::list_access_keys(model::AccountId const& account,
                                                              std::string const& user_name,
                                                              PageRequest const& request) const {
    MERIDIAN_TRY(auto const* const user, require<model::User>(account, user_name));
    std::vector<std::pair<std::string, AccessKeyView>> items;
    for (auto const* key : keys_of(user->entity)) {
        items.emplace_back(key->entity.id.value(), AccessKeyView{key->entity, user->entity.name});
    }
    return page_of("access keys", request, std::move(items));
}

Result<AccessKeyView> IdentityManager::get_access_key(model::AccountId const& account,
                                                      model::AccessKeyId const& id) const {
    auto const* const key = parts_.directory.find_key(id);
    auto const* const user =
        key == nullptr ? nullptr : parts_.directory.find_user_by_id(key->entity.user_id);
    if (user == nullptr || key->entity.account != account) {
        return fail(Errc::kNoSuchEntity,
                    fmt::format("The Access Key with id {} cannot be found.", id.value()));
    }
    return AccessKeyView{key->entity, user->entity.name};
}

io::Task<> IdentityManager::update_access_key(Requester who, std::string user_name,
                                              model::AccessKeyId id, bool active) {
    co_return co_await change(
        who, [this, account = who.account, user_name, id, active]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require_key(account, user_name, id));
            auto key = known->entity;
            key.active = active;
            Changes changes;
            changes.replace(*known, key);
            return changes;
        });
}

io::Task<> IdentityManager::delete_access_key(Requester who, std::string user_name,
                                              model::AccessKeyId id) {
    co_return co_await change(
        who, [this, account = who.account, user_name, id]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require_key(account, user_name, id));
            Changes changes;
            changes.remove(*known);
            return changes;
        });
}

}  // namespace meridian::iam
