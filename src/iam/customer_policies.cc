// CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, and the versions of a policy.

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unordered_map>

#include "iam/aws_policies.h"
#include "iam/new_entity.h"
#include "iam/paging.h"

namespace meridian::iam {

namespace {

namespace limits = model::limits;

std::string version_id(std::uint32_t number) { return fmt::format("v{}", number); }

// Nothing for what is no version id.
std::optional<std::uint32_t> version_number(std::string_view id) {
    if (!id.starts_with('v')) return std::nullopt;
    std::uint32_t number = 0;
    auto const* const end = id.data() + id.size();
    auto const [stop, fault] = std::from_chars(id.data() + 1, end, number);
    if (fault != std::errc{} || stop != end) return std::nullopt;
    return number;
}

std::unexpected<Error> no_policy(std::string const& arn) {
    return fail(Errc::kNoSuchEntity, fmt::format("Policy {} was not found.", arn));
}

std::unexpected<Error> no_version(std::string const& arn, std::string const& version) {
    return fail(
        Errc::kNoSuchEntity,
        fmt::format("Policy {} version {} does not exist or is not attachable.", arn, version));
}

Result<void> check_managed_document(std::string const& document) {
    MERIDIAN_CHECK(policy::Document::parse(policy::DocumentKind::kIdentity, document));
    if (policy::counted_chars(document) <= limits::kManagedPolicyCharsMax) return {};
    return fail(Errc::kLimitExceeded, fmt::format("Cannot exceed quota for PolicySize: {}",
                                                  limits::kManagedPolicyCharsMax));
}

WallTime time_of(std::int64_t seconds) { return WallTime{std::chrono::seconds{seconds}}; }

PolicyVersionView version_view(AwsPolicy const& policy) {
    return {.id = version_id(policy.version),
            .document = std::string(policy.document),
            .is_default = true,
            .created = time_of(policy.updated_s)};
}

PolicyVersionView version_view(model::ManagedPolicy const& policy, std::uint32_t number) {
    auto const& version = policy.versions.at(number);
    return {.id = version_id(number),
            .document = version.document,
            .is_default = number == policy.default_version,
            .created = version.created};
}

PolicyView view_of_aws(AwsPolicy const& policy) {
    return {.name = std::string(policy.name()),
            .id = policy.id(),
            .arn = policy.arn(),
            .path = policy.path(),
            .default_version = version_id(policy.version),
            .created = time_of(policy.created_s),
            .updated = time_of(policy.updated_s)};
}

PolicyView view_of(model::ManagedPolicy const& policy) {
    return {.name = policy.name,
            .id = policy.id,
            .arn = policy.arn(),
            .path = policy.path,
            .description = policy.description,
            .default_version = version_id(policy.default_version),
            .created = policy.created,
            .updated = policy.updated,
            .tags = policy.tags};
}

// Where an account uses managed policies, by their ARNs (which the directory owns): counted for all
// of them in one walk over its entities.
struct PolicyUses {
    std::size_t attachments = 0;  // to users, groups and roles
    std::size_t boundaries = 0;   // of users and roles
};
using UsesByPolicy = std::unordered_map<std::string_view, PolicyUses>;

UsesByPolicy count_uses(Directory const& directory, model::AccountId const& account) {
    UsesByPolicy uses;
    auto const attached = [&](auto const& entity) {
        for (auto const& policy : entity.attached_policies) ++uses[policy.arn].attachments;
    };
    auto const bounded = [&](auto const& entity) {
        if (!entity.permissions_boundary.empty()) ++uses[entity.permissions_boundary].boundaries;
    };
    for (auto const& [name, known] : directory.all<model::Group>(account)) attached(known.entity);
    for (auto const& [name, known] : directory.all<model::User>(account)) {
        attached(known.entity);
        bounded(known.entity);
    }
    for (auto const& [name, known] : directory.all<model::Role>(account)) {
        attached(known.entity);
        bounded(known.entity);
    }
    return uses;
}

PolicyView with_uses(PolicyView view, UsesByPolicy const& uses) {
    auto const found = uses.find(view.arn);
    if (found == uses.end()) return view;
    view.attachments = found->second.attachments;
    view.boundary_uses = found->second.boundaries;
    return view;
}

}  // namespace

Result<Known<model::ManagedPolicy> const*> IdentityManager::require_own_policy(
    model::AccountId const& account, std::string const& arn) const {
    if (find_aws_policy(arn) != nullptr)
        return fail(Errc::kAccessDenied, "AWS managed policies cannot be changed.");
    auto const* const known = parts_.directory.find_policy(account, arn);
    if (known == nullptr) return no_policy(arn);
    return known;
}

io::Task<PolicyView> IdentityManager::create_policy(Requester who, CreatePolicyRequest request) {
    MERIDIAN_CO_CHECK(check_managed_document(request.document));
    model::ManagedPolicy policy;
    found(policy, who.account);
    policy.name = std::move(request.name);
    policy.path = std::move(request.path);
    policy.description = std::move(request.description);
    policy.tags = std::move(request.tags);
    policy.versions[1] = {std::move(request.document), policy.created};
    policy.updated = policy.created;
    MERIDIAN_CO_CHECK(co_await change(who, [this, policy]() -> Result<Changes> {
        auto const& directory = parts_.directory;
        if (directory.find<model::ManagedPolicy>(policy.account, policy.name) != nullptr) {
            return fail(Errc::kEntityAlreadyExists,
                        fmt::format("A policy called {} already exists. Duplicate names are not "
                                    "allowed.",
                                    policy.name));
        }
        if (directory.all<model::ManagedPolicy>(policy.account).size() >=
            limits::kPoliciesPerAccountMax) {
            return fail(Errc::kLimitExceeded,
                        fmt::format("Cannot exceed quota for PoliciesPerAccount: {}",
                                    limits::kPoliciesPerAccountMax));
        }
        Changes changes;
        changes.create(policy);
        return changes;
    }));
    co_return view_of(policy);
}

Result<PolicyView> IdentityManager::get_policy(model::AccountId const& account,
                                               std::string const& arn) const {
    if (auto const* const aws = find_aws_policy(arn)) {
        return with_uses(view_of_aws(*aws), count_uses(parts_.directory, account));
    }
    auto const* const known = parts_.directory.find_policy(account, arn);
    if (known == nullptr) return no_policy(arn);
    return with_uses(view_of(known->entity), count_uses(parts_.directory, account));
}

Result<Page<PolicyView>> IdentityManager::list_policies(model::AccountId const& account,
                                                        ListPoliciesRequest const& request) const {
    auto const uses = count_uses(parts_.directory, account);
    std::vector<std::pair<std::string, PolicyView>> items;
    auto const add = [&](PolicyView view) {
        view = with_uses(std::move(view), uses);
        if (!view.path.starts_with(request.page.path_prefix)) return;
        if (request.only_attached && view.attachments == 0) return;
        if (request.only_boundaries && view.boundary_uses == 0) return;
        auto arn = view.arn;
        items.emplace_back(std::move(arn), std::move(view));
    };
    if (request.customer) {
        for (auto const& [name, known] : parts_.directory.all<model::ManagedPolicy>(account))
            add(view_of(known.entity));
    }
    if (request.aws) {
        for (auto const& policy : aws_policies()) add(view_of_aws(policy));
    }
    std::ranges::sort(items, {}, &std::pair<std::string, PolicyView>::first);
    return page_of("policies", request.page, std::move(items));
}

io::Task<> IdentityManager::delete_policy(Requester who, std::string arn) {
    co_return co_await change(who, [this, account = who.account, arn]() -> Result<Changes> {
        MERIDIAN_TRY(auto const* const known, require_own_policy(account, arn));
        if (count_uses(parts_.directory, account).contains(arn))
            return fail(Errc::kDeleteConflict, "Cannot delete a policy attached to entities.");
        if (known->entity.versions.size() > 1) {
            return fail(Errc::kDeleteConflict,
                        "This policy has more than one version. Before you delete a policy, you "
                        "must delete the policy's versions. The default version is deleted with "
                        "the policy.");
        }
        Changes changes;
        changes.remove(*known);
        return changes;
    });
}

io::Task<PolicyVersionView> IdentityManager::create_policy_version(Requester who, std::string arn,
                                                                   std::string document,
                                                                   bool set_as_default) {
    MERIDIAN_CO_CHECK(check_managed_document(document));
    PolicyVersionView made{.id = {},
                           .document = document,
                           .is_default = set_as_default,
                           .created = parts_.clock.wall_now()};
    auto* const shown = &made;
    MERIDIAN_CO_CHECK(
        co_await change(who, [this, account = who.account, arn, shown]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require_own_policy(account, arn));
            auto policy = known->entity;
            if (policy.versions.size() >= limits::kPolicyVersionsMax) {
                return fail(Errc::kLimitExceeded,
                            fmt::format("A managed policy can have up to {} versions. Before you "
                                        "create a new version, you must delete an existing "
                                        "version.",
                                        limits::kPolicyVersionsMax));
            }
            auto const number = ++policy.last_version;
            policy.versions[number] = {shown->document, shown->created};
            if (shown->is_default) policy.default_version = number;
            policy.updated = shown->created;
            shown->id = version_id(number);
            Changes changes;
            changes.replace(*known, policy);
            return changes;
        }));
    co_return made;
}

