#include "control/function_urls.h"

#include <fmt/format.h>

#include "control/retry.h"
#include "control/sub_records.h"
#include "model/limits.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {

constexpr std::string_view kUrlListing = "urls";
constexpr std::size_t kUrlIdChars = 32;  // as seen
constexpr std::string_view kUrlIdAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

// $LATEST and nothing mean the same URL.
model::Qualifier alias_of(FunctionAndQualifier const& what) {
    if (!what.qualifier || what.qualifier->value() == model::kLatest) return {};
    return *what.qualifier;
}

std::string url_id_of(FunctionAndQualifier const& what) {
    return sub_id(what.name, alias_of(what));
}

}  // namespace

io::Task<> FunctionUrls::load() {
    MERIDIAN_CO_TRY(auto stored, co_await table_.every(parts_.log));
    for (auto& each : stored) {
        published_.publish(each.key.account, each.key.id, std::move(each.value.settings),
                           each.sequence);
    }
    co_return Result<void>{};
}

io::Task<> FunctionUrls::read_again(model::AccountId account, model::FunctionName function) {
    MERIDIAN_CO_TRY(auto stored, co_await table_.under(account, sub_id_prefix(function)));
    forget(account, function);
    for (auto& each : stored)
        published_.publish(account, each.key.id, std::move(each.value.settings), each.sequence);
    co_return Result<void>{};
}

io::Task<StoredFunction> FunctionUrls::find_function(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto function, co_await parts_.functions.find(who.account, what.name));
    auto const alias = alias_of(what);
    bool const there =
        function.has_value() &&
        (alias.value().empty() || aliases_.published().find(who.account.value(), what.name.value(),
                                                            alias.value()) != nullptr);
    if (!there) co_return fail(Errc::kResourceNotFound, "Function does not exist");
    co_return std::move(*function);
}

io::Task<Stored<KeptSettings>> FunctionUrls::load_config(Requester who, FunctionAndQualifier what) {
    // A URL outlives its alias (recorded), but not its function.
    MERIDIAN_CO_TRY(auto const function, co_await parts_.functions.find(who.account, what.name));
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(who.account, url_id_of(what)));
    if (!function || !stored)
        co_return fail(Errc::kResourceNotFound, "The resource you requested does not exist.");
    co_return std::move(*stored);
}

io::Task<FunctionUrl> FunctionUrls::create(Requester who, FunctionAndQualifier what,
                                           nlohmann::json settings) {
    co_return co_await retry_conflicts([&] { return try_create(who, what, settings); });
}

io::Task<FunctionUrl> FunctionUrls::try_create(Requester who, FunctionAndQualifier what,
                                               nlohmann::json settings) {
    MERIDIAN_CO_TRY(auto const function, co_await find_function(who, what));
    MERIDIAN_CO_TRY(auto const existing, co_await table_.get(who.account, url_id_of(what)));
    auto const alias = alias_of(what);
    if (existing) {
        co_return fail(
            Errc::kResourceConflict,
            fmt::format("Failed to create function url config for [functionArn = {}]. Error "
                        "message:  FunctionUrlConfig exists for this Lambda function",
                        parts_.functions.arn(who.account, what.name, alias)));
    }
    settings["UrlId"] = make_token(parts_.random, kUrlIdAlphabet, kUrlIdChars);
    auto const now = parts_.clock.wall_now();
    KeptSettings config{std::move(settings), now, now};
    auto const id = url_id_of(what);
    MERIDIAN_CO_TRY(auto const sequence,
                    co_await table_.put(who.arn, table_.key(who.account, id), config, std::nullopt,
                                        {still_there(function)}));
    published_.publish(who.account, id, config.settings, sequence);
    co_return FunctionUrl{alias, std::move(config)};
}

io::Task<FunctionUrl> FunctionUrls::get(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto stored, co_await load_config(who, what));
    co_return FunctionUrl{alias_of(what), std::move(stored.value)};
}

io::Task<FunctionUrl> FunctionUrls::update(Requester who, FunctionAndQualifier what,
                                           nlohmann::json settings) {
    co_return co_await retry_conflicts([&] { return try_update(who, what, settings); });
}

io::Task<FunctionUrl> FunctionUrls::try_update(Requester who, FunctionAndQualifier what,
                                               nlohmann::json settings) {
    MERIDIAN_CO_CHECK(co_await find_function(who, what));
    MERIDIAN_CO_TRY(auto stored, co_await load_config(who, what));
    stored.value.settings.update(settings);
    stored.value.last_modified = parts_.clock.wall_now();
    MERIDIAN_CO_TRY(auto const sequence,
                    co_await table_.put(who.arn, stored.key, stored.value, stored.sequence));
    published_.publish(who.account, stored.key.id, stored.value.settings, sequence);
    co_return FunctionUrl{alias_of(what), std::move(stored.value)};
}

io::Task<> FunctionUrls::remove(Requester who, FunctionAndQualifier what) {
    co_return co_await retry_conflicts([&] { return try_remove(who, what); });
}

io::Task<> FunctionUrls::try_remove(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto const stored, co_await load_config(who, what));
    MERIDIAN_CO_TRY(auto const sequence,
                    co_await table_.remove(who.arn, stored.key, stored.sequence));
    published_.remove(who.account, stored.key.id, sequence);
    co_return Result<void>{};
}

io::Task<FunctionUrlPage> FunctionUrls::list(Requester who, model::FunctionName function,
                                             std::string marker, std::size_t max_items) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kUrlListing, marker));
    MERIDIAN_CO_CHECK(co_await find_function(who, {function, {}}));
    auto const size = wire::page_size(max_items, model::limits::kListPageMax);
    auto const prefix = sub_id_prefix(function);
    // The function's own URL has the prefix itself for its id.
    auto const after = marker.empty() ? std::string() : prefix + position.after_name;
    MERIDIAN_CO_TRY(auto stored, co_await table_.page(who.account, prefix, after, size + 1));
    FunctionUrlPage page;
    for (auto& each : stored) {
        if (page.urls.size() == size) {
            page.next_marker =
                wire::encode_marker(kUrlListing, {page.urls.back().qualifier.value(), 0});
            break;
        }
        page.urls.push_back({qualifier_of_sub_id(each.key.id), std::move(each.value)});
    }
    co_return page;
}

}  // namespace meridian::control
