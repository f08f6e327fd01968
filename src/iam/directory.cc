#include "iam/directory.h"

#include <algorithm>

#include "base/ascii.h"
#include "iam/aws_policies.h"
#include "iam/identity_records.h"

namespace meridian::iam {

namespace {

using policy::Document;
using policy::DocumentKind;

// Entries of the log: more than can be on their way at one time.
constexpr std::size_t kReadAgain = 1'000;

// What was accepted once is a policy. Where a later version cannot read it, it may hold a Deny:
// then everything is denied.
void compile_into(std::vector<Document>& out, std::string const& text) {
    auto document = Document::parse(DocumentKind::kIdentity, text);
    if (!document) {
        document = Document::parse(
            DocumentKind::kIdentity,
            R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})");
    }
    if (document) out.push_back(std::move(*document));
}

template <typename Entity>
void compile(Known<Entity>&) {}

void compile_inline(std::vector<Document>& out, model::Identity const& identity) {
    for (auto const& [name, text] : identity.inline_policies) compile_into(out, text);
}
template <>
void compile(Known<model::User>& known) {
    compile_inline(known.documents, known.entity);
}
template <>
void compile(Known<model::Group>& known) {
    compile_inline(known.documents, known.entity);
}
template <>
void compile(Known<model::Role>& known) {
    compile_inline(known.documents, known.entity);
    auto trust = Document::parse(DocumentKind::kTrust, known.entity.assume_role_policy_document);
    if (trust) known.trust = std::move(*trust);
}
template <>
void compile(Known<model::ManagedPolicy>& known) {
    auto const version = known.entity.versions.find(known.entity.default_version);
    if (version != known.entity.versions.end())
        compile_into(known.documents, version->second.document);
}

template <typename Index, typename Value>
void set_or_erase(Index& index, std::string const& id, Value const* value) {
    if (value == nullptr) {
        index.erase(id);
    } else {
        index[id] = value;
    }
}

}  // namespace

io::Task<> Directory::load(store::Store& store) {
    MERIDIAN_CO_TRY(newest_, co_await store.last_sequence(store::LogName::kAccount));
    for (auto const kind :
         {store::Kind::kIamUser, store::Kind::kIamGroup, store::Kind::kIamRole,
          store::Kind::kIamPolicy, store::Kind::kIamAccessKey, store::Kind::kIamInstanceProfile}) {
        MERIDIAN_CO_TRY(auto const records, co_await store.scan_all(kind));
        for (auto const& record : records) put(record.key, &record.value, record.sequence);
    }
    co_return Result<void>{};
}

io::Task<> Directory::read_again(store::Store& store) {
    auto after = newest_ > kReadAgain ? newest_ - kReadAgain : 0;
    for (;;) {
        MERIDIAN_CO_TRY(auto const entries,
                        co_await store.read_log(store::LogName::kAccount, after, kReadAgain));
        for (auto const& entry : entries) apply(entry.changes, entry.sequence);
        if (entries.size() < kReadAgain) co_return Result<void>{};
        after = entries.back().sequence;
    }
}

void Directory::apply(std::vector<store::Change> const& changes, store::Sequence sequence) {
    newest_ = std::max(newest_, sequence);
    for (auto const& change : changes)
        put(change.key, change.value ? &*change.value : nullptr, sequence);
}

void Directory::put(store::Key const& key, nlohmann::json const* value, store::Sequence sequence) {
    switch (key.kind) {
        case store::Kind::kIamUser:
            return put_entity<model::User>(key, value, sequence);
        case store::Kind::kIamGroup:
            return put_entity<model::Group>(key, value, sequence);
        case store::Kind::kIamRole:
            return put_entity<model::Role>(key, value, sequence);
        case store::Kind::kIamPolicy:
            return put_entity<model::ManagedPolicy>(key, value, sequence);
        case store::Kind::kIamAccessKey:
            return put_entity<model::AccessKey>(key, value, sequence);
        case store::Kind::kIamInstanceProfile:
            return put_entity<model::InstanceProfile>(key, value, sequence);
        default:
            return;
    }
}

template <typename Entity>
void Directory::put_entity(store::Key const& key, nlohmann::json const* value,
                           store::Sequence sequence) {
    auto& entities = table_in(*this, static_cast<Entity const*>(nullptr))[key.account];
    auto const found = entities.find(key.id);
    if (found != entities.end()) {
        if (found->second.sequence > sequence) return;
        index(nullptr, found->second.entity);
        entities.erase(found);
    } else if (auto const gone = removed_.find(key);
               gone != removed_.end() && gone->second > sequence) {
        return;
    }
    if (value == nullptr) {
        removed_[key] = sequence;
        return;
    }
    removed_.erase(key);
    auto entity = from_record<Entity>(key, *value);
    if (!entity) {
        log_.write(LogLevel::kError, "an identity cannot be read and is left out",
                   {{"error", entity.error().message}});
        return;
    }
    auto& known = entities[key.id];
    known.entity = std::move(*entity);
    known.sequence = sequence;
    compile(known);
    index(&known, known.entity);
}