Result<PolicyVersionView> IdentityManager::get_policy_version(model::AccountId const& account,
                                                              std::string const& arn,
                                                              std::string const& version) const {
    auto const number = version_number(version);
    if (auto const* const aws = find_aws_policy(arn)) {
        if (number != aws->version) return no_version(arn, version);
        return version_view(*aws);
    }
    auto const* const known = parts_.directory.find_policy(account, arn);
    if (known == nullptr || !number || !known->entity.versions.contains(*number))
        return no_version(arn, version);
    return version_view(known->entity, *number);
}

Result<Page<PolicyVersionView>> IdentityManager::list_policy_versions(
    model::AccountId const& account, std::string const& arn, PageRequest const& request) const {
    std::vector<std::pair<std::string, PolicyVersionView>> items;
    if (auto const* const aws = find_aws_policy(arn)) {
        items.emplace_back("", version_view(*aws));
    } else {
        auto const* const known = parts_.directory.find_policy(account, arn);
        if (known == nullptr) return no_policy(arn);
        // Newest first.
        auto const last = known->entity.last_version;
        for (auto const& [number, version] : known->entity.versions) {
            items.emplace_back(fmt::format("{:010}", last - number),
                               version_view(known->entity, number));
        }
        std::ranges::reverse(items);
    }
    return page_of("policy versions", request, std::move(items));
}

