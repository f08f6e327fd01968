#include "control/provisioned_concurrency.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "control/retry.h"
#include "control/sub_records.h"
#include "model/limits.h"
#include "store/record_format.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {

constexpr int kProvisionedFormat = 1;
constexpr std::string_view kProvisionedListing = "provisioned";
// Of Put, and of the others (both recorded).
constexpr char const* kUnpublished =
    "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
constexpr char const* kNotPublished =
    "The function resource provided must be an alias or a published version.";

}  // namespace

nlohmann::json ProvisionedConcurrencyCodec::to_json(Value const& config) {
    return {{"format", kProvisionedFormat},
            {"requested", config.requested},
            {"last_modified_us", config.last_modified.time_since_epoch().count()}};
}

Result<ProvisionedConfig> ProvisionedConcurrencyCodec::from_record(store::Key const& key,
                                                                   nlohmann::json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kProvisionedFormat));
    return store::guarded(key, [&] {
        return ProvisionedConfig{
            value.at("requested").get<std::uint32_t>(),
            WallTime{std::chrono::microseconds{value.at("last_modified_us").get<std::int64_t>()}}};
    });
}

io::Task<> ProvisionedConcurrency::load() {
    MERIDIAN_CO_TRY(auto const stored, co_await table_.every(parts_.log));
    for (auto const& each : stored) {
        wanted_[{each.key.account, function_of_sub_id(each.key.id)}]
               [qualifier_of_sub_id(each.key.id).value()] = each.value.requested;
    }
    for (auto const& [function, counts] : wanted_) apply(function);
    co_return Result<void>{};
}

io::Task<> ProvisionedConcurrency::read_again(model::AccountId account,
                                              model::FunctionName function) {
    MERIDIAN_CO_TRY(auto const stored, co_await table_.under(account, sub_id_prefix(function)));
    wanted_.erase({account, function});
    for (auto const& each : stored) {
        wanted_[{account, function}][qualifier_of_sub_id(each.key.id).value()] =
            each.value.requested;
    }
    apply({account, function});
    co_return Result<void>{};
}

void ProvisionedConcurrency::forget(model::AccountId const& account,
                                    model::FunctionName const& function) {
    wanted_.erase({account, function});
    apply({account, function});
}

void ProvisionedConcurrency::alias_changed(model::AccountId const& account,
                                           model::FunctionName const& function) {
    if (auto const wanted = wanted_.find({account, function}); wanted != wanted_.end()) {
        std::erase_if(wanted->second, [&](auto const& entry) {
            return !version_of_qualifier(account, function, entry.first);
        });
    }
    apply({account, function});
}

std::optional<std::uint64_t> ProvisionedConcurrency::version_of_qualifier(
    model::AccountId const& account, model::FunctionName const& function,
    std::string const& qualifier) const {
    if (auto const number = version_number(qualifier)) return number;
    auto const* const alias =
        aliases_.published().find(account.value(), function.value(), qualifier);
    return alias == nullptr ? std::nullopt : std::optional(alias->version);
}

void ProvisionedConcurrency::apply(FunctionId const& function) {
    std::map<std::uint64_t, std::uint32_t> next;
    if (auto const wanted = wanted_.find(function); wanted != wanted_.end()) {
        for (auto const& [qualifier, count] : wanted->second) {
            if (auto const version =
                    version_of_qualifier(function.first, function.second, qualifier)) {
                next[*version] += count;
            }
        }
    }
    auto& now = applied_[function];
    for (auto const& [version, count] : now) {
        if (!next.contains(version))
            environments_.set(function.first, function.second, version_of(version), 0);
    }
    for (auto const& [version, count] : next) {
        auto const before = now.find(version);
        if (before == now.end() || before->second != count)
            environments_.set(function.first, function.second, version_of(version), count);
    }
    now = std::move(next);
    if (now.empty()) applied_.erase(function);
}

