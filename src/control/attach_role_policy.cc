// AttachRolePolicy, DetachRolePolicy and ListAttachedRolePolicies.

#include <algorithm>

#include <fmt/format.h>

#include "control/control_plane.h"
#include "control/managed_policies.h"
#include "control/page_marker.h"
#include "control/retry.h"
#include "control/role_records.h"

namespace meridian::control {

namespace {

constexpr std::string_view kAttached = "attached";
constexpr std::size_t kPoliciesPerRoleMax =
    10;  // IAM quotas, "Managed policies attached to an IAM role"
constexpr std::size_t kPoliciesPageMax = 1'000;

std::string_view name_in(std::string_view policy_arn) {
    return policy_arn.substr(policy_arn.rfind('/') + 1);
}

// The path between "policy" and the name: "/service-role/".
std::string_view path_in(std::string_view policy_arn) {
    auto const start = policy_arn.find('/');
    if (start == std::string_view::npos) return "/";
    return policy_arn.substr(start, policy_arn.rfind('/') + 1 - start);
}

}  // namespace

io::Task<> ControlPlane::attach_role_policy(Requester who, std::string role_name,
                                            std::string policy_arn) {
    co_return co_await retry_role_conflicts(
        parts_.account_log, [&] { return try_attach_role_policy(who, role_name, policy_arn); });
}

io::Task<> ControlPlane::try_attach_role_policy(Requester who, std::string role_name,
                                                std::string policy_arn) {
    MERIDIAN_CO_TRY(auto stored, co_await load_role(who.account, role_name));
    if (!is_managed_policy(policy_arn)) {
        co_return fail(Errc::kNoSuchEntity,
                       "Policy " + policy_arn + " does not exist or is not attachable.");
    }
    auto& attached = stored.role.attached_policies;
    if (!attached.insert({std::string(name_in(policy_arn)), policy_arn}).second)
        co_return Result<void>{};
    if (attached.size() > kPoliciesPerRoleMax) {
        co_return fail(
            Errc::kLimitExceeded,
            fmt::format("Cannot exceed quota for PoliciesPerRole: {}", kPoliciesPerRoleMax));
    }
    auto const key = role_key(who.account, role_name);
    store::Transaction transaction{.caller = who.arn,
                                   .expectations = {{key, stored.sequence}},
                                   .changes = {{key, role_to_json(stored.role)}}};
    co_return co_await parts_.account_log.write(std::move(transaction));
}

io::Task<> ControlPlane::detach_role_policy(Requester who, std::string role_name,
                                            std::string policy_arn) {
    co_return co_await retry_role_conflicts(
        parts_.account_log, [&] { return try_detach_role_policy(who, role_name, policy_arn); });
}

io::Task<> ControlPlane::try_detach_role_policy(Requester who, std::string role_name,
                                                std::string policy_arn) {
    MERIDIAN_CO_TRY(auto stored, co_await load_role(who.account, role_name));
    if (stored.role.attached_policies.erase({std::string(name_in(policy_arn)), policy_arn}) == 0) {
        co_return fail(Errc::kNoSuchEntity, "Policy " + policy_arn + " was not found.");
    }
    auto const key = role_key(who.account, role_name);
    store::Transaction transaction{.caller = who.arn,
                                   .expectations = {{key, stored.sequence}},
                                   .changes = {{key, role_to_json(stored.role)}}};
    co_return co_await parts_.account_log.write(std::move(transaction));
}

io::Task<AttachedPolicyPage> ControlPlane::list_attached_role_policies(
    Requester who, ListAttachedPoliciesRequest request) {
    MERIDIAN_CO_TRY(auto stored, co_await load_role(who.account, request.role_name));
    PagePosition position;
    if (!request.marker.empty()) {
        auto const decoded = decode_marker(kAttached, request.marker);
        if (!decoded) co_return fail(Errc::kValidation, "Invalid Marker.");
        position = *decoded;
    }
    auto const size = std::clamp<std::size_t>(request.max_items, 1, kPoliciesPageMax);
    AttachedPolicyPage page;
    for (auto const& policy : stored.role.attached_policies) {  // by name, then ARN
        if (policy.name <= position.after_name ||
            !path_in(policy.arn).starts_with(request.path_prefix))
            continue;
        if (page.policies.size() == size) {
            page.next_marker = encode_marker(kAttached, {page.policies.back().name, 0});
            break;
        }
        page.policies.push_back(policy);
    }
    co_return page;
}

}  // namespace meridian::control