io::Task<> IdentityManager::delete_policy_version(Requester who, std::string arn,
                                                  std::string version) {
    co_return co_await change(
        who, [this, account = who.account, arn, version]() -> Result<Changes> {
            MERIDIAN_TRY(auto const* const known, require_own_policy(account, arn));
            auto policy = known->entity;
            auto const number = version_number(version);
            if (!number || !policy.versions.contains(*number)) return no_version(arn, version);
            if (*number == policy.default_version) {
                return fail(Errc::kDeleteConflict,
                            "Cannot delete the default version of a policy.");
            }
            policy.versions.erase(*number);
            Changes changes;
            changes.replace(*known, policy);
            return changes;
        });
}

io::Task<> IdentityManager::set_default_policy_version(Requester who, std::string arn,
                                                       std::string version) {
    co_return co_await change(who,
                              [this, account = who.account, arn, version]() -> Result<Changes> {
                                  auto const own = require_own_policy(account, arn);
                                  // Recorded (2026-02): the version is missed, even where the
                                  // policy is.
                                  if (!own && own.error().code == Errc::kNoSuchEntity)
                                      return no_version(arn, version);
                                  MERIDIAN_TRY(auto const* const known, own);
                                  auto policy = known->entity;
                                  auto const number = version_number(version);
                                  if (!number || !policy.versions.contains(*number))
                                      return no_version(arn, version);
                                  policy.default_version = *number;
                                  policy.updated = parts_.clock.wall_now();
                                  Changes changes;
                                  changes.replace(*known, policy);
                                  return changes;
                              });
}

template <typename Entity>
Result<std::vector<Entity const*>> IdentityManager::entities_for_policy(
    model::AccountId const& account, std::string const& arn, std::string const& path_prefix,
    PolicyUse use) const {
    MERIDIAN_CHECK(get_policy(account, arn));
    auto const uses = [&](Entity const& entity) {
        bool const attached = std::ranges::any_of(
            entity.attached_policies, [&](auto const& policy) { return policy.arn == arn; });
        if (attached && use != PolicyUse::kBoundary) return true;
        if constexpr (requires { entity.permissions_boundary; })
            return use != PolicyUse::kPermissions && entity.permissions_boundary == arn;
        return false;
    };
    std::vector<Entity const*> out;
    for (auto const& [name, entity] : by_path(parts_.directory.all<Entity>(account), path_prefix)) {
        if (uses(*entity)) out.push_back(entity);
    }
    return out;
}

template Result<std::vector<model::User const*>> IdentityManager::entities_for_policy(
    model::AccountId const&, std::string const&, std::string const&, PolicyUse) const;
template Result<std::vector<model::Group const*>> IdentityManager::entities_for_policy(
    model::AccountId const&, std::string const&, std::string const&, PolicyUse) const;
template Result<std::vector<model::Role const*>> IdentityManager::entities_for_policy(
    model::AccountId const&, std::string const&, std::string const&, PolicyUse) const;

}  // namespace meridian::iam
