#include "iam/identity_manager.h"

#include <fmt/format.h>

#include "iam/words.h"

namespace meridian::iam {

namespace {
// Ours: more rivals than this at one entity within one request, and the caller is told to come
// back.
constexpr int kRetriesMax = 5;
}  // namespace

io::Task<> IdentityManager::change(Requester who, Plan plan) {
    for (int tries = 0;; ++tries) {
        MERIDIAN_CO_TRY(auto changes, plan());
        if (changes.empty()) co_return Result<void>{};
        auto const written = co_await parts_.log.write(std::move(changes).transaction(who.arn));
        if (written || written.error().code != Errc::kConflict) co_return written;
        if (tries == kRetriesMax) {
            co_return fail(Errc::kResourceConflict,
                           "The request was rejected because multiple requests to change this "
                           "object were submitted simultaneously. Wait a few minutes and submit "
                           "your request again.");
        }
        // This region's copy may be behind the log's home.
        MERIDIAN_CO_CHECK(co_await parts_.log.catch_up());
    }
}

template <typename Entity>
Result<Known<Entity> const*> IdentityManager::require(model::AccountId const& account,
                                                      std::string const& name) const {
    auto const* const known = parts_.directory.find<Entity>(account, name);
    if (known != nullptr) return known;
    return fail(Errc::kNoSuchEntity,
                fmt::format("The {} with name {} cannot be found.", kWords<Entity>.noun, name));
}

template Result<Known<model::User> const*> IdentityManager::require(model::AccountId const&,
                                                                    std::string const&) const;
template Result<Known<model::Group> const*> IdentityManager::require(model::AccountId const&,
                                                                     std::string const&) const;
template Result<Known<model::Role> const*> IdentityManager::require(model::AccountId const&,
                                                                    std::string const&) const;

}  // namespace meridian::iam
