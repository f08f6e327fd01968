#include "control/event_invoke_configs.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/retry.h"
#include "control/sub_records.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {

constexpr std::string_view kEventInvokeListing = "event-invoke-configs";
// Services that take an invocation's outcome (Developer Guide, "Adding a destination").
constexpr std::array<std::string_view, 5> kDestinationServices = {"sqs", "sns", "lambda", "events",
                                                                  "s3"};

model::Qualifier qualifier_of(FunctionAndQualifier const& what) {
    if (!what.qualifier || what.qualifier->value() == model::kLatest) return {};
    return *what.qualifier;
}

std::string config_id(FunctionAndQualifier const& what) {
    return sub_id(what.name, qualifier_of(what));
}

std::string destination(nlohmann::json const& config, char const* member) {
    auto const found = config.find(member);
    return found == config.end() ? std::string() : found->value("Destination", "");
}

// As the service's own code prints it in the message.
std::string printed(nlohmann::json const& config, char const* member, char const* type) {
    auto const arn = destination(config, member);
    return arn.empty() ? std::string("null") : fmt::format("{}(destination={})", type, arn);
}

}  // namespace

io::Task<StoredFunction> EventInvokeConfigs::load(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto function, co_await parts_.functions.find(who.account, what.name));
    std::string const qualifier = qualifier_of(what).value();
    bool const there =
        function.has_value() &&
        (qualifier.empty() ||
         parts_.functions.require_version(who.account, what.name, qualifier).has_value() ||
         aliases_.published().find(who.account.value(), what.name.value(), qualifier) != nullptr);
    if (!there) co_return fail(Errc::kResourceNotFound, "The function doesn't exist.");
    co_return std::move(*function);
}

io::Task<Stored<KeptSettings>> EventInvokeConfigs::load_config(Requester who,
                                                               FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto const function, co_await parts_.functions.find(who.account, what.name));
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(who.account, config_id(what)));
    if (!function || !stored) {
        auto const arn = parts_.functions.arn(
            who.account, what.name, what.qualifier.value_or(model::Qualifier(model::kLatest)));
        co_return fail(Errc::kResourceNotFound,
                       fmt::format("The function {} doesn't have an EventInvokeConfig", arn));
    }
    co_return std::move(*stored);
}

Result<void> EventInvokeConfigs::check_destination(Requester const& who,
                                                   FunctionAndQualifier const& what,
                                                   nlohmann::json const& config,
                                                   char const* member) const {
    auto const arn = destination(config, member);
    if (arn.empty()) return {};
    auto const parts = wire::split_arn(arn);
    auto const service = parts ? parts->service : std::string_view();
    // Of buckets only failures, of queues and topics only standard ones (Developer Guide).
    bool const taken =
        std::ranges::find(kDestinationServices, service) != kDestinationServices.end() &&
        (service != "s3" || member == std::string_view("OnFailure")) && !arn.ends_with(".fifo");
    if (!taken) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The provided destination config DestinationConfig(onSuccess={}, "
                                "onFailure={}) is invalid.",
                                printed(config, "OnSuccess", "OnSuccess"),
                                printed(config, "OnFailure", "OnFailure")));
    }
    if (service != "lambda") return {};
    auto const reference = wire::parse_function_reference(arn);
    if (!reference) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The destination ARN {} is invalid.", arn));
    }
    if (reference->name == what.name && reference->account.value_or(who.account) == who.account) {
        return fail(Errc::kInvalidParameterValue,
                    "You can't specify the function as a destination for itself.");
    }
    bool const mine =
        reference->account.value_or(who.account) == who.account &&
        reference->region.value_or(parts_.functions.region()) == parts_.functions.region();
    if (mine && !parts_.functions.require_version(who.account, reference->name, model::kLatest)) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The destination ARN {} is invalid.", arn));
    }
    return {};
}

