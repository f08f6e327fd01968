#include "iam/identity_records.h"

#include "base/ascii.h"
#include "base/encoding.h"
#include "store/record_format.h"

namespace meridian::iam {

using nlohmann::json;
using store::Kind;

namespace {

constexpr int kFormat = 1;
constexpr int kUserFormat = 2;  // 1 had no permissions boundary
constexpr int kRoleFormat = 3;  // 1 had no inline policies, 2 no permissions boundary

// A record without a boundary is written as it was before there were any: older versions read it,
// and none of them gives more than a boundary allows.
template <typename Entity>
int format_of(Entity const& entity, int newest) {
    return entity.permissions_boundary.empty() ? newest - 1 : newest;
}

template <typename Entity>
constexpr Kind kKind = Kind::kIamUser;
template <>
constexpr Kind kKind<model::Group> = Kind::kIamGroup;
template <>
constexpr Kind kKind<model::Role> = Kind::kIamRole;
template <>
constexpr Kind kKind<model::ManagedPolicy> = Kind::kIamPolicy;
template <>
constexpr Kind kKind<model::InstanceProfile> = Kind::kIamInstanceProfile;

std::int64_t microseconds(WallTime time) { return time.time_since_epoch().count(); }

WallTime time_from(json const& value) {
    return WallTime{std::chrono::microseconds{value.get<std::int64_t>()}};
}

json entity_json(model::Entity const& entity, int format) {
    return {{"format", format},
            {"name", entity.name},
            {"id", entity.id},
            {"path", entity.path},
            {"created_us", microseconds(entity.created)}};
}

json identity_json(model::Identity const& identity, int format) {
    auto value = entity_json(identity, format);
    auto& attached = value["attached"] = json::array();
    for (auto const& policy : identity.attached_policies)
        attached.push_back({{"name", policy.name}, {"arn", policy.arn}});
    value["inline"] = identity.inline_policies;
    return value;
}

// The readers throw nlohmann's exceptions: for use within guarded().
void read_entity(model::Entity& entity, store::Key const& key, json const& value) {
    entity.account = key.account;
    entity.name = value.at("name").get<std::string>();
    entity.id = value.at("id").get<std::string>();
    entity.path = value.at("path").get<std::string>();
    entity.created = time_from(value.at("created_us"));
}

template <typename Entity>
void read_boundary(Entity& entity, json const& value, int format) {
    if (value.at("format").get<int>() == format)
        entity.permissions_boundary = value.at("permissions_boundary").get<std::string>();
}

void read_identity(model::Identity& identity, store::Key const& key, json const& value) {
    read_entity(identity, key, value);
    for (auto const& policy : value.at("attached")) {
        identity.attached_policies.insert(
            {policy.at("name").get<std::string>(), policy.at("arn").get<std::string>()});
    }
    if (value.contains("inline")) value.at("inline").get_to(identity.inline_policies);
}

}  // namespace

template <typename Entity>
store::Key key_for(model::AccountId const& account, std::string_view name) {
    return {account, kKind<Entity>, lowered(name)};
}
template <>
store::Key key_for<model::AccessKey>(model::AccountId const& account, std::string_view id) {
    return {account, Kind::kIamAccessKey, std::string(id)};
}
template store::Key key_for<model::User>(model::AccountId const&, std::string_view);
template store::Key key_for<model::Group>(model::AccountId const&, std::string_view);
template store::Key key_for<model::Role>(model::AccountId const&, std::string_view);
template store::Key key_for<model::ManagedPolicy>(model::AccountId const&, std::string_view);
template store::Key key_for<model::InstanceProfile>(model::AccountId const&, std::string_view);

template <typename Entity>
store::Key key_of(Entity const& entity) {
    return key_for<Entity>(entity.account, entity.name);
}
template <>
store::Key key_of(model::AccessKey const& key) {
    return key_for<model::AccessKey>(key.account, key.id.value());
}
template store::Key key_of(model::User const&);
template store::Key key_of(model::Group const&);
template store::Key key_of(model::Role const&);
template store::Key key_of(model::ManagedPolicy const&);
template store::Key key_of(model::InstanceProfile const&);

json to_record(model::User const& user) {
    auto value = identity_json(user, format_of(user, kUserFormat));
    if (!user.permissions_boundary.empty())
        value["permissions_boundary"] = user.permissions_boundary;
    value["tags"] = user.tags;
    value["group_ids"] = user.group_ids;
    return value;
}

json to_record(model::Group const& group) { return identity_json(group, kFormat); }

json to_record(model::Role const& role) {
    auto value = identity_json(role, format_of(role, kRoleFormat));
    if (!role.permissions_boundary.empty())
        value["permissions_boundary"] = role.permissions_boundary;
    value["tags"] = role.tags;
    value["description"] = role.description;
    value["trust"] = role.assume_role_policy_document;
    value["max_session_seconds"] = role.max_session_seconds;
    return value;
}

json to_record(model::ManagedPolicy const& policy) {
    auto value = entity_json(policy, kFormat);
    value["tags"] = policy.tags;
    value["description"] = policy.description;
    auto& versions = value["versions"] = json::array();
    for (auto const& [number, version] : policy.versions) {
        versions.push_back({{"number", number},
                            {"document", version.document},
                            {"created_us", microseconds(version.created)}});
    }
    value["default_version"] = policy.default_version;
    value["last_version"] = policy.last_version;
    value["updated_us"] = microseconds(policy.updated);
    return value;
}

json to_record(model::InstanceProfile const& profile) {
    auto value = entity_json(profile, kFormat);
    value["tags"] = profile.tags;
    value["role_name"] = profile.role_name;
    return value;
}

json to_record(model::AccessKey const& key) {
    return {{"format", kFormat},
            {"user_id", key.user_id},
            {"active", key.active},
            {"created_us", microseconds(key.created)},
            {"secret", to_base64(key.sealed_secret)}};
}

template <>
Result<model::User> from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kUserFormat));
    return store::guarded(key, [&] {
        model::User user;
        read_identity(user, key, value);
        value.at("tags").get_to(user.tags);
        value.at("group_ids").get_to(user.group_ids);
        read_boundary(user, value, kUserFormat);
        return user;
    });
}