std::uint32_t ProvisionedConcurrency::total(model::AccountId const& account,
                                            model::FunctionName const& function) const {
    auto const wanted = wanted_.find({account, function});
    if (wanted == wanted_.end()) return 0;
    return std::accumulate(wanted->second.begin(), wanted->second.end(), std::uint32_t{0},
                           [](std::uint32_t sum, auto const& entry) { return sum + entry.second; });
}

std::uint32_t ProvisionedConcurrency::of_version(model::AccountId const& account,
                                                 model::FunctionName const& function,
                                                 model::Version const& version) const {
    if (applied_.empty()) return 0;
    auto const versions = applied_.find({account, function});
    auto const number = version_number(version.value());
    if (versions == applied_.end() || !number) return 0;
    auto const found = versions->second.find(*number);
    return found == versions->second.end() ? 0 : found->second;
}

std::uint32_t ProvisionedConcurrency::total_of_unreserved(model::AccountId const& account) const {
    std::uint32_t sum = 0;
    for (auto const& [function, counts] : wanted_) {
        if (function.first == account && !reserved_.find(account.value(), function.second.value()))
            sum += total(function.first, function.second);
    }
    return sum;
}

Result<void> ProvisionedConcurrency::check_target(Requester const& who,
                                                  FunctionAndQualifier const& what,
                                                  char const* latest_text) const {
    std::string const qualifier = what.qualifier ? what.qualifier->value() : model::kLatest;
    if (qualifier == model::kLatest) return fail(Errc::kInvalidParameterValue, latest_text);
    if (version_number(qualifier)) {
        MERIDIAN_CHECK(parts_.functions.require_version(who.account, what.name, qualifier));
        return {};
    }
    auto const* const alias =
        aliases_.published().find(who.account.value(), what.name.value(), qualifier);
    if (alias == nullptr) {
        return fail(Errc::kResourceNotFound,
                    "Cannot find alias arn: " +
                        parts_.functions.arn(who.account, what.name, what.qualifier));
    }
    if (alias->version == 0) return fail(Errc::kInvalidParameterValue, latest_text);
    return {};
}

Result<void> ProvisionedConcurrency::check_room(Requester const& who,
                                                FunctionAndQualifier const& what,
                                                std::uint32_t requested) const {
    auto const& qualifier = what.qualifier->value();
    std::uint64_t others = 0;
    if (auto const wanted = wanted_.find({who.account, what.name}); wanted != wanted_.end()) {
        auto const version = version_of_qualifier(who.account, what.name, qualifier);
        for (auto const& [other, count] : wanted->second) {
            if (other == qualifier) continue;
            others += count;
            if (version_of_qualifier(who.account, what.name, other) != version) continue;
            return fail(Errc::kResourceConflict,
                        version_number(qualifier)
                            ? "Version is pointed by a Provisioned Concurrency alias"
                            : "Alias can't be used for Provisioned Concurrency configuration on an "
                              "already Provisioned version");
        }
    }
    if (auto const reserved = reserved_.find(who.account.value(), what.name.value())) {
        if (others + requested > *reserved) {
            return fail(Errc::kInvalidParameterValue,
                        "Requested Provisioned Concurrency should not be greater than the "
                        "reservedConcurrentExecution for function");
        }
        return {};
    }
    // Without this function's own, of which `others` stays.
    std::uint64_t const used = static_cast<std::uint64_t>(reserved_.total(who.account.value())) +
                               total_of_unreserved(who.account) - total(who.account, what.name);
    auto const left = account_limit_ - std::min<std::uint64_t>(account_limit_, used + others);
    if (requested > left) {
        return fail(Errc::kInvalidParameterValueWithoutType,
                    fmt::format("Specified ConcurrentExecutions for function is greater than "
                                "account's unreserved concurrency [{}].",
                                left));
    }
    if (requested + model::limits::kUnreservedConcurrencyMin > left) {
        return fail(Errc::kInvalidParameterValueWithoutType,
                    fmt::format("Specified ConcurrentExecutions for function decreases account's "
                                "UnreservedConcurrentExecution below its minimum value of [{}].",
                                model::limits::kUnreservedConcurrencyMin));
    }
    return {};
}

