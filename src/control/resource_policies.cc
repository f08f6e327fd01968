#include "control/resource_policies.h"

#include <utility>

#include <fmt/format.h>

#include "control/policy_document.h"
#include "control/retry.h"
#include "control/sub_records.h"
#include "store/record_format.h"

namespace meridian::control {

namespace {

constexpr int kPolicyFormat = 1;
constexpr char const* kStalePolicy =
    "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to "
    "retrieve the latest Revision Id";

std::string policy_id(FunctionAndQualifier const& what) {
    return sub_id(what.name, what.qualifier.value_or(model::Qualifier()));
}

}  // namespace

nlohmann::json ResourcePolicyCodec::to_json(Value const& document) {
    return {{"format", kPolicyFormat}, {"document", document.dump()}};
}

Result<nlohmann::ordered_json> ResourcePolicyCodec::from_record(store::Key const& key,
                                                                nlohmann::json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kPolicyFormat));
    return store::guarded(key, [&] {
        return nlohmann::ordered_json::parse(value.at("document").get<std::string>());
    });
}

io::Task<> ResourcePolicies::load() {
    MERIDIAN_CO_TRY(auto policies, co_await table_.every(parts_.log));
    for (auto const& stored : policies)
        publish(stored.key.account, stored.key.id, stored.value.dump(), stored.sequence);
    co_return Result<void>{};
}

io::Task<> ResourcePolicies::read_again(model::AccountId account, model::FunctionName function) {
    MERIDIAN_CO_TRY(auto const policies, co_await table_.under(account, sub_id_prefix(function)));
    forget(account, function);
    for (auto const& stored : policies)
        publish(account, stored.key.id, stored.value.dump(), stored.sequence);
    co_return Result<void>{};
}

void ResourcePolicies::publish(model::AccountId const& account, std::string id,
                               std::string document, store::Sequence sequence) {
    auto& known = published_[account.value()][std::move(id)];
    if (sequence >= known.sequence) known = {std::move(document), sequence};
}

void ResourcePolicies::forget(model::AccountId const& account,
                              model::FunctionName const& function) {
    auto const prefix = sub_id_prefix(function);
    std::erase_if(published_[account.value()],
                  [&](auto const& entry) { return entry.first.starts_with(prefix); });
}

std::string const* ResourcePolicies::find(std::string_view account, std::string_view function,
                                          std::string_view qualifier) const {
    auto const policies = published_.find(account);
    if (policies == published_.end()) return nullptr;
    auto const found = policies->second.find(fmt::format("{}:{}", function, qualifier));
    return found == policies->second.end() || found->second.document.empty()
               ? nullptr
               : &found->second.document;
}

io::Task<std::optional<ResourcePolicies::Target>> ResourcePolicies::find_target(
    Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto stored, co_await parts_.functions.load(who.account, what.name));
    model::RevisionId const renewed(make_uuid(parts_.random));
    if (!what.qualifier || what.qualifier->value() == model::kLatest) {
        auto& latest = stored.function.latest;
        auto const revision = model::visible_revision(latest.revision, stored.latest.status);
        latest.revision = {renewed, renewed};
        co_return Target{revision, function_key(who.account, what.name), stored.sequence,
                         function_to_text(stored.function), status_to_text(stored.latest, latest)};
    }
    auto const& qualifier = what.qualifier->value();
    if (auto const number = version_number(qualifier)) {
        MERIDIAN_CO_TRY(auto version,
                        co_await functions_.get_version(who.account, what.name, *number));
        if (!version) co_return std::nullopt;
        auto const revision =
            model::visible_revision(version->version.revision, version->status.status);
        version->version.revision = {renewed, renewed};
        co_return Target{revision, version_key(who.account, what.name, *number), version->sequence,
                         version_to_text(version->version),
                         status_to_text(version->status, version->version)};
    }
    MERIDIAN_CO_TRY(auto alias, co_await aliases_.get(who.account, policy_id(what)));
    if (!alias) co_return std::nullopt;
    auto const revision = std::exchange(alias->value.revision, renewed);
    co_return Target{revision, alias->key, alias->sequence, AliasCodec::to_json(alias->value),
                     std::nullopt};
}