Result<void> EventInvokeConfigs::check(Requester const& who, FunctionAndQualifier const& what,
                                       nlohmann::json const& settings) const {
    if (settings.empty()) {
        return fail(Errc::kInvalidParameterValue,
                    "You must specify at least one of error handling or destination setting.");
    }
    auto const config = settings.find("DestinationConfig");
    if (config == settings.end()) return {};
    MERIDIAN_CHECK(check_destination(who, what, *config, "OnSuccess"));
    return check_destination(who, what, *config, "OnFailure");
}

io::Task<EventInvokeConfig> EventInvokeConfigs::put(Requester who, FunctionAndQualifier what,
                                                    nlohmann::json settings) {
    co_return co_await retry_conflicts([&] { return try_put(who, what, settings); });
}

io::Task<EventInvokeConfig> EventInvokeConfigs::try_put(Requester who, FunctionAndQualifier what,
                                                        nlohmann::json settings) {
    MERIDIAN_CO_CHECK(check(who, what, settings));
    MERIDIAN_CO_TRY(auto const function, co_await load(who, what));
    MERIDIAN_CO_TRY(auto const before, co_await table_.get(who.account, config_id(what)));
    auto const now = parts_.clock.wall_now();
    KeptSettings config{std::move(settings), before ? before->value.created : now, now};
    MERIDIAN_CO_CHECK(co_await table_.put(who.arn, table_.key(who.account, config_id(what)), config,
                                          before ? std::optional(before->sequence) : std::nullopt,
                                          {still_there(function)}));
    co_return EventInvokeConfig{qualifier_of(what), std::move(config)};
}

io::Task<EventInvokeConfig> EventInvokeConfigs::update(Requester who, FunctionAndQualifier what,
                                                       nlohmann::json settings) {
    co_return co_await retry_conflicts([&] { return try_update(who, what, settings); });
}

io::Task<EventInvokeConfig> EventInvokeConfigs::try_update(Requester who, FunctionAndQualifier what,
                                                           nlohmann::json settings) {
    MERIDIAN_CO_CHECK(check(who, what, settings));
    MERIDIAN_CO_CHECK(co_await load(who, what));
    MERIDIAN_CO_TRY(auto stored, co_await load_config(who, what));
    stored.value.settings.update(settings);
    stored.value.last_modified = parts_.clock.wall_now();
    MERIDIAN_CO_CHECK(co_await table_.put(who.arn, stored.key, stored.value, stored.sequence));
    co_return EventInvokeConfig{qualifier_of(what), std::move(stored.value)};
}

io::Task<EventInvokeConfig> EventInvokeConfigs::get(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto stored, co_await load_config(who, what));
    co_return EventInvokeConfig{qualifier_of(what), std::move(stored.value)};
}

io::Task<> EventInvokeConfigs::remove(Requester who, FunctionAndQualifier what) {
    co_return co_await retry_conflicts([&] { return try_remove(who, what); });
}

io::Task<> EventInvokeConfigs::try_remove(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto const stored, co_await load_config(who, what));
    MERIDIAN_CO_CHECK(co_await table_.remove(who.arn, stored.key, stored.sequence));
    co_return Result<void>{};
}

io::Task<EventInvokeConfigPage> EventInvokeConfigs::list(Requester who,
                                                         model::FunctionName function,
                                                         std::string marker,
                                                         std::size_t max_items) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kEventInvokeListing, marker));
    MERIDIAN_CO_CHECK(co_await load(who, {function, {}}));
    auto const size = wire::page_size(max_items, model::limits::kListPageMax);
    auto const prefix = sub_id_prefix(function);
    auto const after = marker.empty() ? std::string() : prefix + position.after_name;
    MERIDIAN_CO_TRY(auto stored, co_await table_.page(who.account, prefix, after, size + 1));
    EventInvokeConfigPage page;
    for (auto& each : stored) {
        if (page.configs.size() == size) {
            page.next_marker = wire::encode_marker(kEventInvokeListing,
                                                   {page.configs.back().qualifier.value(), 0});
            break;
        }
        page.configs.push_back({qualifier_of_sub_id(each.key.id), std::move(each.value)});
    }
    co_return page;
}

}  // namespace meridian::control
