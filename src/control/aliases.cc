#include "control/aliases.h"

#include <fmt/format.h>

#include "control/retry.h"
#include "control/sub_records.h"
#include "model/limits.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {
constexpr std::string_view kAliasListing = "aliases";
}

std::string Aliases::arn(Requester const& who, model::FunctionName const& function,
                         std::string const& alias) const {
    return parts_.functions.arn(who.account, function, model::Qualifier(alias));
}

io::Task<> Aliases::load() {
    MERIDIAN_CO_TRY(auto aliases, co_await table_.every(parts_.log));
    publish(std::move(aliases));
    co_return Result<void>{};
}

io::Task<> Aliases::read_again(model::AccountId account, model::FunctionName function) {
    MERIDIAN_CO_TRY(auto aliases, co_await table_.under(account, sub_id_prefix(function)));
    forget(account, function);
    publish(std::move(aliases));
    co_return Result<void>{};
}

void Aliases::publish(std::vector<Stored<model::Alias>> aliases) {
    for (auto& stored : aliases) {
        published_.publish(stored.key.account, function_of_sub_id(stored.key.id),
                           std::move(stored.value), stored.sequence);
    }
}

Result<std::optional<model::AdditionalVersion>> Aliases::read_weights(
    Requester const& who, model::FunctionName const& function, std::uint64_t version,
    VersionWeights const& weights) const {
    if (weights.empty()) return std::nullopt;
    if (weights.size() > model::limits::kAdditionalVersionsMax) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("Number of items in AdditionalVersionWeights cannot be greater "
                                "than {}",
                                model::limits::kAdditionalVersionsMax));
    }
    auto const& [additional, weight] = *weights.begin();
    if (version == 0) {
        return fail(Errc::kInvalidParameterValueWithoutType,
                    "$LATEST is not supported for an alias pointing to more than 1 version");
    }
    MERIDIAN_TRY(auto const number,
                 parts_.functions.require_version(who.account, function, additional));
    if (number == version) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("Invalid function version {0}. Function version {0} is already "
                                "included in routing configuration.",
                                number));
    }
    return model::AdditionalVersion{number, weight};
}

io::Task<model::Alias> Aliases::create(Requester who, CreateAliasRequest request) {
    co_return co_await retry_conflicts([&] { return try_create(who, request); });
}

io::Task<model::Alias> Aliases::try_create(Requester who, CreateAliasRequest request) {
    MERIDIAN_CO_TRY(auto found, co_await parts_.functions.find(who.account, request.function));
    if (!found) {
        co_return parts_.functions.not_found(who.account, request.function,
                                             model::Qualifier(request.version));
    }
    auto stored = std::move(*found);
    MERIDIAN_CO_TRY(auto const version, parts_.functions.require_version(
                                            who.account, request.function, request.version));
    MERIDIAN_CO_TRY(auto const additional,
                    read_weights(who, request.function, version, request.weights));
    MERIDIAN_CO_TRY(
        auto const existing,
        co_await table_.get(who.account, sub_id(request.function, model::Qualifier(request.name))));
    if (existing) {
        co_return fail(Errc::kResourceConflict,
                       "Alias already exists: " + arn(who, request.function, request.name));
    }
    co_return co_await write(std::move(who), std::move(stored),
                             {.name = request.name,
                              .version = version,
                              .description = request.description,
                              .additional = additional,
                              .revision = {}},
                             std::nullopt);
}

io::Task<model::Alias> Aliases::write(Requester who, StoredFunction stored, model::Alias alias,
                                      std::optional<store::Sequence> before) {
    auto const& function = stored.function.name;
    alias.revision = model::RevisionId(make_uuid(parts_.random));
    auto key = table_.key(who.account, sub_id(function, model::Qualifier(alias.name)));
    MERIDIAN_CO_TRY(auto const sequence, co_await table_.put(who.arn, std::move(key), alias, before,
                                                             {still_there(stored)}));
    published_.publish(who.account, function, alias, sequence);
    if (on_change) on_change(who.account, function);
    co_return alias;
}

io::Task<model::Alias> Aliases::get(Requester who, model::FunctionName function, std::string name) {
    MERIDIAN_CO_TRY(auto const stored, co_await parts_.functions.find(who.account, function));
    MERIDIAN_CO_TRY(auto alias,
                    co_await table_.get(who.account, sub_id(function, model::Qualifier(name))));
    if (!stored || !alias)
        co_return fail(Errc::kResourceNotFound,
                       "Cannot find alias arn: " + arn(who, function, name));
    co_return std::move(alias->value);
}

