#include "control/event_source_mappings.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/event_source_kinds.h"
#include "control/retry.h"
#include "control/settings_rules.h"
#include "model/limits.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {

using nlohmann::json;

constexpr std::string_view kMappingListing = "event-source-mappings";
constexpr std::size_t kScanPage = 256;

void name_function(json& settings, FunctionAndQualifier const& what) {
    settings["function"] = what.name.value();
    settings.erase("qualifier");
    if (what.qualifier) settings["qualifier"] = what.qualifier->value();
}

// Of a source that its owner runs; none elsewhere.
json bootstrap_servers(json const& settings) {
    auto const source = settings.value("SelfManagedEventSource", json::object());
    return source.value("Endpoints", json::object())
        .value("KAFKA_BOOTSTRAP_SERVERS", json::array());
}

// One server in common is the same cluster (recorded).
bool same_servers(json const& one, json const& other) {
    auto const servers = bootstrap_servers(one);
    auto const others = bootstrap_servers(other);
    if (servers.empty() && others.empty()) return true;
    return std::ranges::find_first_of(servers, others) != servers.end();
}

// Of the same version or alias of a function: each of them may have one.
bool same_source(json const& one, json const& other) {
    return same_servers(one, other) &&
           std::ranges::all_of(
               std::array{"EventSourceArn", "Topics", "Queues", "function", "qualifier"},
               [&](char const* member) {
                   return one.value(member, json()) == other.value(member, json());
               });
}

std::string joined(json const& texts) {
    return fmt::format("{}", fmt::join(texts.get<std::vector<std::string>>(), ","));
}

}  // namespace

// As the service's message names a source and its function (both recorded).
std::string EventSourceMappings::described(EventSourceKind const& kind, Requester const& who,
                                           json const& settings) const {
    auto const function = settings.value("function", "");
    if (!settings.contains("SelfManagedEventSource")) {
        return fmt::format("{} arn (\" {} \") and function (\" {} \")", kind.name,
                           settings.value("EventSourceArn", ""), function);
    }
    std::optional<model::Qualifier> qualifier;
    if (settings.contains("qualifier"))
        qualifier.emplace(settings.at("qualifier").get<std::string>());
    return fmt::format("event source (\"{}\"), function (\"{}\"), topics (\"{}\")",
                       joined(bootstrap_servers(settings)),
                       parts_.functions.arn(who.account, model::FunctionName(function), qualifier),
                       joined(settings.value("Topics", json::array())));
}

Result<void> EventSourceMappings::check_function(Requester const& who,
                                                 FunctionAndQualifier const& what) const {
    std::string const qualifier = what.qualifier ? what.qualifier->value() : model::kLatest;
    if (parts_.functions.require_version(who.account, what.name, qualifier) ||
        aliases_.published().find(who.account.value(), what.name.value(), qualifier) != nullptr)
        return {};
    return fail(Errc::kInvalidParameterValue, "Function does not exist");
}

io::Task<> EventSourceMappings::check_unique(Requester who, std::string own_uuid, json settings) {
    for (std::string after;;) {
        MERIDIAN_CO_TRY(auto const page, co_await table_.page(who.account, "", after, kScanPage));
        for (auto const& other : page) {
            auto const& its = other.value.settings;
            if (other.key.id == own_uuid || !same_source(its, settings)) continue;
            MERIDIAN_CO_TRY(auto const* const kind, kind_of(settings));
            co_return fail(
                Errc::kResourceConflict,
                fmt::format("An event source mapping with {} already exists. Please update or "
                            "delete the existing mapping with UUID {}",
                            described(*kind, who, settings), other.key.id));
        }
        if (page.size() < kScanPage) co_return Result<void>{};
        after = page.back().key.id;
    }
}

io::Task<EventSourceMapping> EventSourceMappings::create(Requester who, FunctionAndQualifier what,
                                                         bool enabled, json settings,
                                                         model::Tags tags) {
    MERIDIAN_CO_TRY(auto const* const kind, kind_of(settings));
    MERIDIAN_CO_CHECK(check_function(who, what));
    MERIDIAN_CO_CHECK(check_mapping(*kind, settings));
    MERIDIAN_CO_CHECK(check_tags(tags));
    auto uuid = make_uuid(parts_.random);
    settings = with_defaults(*kind, uuid, std::move(settings));
    name_function(settings, what);
    settings["enabled"] = enabled;
    settings["tags"] = tags;
    MERIDIAN_CO_CHECK(co_await check_unique(who, uuid, settings));
    auto const now = parts_.clock.wall_now();
    KeptSettings config{std::move(settings), now, now};
    MERIDIAN_CO_CHECK(
        co_await table_.put(who.arn, table_.key(who.account, uuid), config, std::nullopt));
    co_return EventSourceMapping{std::move(uuid), std::move(config)};
}

