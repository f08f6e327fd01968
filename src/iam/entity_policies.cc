// The policies of users, groups and roles: attached and inline.

#include <algorithm>
#include <numeric>

#include "iam/aws_policies.h"
#include "iam/new_entity.h"
#include "iam/paging.h"

namespace meridian::iam {

namespace {

namespace limits = model::limits;

std::string_view name_in(std::string_view policy_arn) {
    return policy_arn.substr(policy_arn.rfind('/') + 1);
}

// The path between "policy" and the name: "/service-role/".
std::string_view path_in(std::string_view policy_arn) {
    auto const start = policy_arn.find('/');
    if (start == std::string_view::npos) return "/";
    return policy_arn.substr(start, policy_arn.rfind('/') + 1 - start);
}

std::size_t inline_chars(model::Identity const& identity) {
    return std::accumulate(identity.inline_policies.begin(), identity.inline_policies.end(),
                           std::size_t{0}, [](std::size_t sum, auto const& policy) {
                               return sum + policy::counted_chars(policy.second);
                           });
}

template <typename Entity>
std::unexpected<Error> no_inline_policy(std::string const& policy_name) {
    return fail(Errc::kNoSuchEntity, fmt::format("The {} policy with name {} cannot be found.",
                                                 kWords<Entity>.noun, policy_name));
}

}  // namespace

template <typename Entity>
io::Task<> IdentityManager::attach_policy(Requester who, std::string name, std::string arn) {
    if (!arn.starts_with("arn:"))
        co_return fail(Errc::kValidation, fmt::format("ARN {} is not valid.", arn));
    co_return co_await change(who, [this, account = who.account, name, arn]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
        auto const* const customers = parts_.directory.find_policy(account, arn);
        if (customers == nullptr && find_aws_policy(arn) == nullptr) {
            return fail(Errc::kNoSuchEntity,
                        fmt::format("Policy {} does not exist or is not attachable.", arn));
        }
        auto entity = known->entity;
        if (!entity.attached_policies.insert({std::string(name_in(arn)), arn}).second)
            return Changes{};
        if (entity.attached_policies.size() > limits::kAttachedPoliciesMax) {
            return fail(Errc::kLimitExceeded,
                        fmt::format("Cannot exceed quota for PoliciesPer{}: {}",
                                    kWords<Entity>.capitalised, limits::kAttachedPoliciesMax));
        }
        Changes changes;
        if (customers != nullptr) changes.hold(*customers);
        changes.replace(*known, entity);
        return changes;
    });
}

template <typename Entity>
io::Task<> IdentityManager::detach_policy(Requester who, std::string name, std::string arn) {
    co_return co_await change(who, [this, account = who.account, name, arn]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
        auto entity = known->entity;
        if (entity.attached_policies.erase({std::string(name_in(arn)), arn}) == 0)
            return fail(Errc::kNoSuchEntity, fmt::format("Policy {} was not found.", arn));
        Changes changes;
        changes.replace(*known, entity);
        return changes;
    });
}

template <typename Entity>
Result<Page<model::AttachedPolicy>> IdentityManager::list_attached_policies(
    model::AccountId const& account, std::string const& name, PageRequest const& request) const {
    MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
    std::vector<std::pair<std::string, model::AttachedPolicy>> items;
    for (auto const& policy : known->entity.attached_policies) {
        if (path_in(policy.arn).starts_with(request.path_prefix))
            items.emplace_back(policy.name + ' ' + policy.arn, policy);
    }
    std::ranges::sort(items);
    return page_of("attached policies", request, std::move(items));
}

template <typename Entity>
io::Task<> IdentityManager::put_inline_policy(Requester who, std::string name,
                                              NamedDocument policy) {
    MERIDIAN_CO_CHECK(policy::Document::parse(policy::DocumentKind::kIdentity, policy.document));
    co_return co_await change(
        who, [this, account = who.account, name, policy]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
            auto entity = known->entity;
            entity.inline_policies[policy.name] = policy.document;
            if (inline_chars(entity) > kWords<Entity>.inline_chars_max) {
                return fail(
                    Errc::kLimitExceeded,
                    fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                kWords<Entity>.inline_chars_max, kWords<Entity>.noun, entity.name));
            }
            Changes changes;
            changes.replace(*known, entity);
            return changes;
        });
}

template <typename Entity>
Result<std::string> IdentityManager::get_inline_policy(model::AccountId const& account,
                                                       std::string const& name,
                                                       std::string const& policy_name) const {
    MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
    auto const found = known->entity.inline_policies.find(policy_name);
    if (found == known->entity.inline_policies.end()) return no_inline_policy<Entity>(policy_name);
    return found->second;
}

template <typename Entity>
io::Task<> IdentityManager::delete_inline_policy(Requester who, std::string name,
                                                 std::string policy_name) {
    co_return co_await change(
        who, [this, account = who.account, name, policy_name]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
            auto entity = known->entity;
            if (entity.inline_policies.erase(policy_name) == 0)
                return no_inline_policy<Entity>(policy_name);
            Changes changes;
            changes.replace(*known, entity);
            return changes;
        });
}

template <typename Entity>
Result<Page<std::string>> IdentityManager::list_inline_policies(model::AccountId const& account,
                                                                std::string const& name,
                                                                PageRequest const& request) const {
    MERIDIAN_TRY(auto const* const known, require<Entity>(account, name));
    std::vector<std::pair<std::string, std::string>> items;
    for (auto const& [policy_name, text] : known->entity.inline_policies)
        items.emplace_back(policy_name, policy_name);
    return page_of("inline policies", request, std::move(items));
}

#define MERIDIAN_INSTANTIATE(Entity)                                                              \
    template io::Task<> IdentityManager::attach_policy<Entity>(Requester, std::string,            \
                                                               std::string);                      \
    template io::Task<> IdentityManager::detach_policy<Entity>(Requester, std::string,            \
                                                               std::string);                      \
    template Result<Page<model::AttachedPolicy>> IdentityManager::list_attached_policies<Entity>( \
        model::AccountId const&, std::string const&, PageRequest const&) const;                   \
    template io::Task<> IdentityManager::put_inline_policy<Entity>(Requester, std::string,        \
                                                                   NamedDocument);                \
    template Result<std::string> IdentityManager::get_inline_policy<Entity>(                      \
        model::AccountId const&, std::string const&, std::string const&) const;                   \
    template io::Task<> IdentityManager::delete_inline_policy<Entity>(Requester, std::string,     \
                                                                      std::string);               \
    template Result<Page<std::string>> IdentityManager::list_inline_policies<Entity>(             \
        model::AccountId const&, std::string const&, PageRequest const&) const

MERIDIAN_INSTANTIATE(model::User);
MERIDIAN_INSTANTIATE(model::Group);
MERIDIAN_INSTANTIATE(model::Role);
#undef MERIDIAN_INSTANTIATE

}  // namespace meridian::iam