io::Task<AliasPage> Aliases::list(Requester who, ListAliasesRequest request) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kAliasListing, request.marker));
    MERIDIAN_CO_CHECK(co_await parts_.functions.load(who.account, request.function));
    std::optional<std::uint64_t> only;
    if (!request.version.empty()) {
        MERIDIAN_CO_TRY(
            only, parts_.functions.require_version(who.account, request.function, request.version));
    }
    auto const size = wire::page_size(request.max_items, model::limits::kListPageMax);
    auto const prefix = sub_id_prefix(request.function);
    AliasPage page;
    auto after = position.after_name.empty() ? std::string() : prefix + position.after_name;
    for (;;) {
        MERIDIAN_CO_TRY(auto aliases, co_await table_.page(who.account, prefix, after, size + 1));
        for (auto& stored : aliases) {
            if (only && stored.value.version != *only) continue;
            if (page.aliases.size() == size) {
                page.next_marker =
                    wire::encode_marker(kAliasListing, {page.aliases.back().name, 0});
                co_return page;
            }
            page.aliases.push_back(std::move(stored.value));
        }
        if (aliases.size() <= size) co_return page;
        after = aliases.back().key.id;
    }
}

io::Task<model::Alias> Aliases::update(Requester who, UpdateAliasRequest request) {
    co_return co_await retry_conflicts([&] { return try_update(who, request); });
}

io::Task<model::Alias> Aliases::try_update(Requester who, UpdateAliasRequest request) {
    MERIDIAN_CO_TRY(auto stored, co_await parts_.functions.load(who.account, request.function));
    MERIDIAN_CO_TRY(
        auto existing,
        co_await table_.get(who.account, sub_id(request.function, model::Qualifier(request.name))));
    if (!existing) {
        co_return fail(Errc::kResourceNotFound,
                       "Alias not found: " + arn(who, request.function, request.name));
    }
    auto alias = std::move(existing->value);
    if (request.revision_id && *request.revision_id != alias.revision) {
        co_return fail(Errc::kPreconditionFailed,
                       "The Revision Id provided does not match the latest Revision Id. Call the "
                       "GetFunction/GetAlias API to retrieve the latest Revision Id");
    }
    if (request.version) {
        MERIDIAN_CO_TRY(alias.version, parts_.functions.require_version(
                                           who.account, request.function, *request.version));
    }
    if (request.description) alias.description = *request.description;
    if (request.weights) {
        MERIDIAN_CO_TRY(alias.additional,
                        read_weights(who, request.function, alias.version, *request.weights));
    } else if (alias.additional) {
        // The weights that stay must go with the version that is new.
        VersionWeights const weights{
            {std::to_string(alias.additional->version), alias.additional->weight}};
        MERIDIAN_CO_CHECK(read_weights(who, request.function, alias.version, weights));
    }
    co_return co_await write(std::move(who), std::move(stored), std::move(alias),
                             existing->sequence);
}

io::Task<> Aliases::remove(Requester who, model::FunctionName function, std::string name) {
    co_return co_await retry_conflicts([&] { return try_remove(who, function, name); });
}

io::Task<> Aliases::try_remove(Requester who, model::FunctionName function, std::string name) {
    MERIDIAN_CO_CHECK(co_await parts_.functions.load(who.account, function));
    MERIDIAN_CO_TRY(auto const existing,
                    co_await table_.get(who.account, sub_id(function, model::Qualifier(name))));
    if (!existing) co_return Result<void>{};
    store::Transaction transaction{.caller = who.arn,
                                   .expectations = {{existing->key, existing->sequence}},
                                   .changes = {{existing->key, std::nullopt}}};
    // Its provisioned concurrency goes with it; its URL stays (both recorded).
    store::Key const provisioned{who.account, store::Kind::kProvisionedConcurrency,
                                 existing->key.id};
    MERIDIAN_CO_TRY(auto const config, co_await parts_.store.get(provisioned));
    if (config) {
        transaction.expectations.push_back({provisioned, config->sequence});
        transaction.changes.push_back({provisioned, std::nullopt});
    }
    MERIDIAN_CO_TRY(auto const sequence, co_await parts_.store.commit(std::move(transaction)));
    published_.remove(who.account, function, name, sequence);
    if (on_change) on_change(who.account, function);
    co_return Result<void>{};
}

}  // namespace meridian::control