io::Task<> ResourcePolicies::write(Requester who, FunctionAndQualifier what, Target target,
                                   std::optional<nlohmann::ordered_json> document,
                                   std::optional<store::Sequence> before) {
    auto const key = table_.key(who.account, policy_id(what));
    store::Transaction transaction{.caller = who.arn,
                                   .expectations = {{key, before}, {target.key, target.sequence}},
                                   .changes = {{target.key, std::move(target.renewed)}}};
    if (target.status) transaction.statuses.push_back({target.key, std::move(*target.status)});
    std::string text;
    if (document) {
        text = document->dump();
        transaction.changes.push_back({key, ResourcePolicyCodec::to_json(*document)});
    } else {
        transaction.changes.push_back({key, std::nullopt});
    }
    MERIDIAN_CO_TRY(auto const sequence, co_await parts_.store.commit(std::move(transaction)));
    publish(who.account, key.id, std::move(text), sequence);
    co_return Result<void>{};
}

io::Task<std::string> ResourcePolicies::add(Requester who, AddPermissionRequest request) {
    co_return co_await retry_conflicts([&] { return try_add(who, request); });
}

io::Task<std::string> ResourcePolicies::try_add(Requester who, AddPermissionRequest request) {
    auto const& what = request.what;
    if (what.qualifier && what.qualifier->value() == model::kLatest) {
        co_return fail(Errc::kInvalidParameterValue,
                       "We currently do not support adding policies for $LATEST.");
    }
    auto const arn = parts_.functions.arn(who.account, what.name, what.qualifier);
    MERIDIAN_CO_TRY(auto target, co_await find_target(who, what));
    if (!target) {
        auto const& qualifier = what.qualifier->value();
        bool const is_alias =
            !version_number(qualifier) && qualifier.find('$') == std::string::npos;
        if (is_alias) co_return fail(Errc::kResourceNotFound, "Cannot find alias arn: " + arn);
        co_return parts_.functions.not_found(who.account, what.name, what.qualifier);
    }
    if (request.revision_id && *request.revision_id != target->revision)
        co_return fail(Errc::kPreconditionFailed, kStalePolicy);
    MERIDIAN_CO_TRY(auto existing, co_await table_.get(who.account, policy_id(what)));
    MERIDIAN_CO_TRY(auto statement, make_statement(request.permission, arn));
    auto text = statement.dump();
    auto document = existing ? std::move(existing->value) : empty_policy();
    MERIDIAN_CO_CHECK(add_statement(document, std::move(statement)));
    MERIDIAN_CO_CHECK(co_await write(who, what, std::move(*target), std::move(document),
                                     existing ? std::optional(existing->sequence) : std::nullopt));
    co_return text;
}

io::Task<ResourcePolicy> ResourcePolicies::get(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto const target, co_await find_target(who, what));
    MERIDIAN_CO_TRY(auto existing, co_await table_.get(who.account, policy_id(what)));
    if (!target || !existing)
        co_return fail(Errc::kResourceNotFound, "The resource you requested does not exist.");
    co_return ResourcePolicy{std::move(existing->value), target->revision};
}

io::Task<> ResourcePolicies::remove(Requester who, RemovePermissionRequest request) {
    co_return co_await retry_conflicts([&] { return try_remove(who, request); });
}

io::Task<> ResourcePolicies::try_remove(Requester who, RemovePermissionRequest request) {
    auto const& what = request.what;
    auto const arn = parts_.functions.arn(who.account, what.name, what.qualifier);
    auto found = co_await find_target(who, what);
    if (!found) {
        co_return found.error().code == Errc::kResourceNotFound
            ? fail(Errc::kResourceNotFound, "No policy found for: " + arn)
            : std::unexpected(found.error());
    }
    MERIDIAN_CO_TRY(auto existing, co_await table_.get(who.account, policy_id(what)));
    if (!*found || !existing) {
        bool const is_alias = what.qualifier && !version_number(what.qualifier->value());
        co_return fail(Errc::kResourceNotFound,
                       !*found && is_alias ? "Cannot find alias arn: " + arn
                                           : "No policy is associated with the given resource.");
    }
    auto& document = existing->value;
    auto const statement = statement_of(document, request.statement_id);
    if (statement == document["Statement"].end()) {
        co_return fail(
            Errc::kResourceNotFound,
            fmt::format("Statement {} is not found in resource policy.", request.statement_id));
    }
    if (request.revision_id && *request.revision_id != (*found)->revision)
        co_return fail(Errc::kPreconditionFailed, kStalePolicy);
    document["Statement"].erase(statement);
    std::optional<nlohmann::ordered_json> left;
    if (!document["Statement"].empty()) left = std::move(document);
    co_return co_await write(who, what, std::move(**found), std::move(left), existing->sequence);
}

}  // namespace meridian::control
