#pragma once
// IAM's operations on users, groups, roles and policies. What reads answers from the directory, at
// once; what writes goes to the account log's home, and is seen here before it is acknowledged.
// Each group of operations stands in a file of its name. Errors carry IAM's texts.
//
// Threads: belongs to its region's executor. Pointers hold until the caller next waits.

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "iam/account_log.h"
#include "iam/changes.h"
#include "iam/directory.h"
#include "iam/requests.h"
#include "iam/secret_keys.h"

namespace meridian::iam {

class IdentityManager {
  public:
    // Everything here outlives it.
    struct Parts {
        Directory const& directory;
        AccountLog& log;
        SecretKeys const& secrets;
        Clock const& clock;
        Random& random;
    };
    explicit IdentityManager(Parts parts) : parts_(parts) {}

    // --- Users ---
    io::Task<model::User> create_user(Requester who, CreateUserRequest request);
    [[nodiscard]] Result<model::User const*> get_user(model::AccountId const& account,
                                                      std::string const& name) const;
    [[nodiscard]] Result<Page<model::User const*>> list_users(model::AccountId const& account,
                                                              PageRequest const& request) const;
    io::Task<> update_user(Requester who, std::string name, Renaming change);
    io::Task<> delete_user(Requester who, std::string name);

    // --- Access keys ---
    io::Task<NewAccessKey> create_access_key(Requester who, std::string user_name);
    [[nodiscard]] Result<Page<AccessKeyView>> list_access_keys(model::AccountId const& account,
                                                               std::string const& user_name,
                                                               PageRequest const& request) const;
    [[nodiscard]] Result<AccessKeyView> get_access_key(model::AccountId const& account,
                                                       model::AccessKeyId const& id) const;
    io::Task<> update_access_key(Requester who, std::string user_name, model::AccessKeyId id,
                                 bool active);
    io::Task<> delete_access_key(Requester who, std::string user_name, model::AccessKeyId id);

    // --- Groups ---
    io::Task<model::Group> create_group(Requester who, std::string name, std::string path);
    [[nodiscard]] Result<model::Group const*> get_group(model::AccountId const& account,
                                                        std::string const& name) const;
    [[nodiscard]] Result<Page<model::User const*>> list_group_members(
        model::AccountId const& account, std::string const& name, PageRequest const& request) const;
    [[nodiscard]] Result<Page<model::Group const*>> list_groups(model::AccountId const& account,
                                                                PageRequest const& request) const;
    [[nodiscard]] Result<Page<model::Group const*>> list_groups_for_user(
        model::AccountId const& account, std::string const& user_name,
        PageRequest const& request) const;
    io::Task<> update_group(Requester who, std::string name, Renaming change);
    io::Task<> delete_group(Requester who, std::string name);
    io::Task<> add_user_to_group(Requester who, std::string user_name, std::string group_name);
    io::Task<> remove_user_from_group(Requester who, std::string user_name, std::string group_name);

    // --- Roles ---
    io::Task<model::Role> create_role(Requester who, CreateRoleRequest request);
    [[nodiscard]] Result<model::Role const*> get_role(model::AccountId const& account,
                                                      std::string const& name) const;
    [[nodiscard]] Result<Page<model::Role const*>> list_roles(model::AccountId const& account,
                                                              PageRequest const& request) const;
    io::Task<> update_role(Requester who, std::string name, RoleChange change);
    io::Task<> delete_role(Requester who, std::string name);

    // --- Instance profiles ---
    io::Task<model::InstanceProfile> create_instance_profile(Requester who,
                                                             CreateInstanceProfileRequest request);
    [[nodiscard]] Result<model::InstanceProfile const*> get_instance_profile(
        model::AccountId const& account, std::string const& name) const;
    [[nodiscard]] Result<Page<model::InstanceProfile const*>> list_instance_profiles(
        model::AccountId const& account, PageRequest const& request) const;
    [[nodiscard]] Result<Page<model::InstanceProfile const*>> list_instance_profiles_for_role(
        model::AccountId const& account, std::string const& role_name,
        PageRequest const& request) const;
    io::Task<> delete_instance_profile(Requester who, std::string name);
    io::Task<> add_role_to_instance_profile(Requester who, std::string name, std::string role_name);
    io::Task<> remove_role_from_instance_profile(Requester who, std::string name,
                                                 std::string role_name);

