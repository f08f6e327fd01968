#include "control/resource_policies.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/record_format.h"
#include "control/retry.h"
#include "control/sub_records.h"
#include "model/limits.h"

namespace meridian::control {

namespace {

constexpr int kFormat = 1;
constexpr char const* kStale =
    "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to "
    "retrieve the latest Revision Id";

std::string id_of(FunctionAndQualifier const& what) {
    return sub_id(what.name, what.qualifier.value_or(model::Qualifier()));
}

auto statement_of(nlohmann::ordered_json& document, std::string const& id) {
    return std::ranges::find_if(document["Statement"],
                                [&](auto const& statement) { return statement["Sid"] == id; });
}

}  // namespace

nlohmann::json ResourcePolicyCodec::to_json(ResourcePolicy const& policy) {
    return {{"format", kFormat},
            {"revision", policy.revision.value()},
            {"document", policy.document.dump()}};
}

Result<ResourcePolicy> ResourcePolicyCodec::from_record(store::Key const& key,
                                                        nlohmann::json const& value) {
    MERIDIAN_CHECK(check_format(key, value, kFormat));
    return guarded(key, [&] {
        return ResourcePolicy{
            nlohmann::ordered_json::parse(value.at("document").get<std::string>()),
            model::RevisionId(value.at("revision").get<std::string>())};
    });
}

io::Task<> ResourcePolicies::load() {
    MERIDIAN_CO_TRY(auto policies, co_await table_.every(parts_.log));
    for (auto const& stored : policies)
        publish(stored.key.account, stored.key.id, stored.value.document.dump(), stored.sequence);
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
    MERIDIAN_CO_TRY(auto const function, co_await parts_.functions.load(who.account, what.name));
    if (what.qualifier) {
        auto const& qualifier = what.qualifier->value();
        if (version_number(qualifier)) {
            MERIDIAN_CO_CHECK(parts_.functions.require_version(who.account, what.name, qualifier));
        } else if (aliases_.published().find(who.account.value(), what.name.value(), qualifier) ==
                   nullptr) {
            co_return fail(Errc::kResourceNotFound, "Cannot find alias arn: " + arn);
        }
    }
    MERIDIAN_CO_TRY(auto existing, co_await table_.get(who.account, id_of(what)));
    if (request.revision_id && (!existing || *request.revision_id != existing->value.revision)) {
        co_return fail(Errc::kPreconditionFailed, kStale);
    }
    MERIDIAN_CO_TRY(auto statement, make_statement(request.permission, arn));
    auto const text = statement.dump();
    ResourcePolicy policy;
    policy.document = existing
                          ? std::move(existing->value.document)
                          : nlohmann::ordered_json{{"Version", "2012-10-17"},
                                                   {"Id", "default"},
                                                   {"Statement", nlohmann::ordered_json::array()}};
    auto const& id = request.permission.statement_id;
    if (statement_of(policy.document, id) != policy.document["Statement"].end()) {
        co_return fail(
            Errc::kResourceConflict,
            fmt::format("The statement id ({}) provided already exists. Please provide a new "
                        "statement id, or remove the existing statement.",
                        id));
    }
    policy.document["Statement"].push_back(std::move(statement));
    auto document = policy.document.dump();
    if (document.size() > model::limits::kResourcePolicyBytesMax) {
        co_return fail(Errc::kPolicyLengthExceeded,
                       fmt::format("The final policy size ({}) is bigger than the limit ({}).",
                                   document.size(), model::limits::kResourcePolicyBytesMax));
    }
    policy.revision = model::RevisionId(make_uuid(parts_.random));
    auto const key = table_.key(who.account, id_of(what));
    MERIDIAN_CO_TRY(auto const sequence,
                    co_await table_.put(who.arn, key, std::move(policy),
                                        existing ? std::optional(existing->sequence) : std::nullopt,
                                        {still_there(function)}));
    publish(who.account, key.id, std::move(document), sequence);
    co_return text;
}

io::Task<ResourcePolicy> ResourcePolicies::get(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto const function, co_await parts_.functions.find(who.account, what.name));
    MERIDIAN_CO_TRY(auto existing, co_await table_.get(who.account, id_of(what)));
    if (!function || !existing)
        co_return fail(Errc::kResourceNotFound, "The resource you requested does not exist.");
    co_return std::move(existing->value);
}

io::Task<> ResourcePolicies::remove(Requester who, RemovePermissionRequest request) {
    co_return co_await retry_conflicts([&] { return try_remove(who, request); });
}

io::Task<> ResourcePolicies::try_remove(Requester who, RemovePermissionRequest request) {
    auto const& what = request.what;
    MERIDIAN_CO_TRY(auto const function, co_await parts_.functions.find(who.account, what.name));
    if (!function) {
        co_return fail(
            Errc::kResourceNotFound,
            "No policy found for: " + parts_.functions.arn(who.account, what.name, what.qualifier));
    }
    MERIDIAN_CO_TRY(auto existing, co_await table_.get(who.account, id_of(what)));
    if (!existing) {
        co_return fail(Errc::kResourceNotFound, "No policy is associated with the given resource.");
    }
    auto& policy = existing->value;
    auto const statement = statement_of(policy.document, request.statement_id);
    if (statement == policy.document["Statement"].end()) {
        co_return fail(
            Errc::kResourceNotFound,
            fmt::format("Statement {} is not found in resource policy.", request.statement_id));
    }
    if (request.revision_id && *request.revision_id != policy.revision)
        co_return fail(Errc::kPreconditionFailed, kStale);
    policy.document["Statement"].erase(statement);
    if (policy.document["Statement"].empty()) {
        MERIDIAN_CO_TRY(auto const sequence,
                        co_await table_.remove(who.arn, existing->key, existing->sequence));
        publish(who.account, existing->key.id, "", sequence);
        co_return Result<void>{};
    }
    policy.revision = model::RevisionId(make_uuid(parts_.random));
    auto document = policy.document.dump();
    MERIDIAN_CO_TRY(
        auto const sequence,
        co_await table_.put(who.arn, existing->key, std::move(policy), existing->sequence));
    publish(who.account, existing->key.id, std::move(document), sequence);
    co_return Result<void>{};
}

}  // namespace meridian::control