ProvisionedView ProvisionedConcurrency::view(model::AccountId const& account,
                                             model::FunctionName const& function,
                                             Stored<ProvisionedConfig> const& stored) const {
    ProvisionedView out{
        .qualifier = qualifier_of_sub_id(stored.key.id), .config = stored.value, .status = {}};
    if (auto const version = version_of_qualifier(account, function, out.qualifier.value()))
        out.status = environments_.status(account, function, version_of(*version));
    return out;
}

io::Task<ProvisionedView> ProvisionedConcurrency::put(Requester who, FunctionAndQualifier what,
                                                      std::uint32_t requested) {
    co_return co_await retry_conflicts([&] { return try_put(who, what, requested); });
}

io::Task<ProvisionedView> ProvisionedConcurrency::try_put(Requester who, FunctionAndQualifier what,
                                                          std::uint32_t requested) {
    MERIDIAN_CO_CHECK(check_target(who, what, kUnpublished));
    MERIDIAN_CO_TRY(auto const function, co_await parts_.functions.load(who.account, what.name));
    MERIDIAN_CO_CHECK(check_room(who, what, requested));
    auto const id = sub_id(what.name, *what.qualifier);
    MERIDIAN_CO_TRY(auto const before, co_await table_.get(who.account, id));
    ProvisionedConfig const config{requested, parts_.clock.wall_now()};
    MERIDIAN_CO_CHECK(co_await table_.put(who.arn, table_.key(who.account, id), config,
                                          before ? std::optional(before->sequence) : std::nullopt,
                                          {still_there(function)}));
    wanted_[{who.account, what.name}][what.qualifier->value()] = requested;
    apply({who.account, what.name});
    // Nothing is initialised at this moment, whatever was before.
    co_return ProvisionedView{.qualifier = *what.qualifier, .config = config, .status = {}};
}

io::Task<ProvisionedView> ProvisionedConcurrency::get(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_CHECK(check_target(who, what, kNotPublished));
    MERIDIAN_CO_TRY(auto const stored,
                    co_await table_.get(who.account, sub_id(what.name, *what.qualifier)));
    if (!stored) {
        co_return fail(Errc::kProvisionedConcurrencyConfigNotFound,
                       "No Provisioned Concurrency Config found for this function");
    }
    co_return view(who.account, what.name, *stored);
}

io::Task<ProvisionedPage> ProvisionedConcurrency::list(Requester who,
                                                       ListProvisionedRequest request) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kProvisionedListing, request.marker));
    MERIDIAN_CO_CHECK(co_await parts_.functions.load(who.account, request.function));
    auto const size = wire::page_size(request.max_items, model::limits::kListPageMax);
    auto const prefix = sub_id_prefix(request.function);
    auto const after = position.after_name.empty() ? std::string() : prefix + position.after_name;
    MERIDIAN_CO_TRY(auto const stored, co_await table_.page(who.account, prefix, after, size + 1));
    ProvisionedPage page;
    for (auto const& each : stored) {
        if (page.configs.size() == size) {
            page.next_marker = wire::encode_marker(kProvisionedListing,
                                                   {page.configs.back().qualifier.value(), 0});
            break;
        }
        page.configs.push_back(view(who.account, request.function, each));
    }
    co_return page;
}

io::Task<> ProvisionedConcurrency::remove(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_CHECK(check_target(who, what, kNotPublished));
    co_return co_await retry_conflicts([&] { return try_remove(who, what); });
}

io::Task<> ProvisionedConcurrency::try_remove(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto const before,
                    co_await table_.get(who.account, sub_id(what.name, *what.qualifier)));
    if (!before) co_return Result<void>{};
    MERIDIAN_CO_CHECK(co_await table_.remove(who.arn, before->key, before->sequence));
    auto& counts = wanted_[{who.account, what.name}];
    counts.erase(what.qualifier->value());
    if (counts.empty()) wanted_.erase({who.account, what.name});
    apply({who.account, what.name});
    co_return Result<void>{};
}

}  // namespace meridian::control
