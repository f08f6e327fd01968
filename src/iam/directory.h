#pragma once
// Every identity of every account, in memory and always as the region's copy of the account log has
// it: reading IAM, and deciding by its policies, needs no I/O.
//
// Threads: belongs to its region's executor. Pointers hold until the next apply().

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "iam/known.h"
#include "io/task.h"
#include "store/store.h"

namespace meridian::iam {

// By name in lower case; access keys by id.
template <typename Entity>
using Entities = std::map<std::string, Known<Entity>, std::less<>>;

class Directory {
  public:
    explicit Directory(Log& log) : log_(log) {}
    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;

    // Reads what stands in the store. Entities that cannot be read are logged and left out, which
    // denies.
    io::Task<> load(store::Store& store);
    // What a commit, or an entry that was followed, has changed. In any order: older than known is
    // ignored.
    void apply(std::vector<store::Change> const& changes, store::Sequence sequence);
    // Reads the end of the log again, after a commit whose outcome is not known.
    io::Task<> read_again(store::Store& store);

    // For User, Group, Role, ManagedPolicy, InstanceProfile. Null where there is none.
    template <typename Entity>
    [[nodiscard]] Known<Entity> const* find(model::AccountId const& account,
                                            std::string_view name) const;
    template <typename Entity>
    [[nodiscard]] Entities<Entity> const& all(model::AccountId const& account) const;

    // Of any account.
    [[nodiscard]] Known<model::AccessKey> const* find_key(model::AccessKeyId const& id) const;
    [[nodiscard]] Known<model::User> const* find_user_by_id(std::string const& id) const;
    [[nodiscard]] Known<model::Group> const* find_group_by_id(std::string const& id) const;
    // A customer's policy by its ARN.
    [[nodiscard]] Known<model::ManagedPolicy> const* find_policy(model::AccountId const& account,
                                                                 std::string_view arn) const;

    // Everything that says what a principal may do.
    [[nodiscard]] std::vector<policy::Document const*> documents_of(
        Known<model::User> const& user) const;
    [[nodiscard]] std::vector<policy::Document const*> documents_of(
        Known<model::Role> const& role) const;

    // The document of a permissions boundary, which is in `account` or AWS's; null where there is
    // none, and for an empty ARN.
    [[nodiscard]] policy::Document const* boundary(model::AccountId const& account,
                                                   std::string_view arn) const;

    // The document of one of AWS's own policies, compiled when it is first asked for; null where
    // there is none.
    [[nodiscard]] policy::Document const* aws_document(std::string_view arn) const;

  private:
    template <typename Entity>
    using Table = std::map<model::AccountId, Entities<Entity>>;

    template <typename Self>
    static auto& table_in(Self& self, model::User const*) {
        return self.users_;
    }
    template <typename Self>
    static auto& table_in(Self& self, model::Group const*) {
        return self.groups_;
    }
    template <typename Self>
    static auto& table_in(Self& self, model::Role const*) {
        return self.roles_;
    }
    template <typename Self>
    static auto& table_in(Self& self, model::InstanceProfile const*) {
        return self.instance_profiles_;
    }
    template <typename Self>
    static auto& table_in(Self& self, model::ManagedPolicy const*) {
        return self.policies_;
    }
    template <typename Self>
    static auto& table_in(Self& self, model::AccessKey const*) {
        return self.keys_;
    }

    // `value`: null for a tombstone.
    void put(store::Key const& key, nlohmann::json const* value, store::Sequence sequence);
    template <typename Entity>
    void put_entity(store::Key const& key, nlohmann::json const* value, store::Sequence sequence);
    void index(Known<model::User> const* user, model::User const& of);
    void index(Known<model::Group> const* group, model::Group const& of);
    void index(Known<model::AccessKey> const* key, model::AccessKey const& of);
    void index(Known<model::Role> const*, model::Role const&) {}
    void index(Known<model::InstanceProfile> const*, model::InstanceProfile const&) {}
    void index(Known<model::ManagedPolicy> const*, model::ManagedPolicy const&) {}
    void add_documents(std::vector<policy::Document const*>& out, model::AccountId const& account,
                       model::Identity const& identity,
                       std::vector<policy::Document> const& own) const;

    Log& log_;
    store::Sequence newest_ = 0;
    Table<model::User> users_;
    Table<model::Group> groups_;
    Table<model::Role> roles_;
    Table<model::InstanceProfile> instance_profiles_;
    Table<model::ManagedPolicy> policies_;
    Table<model::AccessKey> keys_;
    std::unordered_map<std::string, Known<model::User> const*> users_by_id_;
    std::unordered_map<std::string, Known<model::Group> const*> groups_by_id_;
    std::unordered_map<std::string, Known<model::AccessKey> const*> keys_by_id_;
    std::map<store::Key, store::Sequence> removed_;  // so that no older value comes back
    mutable std::map<std::string, policy::Document, std::less<>> aws_documents_;
};

}  // namespace meridian::iam