    // --- Managed policies ---
    io::Task<PolicyView> create_policy(Requester who, CreatePolicyRequest request);
    [[nodiscard]] Result<PolicyView> get_policy(model::AccountId const& account,
                                                std::string const& arn) const;
    [[nodiscard]] Result<Page<PolicyView>> list_policies(model::AccountId const& account,
                                                         ListPoliciesRequest const& request) const;
    io::Task<> delete_policy(Requester who, std::string arn);
    io::Task<PolicyVersionView> create_policy_version(Requester who, std::string arn,
                                                      std::string document, bool set_as_default);
    [[nodiscard]] Result<PolicyVersionView> get_policy_version(model::AccountId const& account,
                                                               std::string const& arn,
                                                               std::string const& version) const;
    [[nodiscard]] Result<Page<PolicyVersionView>> list_policy_versions(
        model::AccountId const& account, std::string const& arn, PageRequest const& request) const;
    io::Task<> delete_policy_version(Requester who, std::string arn, std::string version);
    io::Task<> set_default_policy_version(Requester who, std::string arn, std::string version);
    // By name; for User, Group, Role.
    template <typename Entity>
    [[nodiscard]] Result<std::vector<Entity const*>> entities_for_policy(
        model::AccountId const& account, std::string const& arn, std::string const& path_prefix,
        PolicyUse use) const;

    // --- The policies of a User, a Group or a Role ---
    template <typename Entity>
    io::Task<> attach_policy(Requester who, std::string name, std::string arn);
    template <typename Entity>
    io::Task<> detach_policy(Requester who, std::string name, std::string arn);
    template <typename Entity>
    [[nodiscard]] Result<Page<model::AttachedPolicy>> list_attached_policies(
        model::AccountId const& account, std::string const& name, PageRequest const& request) const;
    template <typename Entity>
    io::Task<> put_inline_policy(Requester who, std::string name, NamedDocument policy);
    template <typename Entity>
    [[nodiscard]] Result<std::string> get_inline_policy(model::AccountId const& account,
                                                        std::string const& name,
                                                        std::string const& policy_name) const;
    template <typename Entity>
    io::Task<> delete_inline_policy(Requester who, std::string name, std::string policy_name);
    template <typename Entity>
    [[nodiscard]] Result<Page<std::string>> list_inline_policies(model::AccountId const& account,
                                                                 std::string const& name,
                                                                 PageRequest const& request) const;

    // --- The permissions boundary of a User or a Role ---
    // An empty ARN takes it away.
    template <typename Entity>
    io::Task<> put_permissions_boundary(Requester who, std::string name, std::string arn);

    // --- Tags, of a User, a Role, an InstanceProfile or a ManagedPolicy (by ARN) ---
    template <typename Entity>
    io::Task<> change_tags(Requester who, std::string name, TagChange change);
    template <typename Entity>
    [[nodiscard]] Result<Page<std::pair<std::string, std::string>>> list_tags(
        model::AccountId const& account, std::string const& name, PageRequest const& request) const;

  private:
    // Decides from the directory what to write. Nothing to write is done.
    using Plan = std::function<Result<Changes>()>;
    // Carries a plan out, and makes it again where another change came first.
    io::Task<> change(Requester who, Plan plan);

    // Fills in what a new entity has: account, id, time.
    template <typename Entity>
    void found(Entity& entity, model::AccountId const& account);
    // kEntityAlreadyExists, or kLimitExceeded where the account has as many as it may.
    template <typename Entity>
    [[nodiscard]] Result<void> check_new(Entity const& entity) const;
    // Writes a User, Group, Role or InstanceProfile that check_new() finds new.
    template <typename Entity>
    io::Task<> add(Requester who, Entity entity);
    // Of a User or Group.
    template <typename Entity>
    io::Task<> rename(Requester who, std::string name, Renaming change_to);
    // kNoSuchEntity.
    template <typename Entity>
    [[nodiscard]] Result<Known<Entity> const*> require(model::AccountId const& account,
                                                       std::string const& name) const;
    // kNoSuchEntity; kAccessDenied for one of AWS's, which nobody may change.
    [[nodiscard]] Result<Known<model::ManagedPolicy> const*> require_own_policy(
        model::AccountId const& account, std::string const& arn) const;
    [[nodiscard]] Result<Known<model::AccessKey> const*> require_key(
        model::AccountId const& account, std::string const& user_name,
        model::AccessKeyId const& id) const;
    [[nodiscard]] std::vector<Known<model::AccessKey> const*> keys_of(
        model::User const& user) const;
    [[nodiscard]] bool has_members(model::Group const& group) const;
    // By name.
    [[nodiscard]] std::vector<std::pair<std::string, model::InstanceProfile const*>> profiles_of(
        model::Role const& role) const;
    // What else is written where an entity gets this boundary: so that it is not deleted meanwhile.
    // kInvalidParameterValue for what is no policy's ARN, kNoSuchEntity for one that is not there.
    [[nodiscard]] Result<void> add_boundary(model::AccountId const& account, std::string const& arn,
                                            Changes& changes) const;
    Parts const parts_;
};

}  // namespace meridian::iam
