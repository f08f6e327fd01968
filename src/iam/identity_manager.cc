#include "iam/identity_manager.h"

#include <fmt/format.h>

#include "iam/words.h"
#include "store/retry.h"

namespace meridian::iam {

io::Task<> IdentityManager::change(Requester who, Plan plan) {
    auto const attempt = [&]() -> io::Task<> {
        MERIDIAN_CO_TRY(auto changes, plan());
        if (changes.empty()) co_return Result<void>{};
        co_return co_await parts_.log.write(std::move(changes).transaction(who.arn));
    };
    co_return co_await store::retry_conflicts(
        attempt,
        // This region's copy may be behind the log's home.
        [this] { return parts_.log.catch_up(); },
        "The request was rejected because multiple requests to change this object were submitted "
        "simultaneously. Wait a few minutes and submit your request again.");
}

template <typename Entity>
Result<Known<Entity> const*> IdentityManager::require(model::AccountId const& account,
                                                      std::string const& name) const {
    auto const* const known = parts_.directory.find<Entity>(account, name);
    if (known != nullptr) return known;
    auto const& words = kWords<Entity>;
    return fail(Errc::kNoSuchEntity,
                fmt::format("{}{}{} {} cannot be found.", words.with_name.empty() ? "" : "The ",
                            words.noun, words.with_name, name));
}

template Result<Known<model::User> const*> IdentityManager::require(model::AccountId const&,
                                                                    std::string const&) const;
template Result<Known<model::Group> const*> IdentityManager::require(model::AccountId const&,
                                                                     std::string const&) const;
template Result<Known<model::Role> const*> IdentityManager::require(model::AccountId const&,
                                                                    std::string const&) const;
template Result<Known<model::InstanceProfile> const*> IdentityManager::require(
    model::AccountId const&, std::string const&) const;

}  // namespace meridian::iam