template <>
Result<model::Group> from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kFormat));
    return store::guarded(key, [&] {
        model::Group group;
        read_identity(group, key, value);
        return group;
    });
}

template <>
Result<model::Role> from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kRoleFormat));
    return store::guarded(key, [&] {
        model::Role role;
        read_identity(role, key, value);
        value.at("tags").get_to(role.tags);
        role.description = value.at("description").get<std::string>();
        role.assume_role_policy_document = value.at("trust").get<std::string>();
        role.max_session_seconds = value.at("max_session_seconds").get<int>();
        read_boundary(role, value, kRoleFormat);
        return role;
    });
}

template <>
Result<model::ManagedPolicy> from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kFormat));
    return store::guarded(key, [&] {
        model::ManagedPolicy policy;
        read_entity(policy, key, value);
        value.at("tags").get_to(policy.tags);
        policy.description = value.at("description").get<std::string>();
        for (auto const& version : value.at("versions")) {
            policy.versions[version.at("number").get<std::uint32_t>()] = {
                version.at("document").get<std::string>(), time_from(version.at("created_us"))};
        }
        policy.default_version = value.at("default_version").get<std::uint32_t>();
        policy.last_version = value.at("last_version").get<std::uint32_t>();
        policy.updated = time_from(value.at("updated_us"));
        return policy;
    });
}

template <>
Result<model::InstanceProfile> from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kFormat));
    return store::guarded(key, [&] {
        model::InstanceProfile profile;
        read_entity(profile, key, value);
        value.at("tags").get_to(profile.tags);
        profile.role_name = value.at("role_name").get<std::string>();
        return profile;
    });
}

template <>
Result<model::AccessKey> from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kFormat));
    MERIDIAN_TRY(auto read, store::guarded(key, [&] {
                     model::AccessKey out;
                     out.account = key.account;
                     out.id = model::AccessKeyId{key.id};
                     out.user_id = value.at("user_id").get<std::string>();
                     out.active = value.at("active").get<bool>();
                     out.created = time_from(value.at("created_us"));
                     out.sealed_secret = value.at("secret").get<std::string>();
                     return out;
                 }));
    auto sealed = from_base64(read.sealed_secret);
    if (!sealed) return store::corrupt(key, "its secret is not base64.");
    read.sealed_secret = std::move(*sealed);
    return read;
}

}  // namespace meridian::iam