io::Task<Stored<KeptSettings>> EventSourceMappings::load(Requester who, std::string uuid) {
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(who.account, std::move(uuid)));
    if (!stored)
        co_return fail(Errc::kResourceNotFound, "The resource you requested does not exist.");
    co_return std::move(*stored);
}

io::Task<EventSourceMapping> EventSourceMappings::get(Requester who, std::string uuid) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who, uuid));
    co_return EventSourceMapping{std::move(uuid), std::move(stored.value)};
}

io::Task<EventSourceMapping> EventSourceMappings::update(Requester who, std::string uuid,
                                                         std::optional<FunctionAndQualifier> what,
                                                         std::optional<bool> enabled,
                                                         json settings) {
    co_return co_await retry_conflicts(
        [&] { return try_update(who, uuid, what, enabled, settings); });
}

io::Task<EventSourceMapping> EventSourceMappings::try_update(
    Requester who, std::string uuid, std::optional<FunctionAndQualifier> what,
    std::optional<bool> enabled, json settings) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who, uuid));
    auto& config = stored.value;
    bool const was_enabled = config.settings.value("enabled", true);
    if (what) {
        MERIDIAN_CO_CHECK(check_function(who, *what));
        name_function(config.settings, *what);
        MERIDIAN_CO_CHECK(co_await check_unique(who, uuid, config.settings));
    }
    if (enabled) config.settings["enabled"] = *enabled;
    config.settings.update(settings);
    MERIDIAN_CO_TRY(auto const* const kind, kind_of(config.settings));
    // What was checked when it was made need not be checked again: the defaults hold more members
    // than a request may name.
    auto changed = settings;
    for (auto const* member : {"EventSourceArn", "StartingPosition", "StartingPositionTimestamp",
                               "BatchSize", "MaximumBatchingWindowInSeconds"}) {
        if (config.settings.contains(member)) changed[member] = config.settings[member];
    }
    MERIDIAN_CO_CHECK(check_mapping(*kind, changed));
    config.last_modified = parts_.clock.wall_now();
    MERIDIAN_CO_CHECK(co_await table_.put(who.arn, stored.key, config, stored.sequence));
    co_return EventSourceMapping{std::move(uuid), std::move(config), was_enabled};
}

io::Task<EventSourceMapping> EventSourceMappings::remove(Requester who, std::string uuid) {
    co_return co_await retry_conflicts([&] { return try_remove(who, uuid); });
}

io::Task<EventSourceMapping> EventSourceMappings::try_remove(Requester who, std::string uuid) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who, uuid));
    MERIDIAN_CO_CHECK(co_await table_.remove(who.arn, stored.key, stored.sequence));
    co_return EventSourceMapping{std::move(uuid), std::move(stored.value)};
}

io::Task<MappingPage> EventSourceMappings::list(Requester who, ListMappingsRequest request) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kMappingListing, request.marker));
    auto const size = wire::page_size(request.max_items, model::limits::kMappingsPageMax);
    MappingPage page;
    for (auto after = position.after_name;;) {
        MERIDIAN_CO_TRY(auto stored, co_await table_.page(who.account, "", after, kScanPage));
        for (auto& each : stored) {
            auto const& its = each.value.settings;
            if (!request.event_source_arn.empty() &&
                its.value("EventSourceArn", "") != request.event_source_arn)
                continue;
            if (!request.function.empty() && (its.value("function", "") != request.function ||
                                              its.value("qualifier", "") != request.qualifier))
                continue;
            if (page.mappings.size() == size) {
                page.next_marker =
                    wire::encode_marker(kMappingListing, {page.mappings.back().uuid, 0});
                co_return page;
            }
            page.mappings.push_back({each.key.id, std::move(each.value)});
        }
        if (stored.size() < kScanPage) co_return page;
        after = stored.back().key.id;
    }
}

io::Task<model::Tags> EventSourceMappings::change_tags(Requester who, std::string uuid,
                                                       model::Tags add,
                                                       std::vector<std::string> remove) {
    co_return co_await retry_conflicts([&] { return try_change_tags(who, uuid, add, remove); });
}

io::Task<model::Tags> EventSourceMappings::try_change_tags(Requester who, std::string uuid,
                                                           model::Tags add,
                                                           std::vector<std::string> remove) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who, uuid));
    auto const before = stored.value.settings.value("tags", model::Tags{});
    auto tags = before;
    for (auto const& key : remove) tags.erase(key);
    for (auto const& [key, value] : add) tags[key] = value;
    if (tags == before) co_return tags;
    MERIDIAN_CO_CHECK(check_tags(tags));
    stored.value.settings["tags"] = tags;
    MERIDIAN_CO_CHECK(
        co_await table_.put(who.arn, stored.key, std::move(stored.value), stored.sequence));
    co_return tags;
}

}  // namespace meridian::control
