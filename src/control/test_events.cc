#include "control/test_events.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/retry.h"
#include "control/sub_records.h"
#include "wire/arn.h"

namespace meridian::control {
namespace {

using nlohmann::json;

constexpr char kResource[] = "test event";
constexpr std::size_t kNameBytesMax = 64;

// What also is a file's name in the vault, on any file system.
bool is_test_event_name(std::string_view name) {
    constexpr std::string_view kCharacters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return !name.empty() && name.size() <= kNameBytesMax &&
           name.find_first_not_of(kCharacters) == std::string_view::npos;
}

std::string id_of(model::FunctionName const& function, std::string const& name) {
    return sub_id(function, model::Qualifier(name));
}

std::unexpected<Error> no_such_event(model::FunctionName const& function, std::string const& name) {
    return fail(Errc::kResourceNotFound,
                fmt::format("The function {} has no test event {}.", function, name));
}

}  // namespace

json TestEventCodec::to_json(TestEvent const& value) {
    json out = {{"format", 1}, {"event", value.event}};
    if (value.answer) out["answer"] = *value.answer;
    return out;
}

Result<TestEvent> TestEventCodec::from_record(store::Key const& key, json const& value) {
    if (!value.is_object() || !value.contains("event"))
        return fail(Errc::kCorrupt, fmt::format("the test event {} has no event", key.id));
    TestEvent out{.name = qualifier_of_sub_id(key.id).value(), .event = value["event"]};
    if (value.contains("answer")) out.answer = value["answer"];
    return out;
}

io::Task<StoredFunction> TestEvents::load(Requester who, model::FunctionName function) {
    MERIDIAN_CO_TRY(auto found, co_await parts_.functions.find(who.account, function));
    if (found) co_return std::move(*found);
    co_return parts_.functions.not_found(who.account, function);
}

io::Task<> TestEvents::put(Requester who, model::FunctionName function, TestEvent event) {
    if (!is_test_event_name(event.name)) {
        co_return fail(Errc::kInvalidParameterValue,
                       fmt::format("A test event's name has letters, digits, '_' and '-', {} at "
                                   "most.",
                                   kNameBytesMax));
    }
    if (TestEventCodec::to_json(event).dump().size() > kTestEventBytesMax) {
        co_return fail(Errc::kInvalidParameterValue,
                       fmt::format("The test event and its answer are longer than {} bytes.",
                                   kTestEventBytesMax));
    }
    co_return co_await retry_conflicts([&] { return try_put(who, function, event); }, kResource);
}

io::Task<> TestEvents::try_put(Requester who, model::FunctionName function, TestEvent event) {
    MERIDIAN_CO_TRY(auto const stored, co_await load(who, function));
    auto const id = id_of(function, event.name);
    MERIDIAN_CO_TRY(auto const before, co_await table_.get(who.account, id));
    if (!before) {
        MERIDIAN_CO_TRY(auto const all, co_await table_.page(who.account, sub_id_prefix(function),
                                                             {}, kTestEventsMax));
        if (all.size() == kTestEventsMax) {
            co_return fail(Errc::kInvalidParameterValue,
                           fmt::format("A function has {} test events at most.", kTestEventsMax));
        }
    }
    auto const sequence = before ? std::optional(before->sequence) : std::nullopt;
    MERIDIAN_CO_CHECK(co_await table_.put(who.arn,
                                          RecordTable<TestEventCodec>::key(who.account, id),
                                          std::move(event), sequence, {still_there(stored)}));
    co_return Result<void>{};
}

io::Task<TestEvent> TestEvents::get(Requester who, model::FunctionName function, std::string name) {
    MERIDIAN_CO_CHECK(co_await load(who, function));
    MERIDIAN_CO_TRY(auto found, co_await table_.get(who.account, id_of(function, name)));
    if (!found) co_return no_such_event(function, name);
    co_return std::move(found->value);
}

io::Task<std::vector<TestEvent>> TestEvents::list(Requester who, model::FunctionName function) {
    MERIDIAN_CO_CHECK(co_await load(who, function));
    MERIDIAN_CO_TRY(auto const found, co_await table_.under(who.account, sub_id_prefix(function)));
    std::vector<TestEvent> events;
    for (auto const& each : found) events.push_back(each.value);
    co_return events;
}

io::Task<> TestEvents::remove(Requester who, model::FunctionName function, std::string name) {
    co_return co_await retry_conflicts([&] { return try_remove(who, function, name); }, kResource);
}

io::Task<> TestEvents::try_remove(Requester who, model::FunctionName function, std::string name) {
    MERIDIAN_CO_CHECK(co_await load(who, function));
    MERIDIAN_CO_TRY(auto const found, co_await table_.get(who.account, id_of(function, name)));
    if (!found) co_return no_such_event(function, name);
    MERIDIAN_CO_CHECK(co_await table_.remove(who.arn, found->key, found->sequence));
    co_return Result<void>{};
}

}  // namespace meridian::control
