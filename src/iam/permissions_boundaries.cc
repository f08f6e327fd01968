// The permissions boundaries of users and roles: a managed policy that says what they may do at
// most, whatever else allows it.

#include "iam/aws_policies.h"
#include "iam/new_entity.h"
#include "wire/arn.h"

namespace meridian::iam {

namespace {

// arn:partition:iam::account:policy/path/name
bool is_policy_arn(std::string_view arn) {
    auto const parts = wire::split_arn(arn);
    return parts && parts->resource.starts_with("policy/");
}

}  // namespace

Result<void> IdentityManager::add_boundary(model::AccountId const& account, std::string const& arn,
                                           Changes& changes) const {
    if (arn.empty()) return {};
    if (!is_policy_arn(arn))
        return fail(Errc::kInvalidParameterValue, fmt::format("ARN {} is not valid.", arn));
    if (find_aws_policy(arn) != nullptr) return {};
    auto const* const known = parts_.directory.find_policy(account, arn);
    if (known == nullptr) {
        return fail(Errc::kNoSuchEntity,
                    fmt::format("Scope ARN: {} does not exist or is not attachable.", arn));
    }
    changes.hold(*known);
    return {};
}

template <typename Entity>
io::Task<> IdentityManager::put_permissions_boundary(Requester who, std::string name,
                                                     std::string arn) {
    co_return co_await change(who, [this, account = who.account, name, arn]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
        auto entity = known->entity;
        if (entity.permissions_boundary == arn) return Changes{};
        entity.permissions_boundary = arn;
        Changes changes;
        MERIDIAN_CHECK(add_boundary(account, arn, changes));
        changes.replace(*known, entity);
        return changes;
    });
}

template io::Task<> IdentityManager::put_permissions_boundary<model::User>(Requester, std::string,
                                                                           std::string);
template io::Task<> IdentityManager::put_permissions_boundary<model::Role>(Requester, std::string,
                                                                           std::string);

}  // namespace meridian::iam