void Directory::index(Known<model::User> const* user, model::User const& of) {
    set_or_erase(users_by_id_, of.id, user);
}
void Directory::index(Known<model::Group> const* group, model::Group const& of) {
    set_or_erase(groups_by_id_, of.id, group);
}
void Directory::index(Known<model::AccessKey> const* key, model::AccessKey const& of) {
    set_or_erase(keys_by_id_, of.id.value(), key);
}

template <typename Entity>
Entities<Entity> const& Directory::all(model::AccountId const& account) const {
    static Entities<Entity> const kNone;
    auto const& table = table_in(*this, static_cast<Entity const*>(nullptr));
    auto const found = table.find(account);
    return found == table.end() ? kNone : found->second;
}

template <typename Entity>
Known<Entity> const* Directory::find(model::AccountId const& account, std::string_view name) const {
    auto const& entities = all<Entity>(account);
    auto const found = entities.find(lowered(name));
    return found == entities.end() ? nullptr : &found->second;
}

template Entities<model::User> const& Directory::all(model::AccountId const&) const;
template Entities<model::Group> const& Directory::all(model::AccountId const&) const;
template Entities<model::Role> const& Directory::all(model::AccountId const&) const;
template Entities<model::ManagedPolicy> const& Directory::all(model::AccountId const&) const;
template Entities<model::AccessKey> const& Directory::all(model::AccountId const&) const;
template Entities<model::InstanceProfile> const& Directory::all(model::AccountId const&) const;
template Known<model::InstanceProfile> const* Directory::find(model::AccountId const&,
                                                              std::string_view) const;
template Known<model::User> const* Directory::find(model::AccountId const&, std::string_view) const;
template Known<model::Group> const* Directory::find(model::AccountId const&,
                                                    std::string_view) const;
template Known<model::Role> const* Directory::find(model::AccountId const&, std::string_view) const;
template Known<model::ManagedPolicy> const* Directory::find(model::AccountId const&,
                                                            std::string_view) const;

namespace {
template <typename Index>
auto find_in(Index const& index, std::string const& id) -> typename Index::mapped_type {
    auto const found = index.find(id);
    return found == index.end() ? nullptr : found->second;
}
}  // namespace

Known<model::AccessKey> const* Directory::find_key(model::AccessKeyId const& id) const {
    return find_in(keys_by_id_, id.value());
}
Known<model::User> const* Directory::find_user_by_id(std::string const& id) const {
    return find_in(users_by_id_, id);
}
Known<model::Group> const* Directory::find_group_by_id(std::string const& id) const {
    return find_in(groups_by_id_, id);
}

Known<model::ManagedPolicy> const* Directory::find_policy(model::AccountId const& account,
                                                          std::string_view arn) const {
    auto const* const known = find<model::ManagedPolicy>(account, arn.substr(arn.rfind('/') + 1));
    return known != nullptr && known->entity.arn() == arn ? known : nullptr;
}

policy::Document const* Directory::aws_document(std::string_view arn) const {
    auto const found = aws_documents_.find(arn);
    if (found != aws_documents_.end()) return &found->second;
    auto const* const aws = find_aws_policy(arn);
    if (aws == nullptr) return nullptr;
    auto document = Document::parse(DocumentKind::kIdentity, aws->document);
    if (!document) return nullptr;  // none of them: aws_policies_test.cc
    return &aws_documents_.emplace(arn, std::move(*document)).first->second;
}

policy::Document const* Directory::boundary(model::AccountId const& account,
                                            std::string_view arn) const {
    if (arn.empty()) return nullptr;
    if (auto const* const aws = aws_document(arn)) return aws;
    auto const* const customers = find_policy(account, arn);
    return customers == nullptr || customers->documents.empty() ? nullptr
                                                                : &customers->documents.front();
}

void Directory::add_documents(std::vector<Document const*>& out, model::AccountId const& account,
                              model::Identity const& identity,
                              std::vector<Document> const& own) const {
    for (auto const& document : own) out.push_back(&document);
    for (auto const& attached : identity.attached_policies) {
        if (auto const* const aws = aws_document(attached.arn)) {
            out.push_back(aws);
        } else if (auto const* const customers = find_policy(account, attached.arn)) {
            for (auto const& document : customers->documents) out.push_back(&document);
        }
    }
}

std::vector<Document const*> Directory::documents_of(Known<model::User> const& user) const {
    std::vector<Document const*> out;
    add_documents(out, user.entity.account, user.entity, user.documents);
    for (auto const& id : user.entity.group_ids) {
        if (auto const* const group = find_group_by_id(id))
            add_documents(out, group->entity.account, group->entity, group->documents);
    }
    return out;
}

std::vector<Document const*> Directory::documents_of(Known<model::Role> const& role) const {
    std::vector<Document const*> out;
    add_documents(out, role.entity.account, role.entity, role.documents);
    return out;
}

}  // namespace meridian::iam
