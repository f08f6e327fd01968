#include "api/rollout_actions.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "api/meridian_json.h"
#include "api/rollout_records.h"
#include "api/rollout_steps.h"
#include "base/encoding.h"
#include "crypto/sha256.h"
#include "model/rollout_names.h"
#include "store/retry.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using nlohmann::json;
namespace member = rollout_member;

constexpr std::string_view kApi = "/meridian/v1/";
constexpr std::string_view kRollouts = "rollouts";
constexpr std::string_view kStacks = "stacks";
constexpr char const* kSteps = "Steps";  // of requests and answers
constexpr std::string_view kPackages = "packages/";
constexpr std::size_t kHolderBytesMax = 200;
constexpr std::size_t kHooksMax = 1'000;
constexpr std::size_t kPageRecords = 500;

std::unexpected<Error> bad_rollout(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

// What the request's path names and its body says.
struct Input {
    std::string id;       // of a rollout or a stack
    std::string package;  // SHA-256 in hex
    json body = json::object();
};

Result<std::string> text_member(json const& body, char const* name) {
    if (!body.contains(name) || !body[name].is_string())
        return bad_rollout(fmt::format("{} must be a text.", name));
    return body[name].get<std::string>();
}

Result<std::uint64_t> number_member(json const& body, char const* name) {
    if (!body.contains(name) || !body[name].is_number_unsigned())
        return bad_rollout(fmt::format("{} must be a number that is not negative.", name));
    return body[name].get<std::uint64_t>();
}

Result<std::uint64_t> lease_seconds(json const& body) {
    MERIDIAN_TRY(auto const seconds, number_member(body, "LeaseSeconds"));
    if (seconds == 0 || seconds > kLeaseSecondsMax)
        return bad_rollout(fmt::format("LeaseSeconds is from 1 to {}.", kLeaseSecondsMax));
    return seconds;
}

Result<std::string> holder_member(json const& body) {
    MERIDIAN_TRY(auto holder, text_member(body, member::kHolder));
    if (holder.empty() || holder.size() > kHolderBytesMax)
        return bad_rollout(fmt::format("Holder has from 1 to {} bytes.", kHolderBytesMax));
    return holder;
}

// Reads, decides and writes until nobody was in between.
template <typename Attempt>
auto retrying(Attempt attempt) -> decltype(attempt()) {
    return store::retry_conflicts(
        std::move(attempt), []() -> io::Task<> { co_return Result<void>{}; },
        "The rollout could not be written: others write it all the time.");
}

json shown_rollout(store::Record const& record, bool whole) {
    auto out = record.value;
    if (!whole) out.erase(member::kRecord);
    auto const end = lease_end(record.status);
    out[kLeaseExpires] = wire::format_iso8601_ms(end);
    return out;
}

io::Task<std::vector<store::Record>> all_of(store::Store& store, model::AccountId account,
                                            store::Kind kind) {
    std::vector<store::Record> out;
    std::string after;
    for (;;) {
        MERIDIAN_CO_TRY(
            auto page,
            co_await store.scan(
                {.account = account, .kind = kind, .after_id = after, .limit = kPageRecords}));
        if (page.empty()) co_return out;
        after = page.back().key.id;
        for (auto& record : page) out.push_back(std::move(record));
    }
}

io::Task<json> list_rollouts(RolloutCall const& call, Input) {
    MERIDIAN_CO_TRY(auto const records, co_await all_of(call.services.store, call.caller.account,
                                                        store::Kind::kRollout));
    json out = json::array();
    for (auto const& record : records) out.push_back(shown_rollout(record, /*whole=*/false));
    co_return json{{"Rollouts", std::move(out)}};
}

// The record of an execution that is not over.
io::Task<json> whole_record(RolloutCall const& call, std::string id) {
    auto& store = call.services.store;
    MERIDIAN_CO_TRY(auto const plan, co_await store.get(plan_key(call.caller.account, id)));
    if (!plan) co_return fail(Errc::kCorrupt, id + " has lost its record.");
    auto out = plan->value.value(member::kRecord, json::object());
    MERIDIAN_CO_TRY(auto const progress, co_await store.get(progress_key(call.caller.account, id)));
    if (progress) {
        MERIDIAN_CO_CHECK(
            take_progress(out, progress->value.value(member::kRecord, json::object())));
    }
    co_return out;
}

io::Task<json> get_one(RolloutCall const& call, Input input) {
    MERIDIAN_CO_TRY(
        auto const record,
        co_await get_rollout(call.services.store, rollout_key(call.caller.account, input.id)));
    auto out = shown_rollout(record, /*whole=*/true);
    if (!out.contains(member::kRecord)) {
        MERIDIAN_CO_TRY(out[member::kRecord], co_await whole_record(call, input.id));
        MERIDIAN_CO_TRY(out[kSteps],
                        co_await read_steps(call.services.store, call.caller.account, input.id));
    }
    co_return out;
}

io::Task<json> list_stacks(RolloutCall const& call, Input) {
    MERIDIAN_CO_TRY(auto const records,
                    co_await all_of(call.services.store, call.caller.account, store::Kind::kStack));
    json out = json::array();
    for (auto const& record : records) {
        auto one = record.value;
        one.erase(member::kRecord);
        out.push_back(std::move(one));
    }
    co_return json{{"Stacks", std::move(out)}};
}

io::Task<json> get_stack(RolloutCall const& call, Input input) {
    MERIDIAN_CO_TRY(auto record,
                    co_await call.services.store.get(stack_key(call.caller.account, input.id)));
    if (!record)
        co_return fail(Errc::kResourceNotFound, fmt::format("There is no stack {}.", input.id));
    co_return std::move(record->value);
}

// The oldest finished ones beyond kRolloutsKeptMax.
io::Task<> forget_old(RolloutCall const& call) {
    auto& store = call.services.store;
    MERIDIAN_CO_TRY(auto records,
                    co_await all_of(store, call.caller.account, store::Kind::kRollout));
    if (records.size() < kRolloutsKeptMax) co_return Result<void>{};
    std::ranges::sort(records, {}, [](store::Record const& record) {
        return record.value.value(member::kCreated, "");
    });
    store::Transaction transaction{.caller = call.caller.arn};
    auto too_many = records.size() - kRolloutsKeptMax + 1;
    for (auto const& record : records) {
        if (too_many == 0) break;
        if (record.value.value(member::kState, "") == kInProgress) continue;
        transaction.changes.push_back({.key = record.key, .value = std::nullopt});
        --too_many;
    }
    if (transaction.changes.empty()) co_return Result<void>{};
    MERIDIAN_CO_CHECK(co_await store.commit(std::move(transaction)));
    co_return Result<void>{};
}

io::Task<json> create_once(RolloutCall const& call, Input const& input) {
    auto& store = call.services.store;
    auto const& account = call.caller.account;
    MERIDIAN_CO_TRY(auto const id, text_member(input.body, member::kId));
    MERIDIAN_CO_TRY(auto const stack, text_member(input.body, member::kStack));
    MERIDIAN_CO_TRY(auto const holder, holder_member(input.body));
    MERIDIAN_CO_TRY(auto const seconds, lease_seconds(input.body));
    if (!model::is_rollout_id(id))
        co_return bad_rollout("Id is \"d-\" and nine of A to Z and 0 to 9.");
    if (!model::is_stack_name(stack))
        co_return bad_rollout("Stack is letters, digits and '-', a letter first, 128 at most.");
    MERIDIAN_CO_TRY(auto const standing, co_await store.get(rollout_key(account, id)));
    if (standing) co_return fail(Errc::kResourceConflict, "There is a rollout " + id + " already.");
    MERIDIAN_CO_TRY(auto const of_stack, co_await store.get(stack_key(account, stack)));
    json stack_value = of_stack ? of_stack->value : json{{"Name", stack}};
    if (auto const active = stack_value.value(kActiveRollout, ""); !active.empty()) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("{} is being changed by {}: finish it (meridian rollout resume "
                                   "{}) or undo it (meridian rollout abort {}).",
                                   stack, active, active, active));
    }
    stack_value[kActiveRollout] = id;
    json const value = {{member::kId, id},
                        {member::kStack, stack},
                        {member::kState, kInProgress},
                        {member::kEpoch, 1},
                        {member::kHolder, holder},
                        {member::kCreated, wire::format_iso8601_ms(call.now)},
                        {member::kCaller, call.caller.arn},
                        {member::kAbort, false},
                        {member::kHooks, json::object()},
                        {member::kSummary, input.body.value(member::kSummary, json::object())}};
    store::Transaction transaction{.caller = call.caller.arn};
    transaction.expectations.push_back({rollout_key(account, id), std::nullopt});
    transaction.expectations.push_back(
        {stack_key(account, stack), of_stack ? std::optional(of_stack->sequence) : std::nullopt});
    transaction.changes.push_back({.key = rollout_key(account, id), .value = value});
    transaction.changes.push_back(
        {.key = plan_key(account, id),
         .value = json{{member::kRecord, input.body.value(member::kRecord, json::object())}}});
    transaction.changes.push_back({.key = stack_key(account, stack), .value = stack_value});
    transaction.statuses.push_back({rollout_key(account, id), lease_status(call.now, seconds)});
    MERIDIAN_CO_CHECK(co_await store.commit(std::move(transaction)));
    co_return json{{member::kId, id}, {member::kEpoch, 1}};
}

io::Task<json> create(RolloutCall const& call, Input input) {
    MERIDIAN_CO_CHECK(co_await forget_old(call));
    co_return co_await retrying([&] { return create_once(call, input); });
}

// Hooks that the driver starts are added; what they have answered stays.
Result<void> add_hooks(json& rollout, json const& hooks) {
    if (!hooks.is_object()) return bad_rollout("Hooks must be an object.");
    auto& standing = rollout[member::kHooks];
    for (auto const& [id, status] : hooks.items()) {
        if (!standing.contains(id)) standing[id] = status;
    }
    if (standing.size() > kHooksMax)
        return bad_rollout(fmt::format("A rollout has {} hooks at most.", kHooksMax));
    return {};
}

io::Task<> drop_packages(RolloutCall const& call, std::string rollout,
                         store::Transaction& transaction) {
    std::string after;
    for (;;) {
        MERIDIAN_CO_TRY(auto const page,
                        co_await call.services.store.scan({.account = call.caller.account,
                                                           .kind = store::Kind::kRolloutPackage,
                                                           .id_prefix = rollout + ":",
                                                           .after_id = after,
                                                           .limit = kPageRecords}));
        if (page.empty()) co_return Result<void>{};
        after = page.back().key.id;
        for (auto const& record : page)
            transaction.changes.push_back({.key = record.key, .value = std::nullopt});
    }
}

// The record, while this driver's epoch holds.
io::Task<store::Record> driven_rollout(RolloutCall const& call, Input const& input) {
    MERIDIAN_CO_TRY(auto const epoch, number_member(input.body, member::kEpoch));
    MERIDIAN_CO_TRY(auto record, co_await get_rollout(call.services.store,
                                                      rollout_key(call.caller.account, input.id)));
    MERIDIAN_CO_CHECK(check_epoch(record.value, epoch));
    if (record.value.value(member::kState, "") != kInProgress)
        co_return fail(Errc::kResourceConflict, input.id + " is over.");
    co_return record;
}

// The record itself stays as it is, so that steps of one execution can be written side by side.
io::Task<json> put_steps_once(RolloutCall const& call, Input const& input) {
    MERIDIAN_CO_TRY(auto const record, co_await driven_rollout(call, input));
    store::Transaction transaction{.caller = call.caller.arn};
    transaction.expectations.push_back({record.key, record.sequence});
    MERIDIAN_CO_CHECK(add_steps(call.caller.account, input.id,
                                input.body.value(kSteps, json::object()), transaction));
    if (!transaction.changes.empty()) {
        MERIDIAN_CO_CHECK(co_await call.services.store.commit(std::move(transaction)));
    }
    co_return json{{member::kAbort, record.value.value(member::kAbort, false)},
                   {member::kHooks, record.value.value(member::kHooks, json::object())}};
}

io::Task<json> put_steps(RolloutCall const& call, Input input) {
    co_return co_await retrying([&] { return put_steps_once(call, input); });
}

// What else its stack is after this write.
void write_stack(store::Record const& standing, json stack_record, bool over,
                 store::Transaction& transaction) {
    auto value = standing.value;
    if (over) value[kActiveRollout] = "";
    if (!stack_record.is_null()) {
        value["ResourceCount"] = stack_record.value("Resources", json::array()).size();
        value["Outputs"] = stack_record.value("Outputs", json::object());
        value["Rollout"] = stack_record.value("Rollout", "");
        value["Source"] = stack_record.value("Source", json());
        value[member::kRecord] = std::move(stack_record);
    }
    auto const& record = value.contains(member::kRecord) ? value[member::kRecord] : json::object();
    bool const is_empty = record.value("Resources", json::array()).empty() &&
                          record.value("Leftovers", json::array()).empty();
    transaction.expectations.push_back({standing.key, standing.sequence});
    if (over && is_empty) {
        transaction.changes.push_back({.key = standing.key, .value = std::nullopt});
    } else if (value != standing.value) {
        transaction.changes.push_back({.key = standing.key, .value = std::move(value)});
    }
}

// A program before this one wrote the work of a region with its progress: that stays.
io::Task<> write_progress(RolloutCall const& call, std::string rollout, json progress,
                          store::Transaction& transaction) {
    if (!progress.is_object()) co_return bad_rollout("Progress must be an object.");
    if (progress.empty()) co_return Result<void>{};
    auto const key = progress_key(call.caller.account, rollout);
    MERIDIAN_CO_TRY(auto const standing, co_await call.services.store.get(key));
    auto const before =
        standing ? standing->value.value(member::kRecord, json::object()) : json::object();
    for (auto const& [region, part] : before.items()) {
        if (!part.contains("Work") || !progress.contains(region)) continue;
        auto& next = progress[region];
        if (next.is_object() && !next.contains("Work")) next["Work"] = part["Work"];
    }
    transaction.changes.push_back({.key = key, .value = json{{member::kRecord, progress}}});
    co_return Result<void>{};
}

io::Task<json> update_once(RolloutCall const& call, Input const& input) {
    auto& store = call.services.store;
    auto const key = rollout_key(call.caller.account, input.id);
    MERIDIAN_CO_TRY(auto const state, text_member(input.body, member::kState));
    MERIDIAN_CO_TRY(auto const record, co_await driven_rollout(call, input));
    auto value = record.value;
    value[member::kState] = state;
    if (input.body.contains(member::kSummary))
        value[member::kSummary] = input.body[member::kSummary];
    if (input.body.contains(member::kHooks)) {
        MERIDIAN_CO_CHECK(add_hooks(value, input.body[member::kHooks]));
    }
    store::Transaction transaction{.caller = call.caller.arn};
    transaction.expectations.push_back({key, record.sequence});
    bool const over = state != kInProgress;
    auto const progress = input.body.value(member::kProgress, json::object());
    if (over) {
        MERIDIAN_CO_TRY(value[member::kRecord], co_await whole_record(call, input.id));
        MERIDIAN_CO_CHECK(take_progress(value[member::kRecord], progress));
    } else {
        MERIDIAN_CO_CHECK(co_await write_progress(call, input.id, progress, transaction));
        MERIDIAN_CO_CHECK(add_steps(call.caller.account, input.id,
                                    input.body.value(kSteps, json::object()), transaction));
    }
    transaction.changes.push_back({.key = key, .value = value});
    if (over || input.body.contains("StackRecord")) {
        MERIDIAN_CO_TRY(
            auto const stack,
            co_await store.get(stack_key(call.caller.account, value.value(member::kStack, ""))));
        if (stack) write_stack(*stack, input.body.value("StackRecord", json()), over, transaction);
    }
    if (over) {  // the parts of its record, too
        MERIDIAN_CO_CHECK(co_await drop_packages(call, input.id, transaction));
    }
    MERIDIAN_CO_CHECK(co_await store.commit(std::move(transaction)));
    co_return json{{member::kAbort, value.value(member::kAbort, false)},
                   {member::kHooks, value[member::kHooks]}};
}

io::Task<json> update(RolloutCall const& call, Input input) {
    co_return co_await retrying([&] { return update_once(call, input); });
}

io::Task<json> lease_once(RolloutCall const& call, Input const& input) {
    auto& store = call.services.store;
    auto const key = rollout_key(call.caller.account, input.id);
    MERIDIAN_CO_TRY(auto const holder, holder_member(input.body));
    MERIDIAN_CO_TRY(auto const seconds, lease_seconds(input.body));
    MERIDIAN_CO_TRY(auto const record, co_await get_rollout(store, key));
    if (record.value.value(member::kState, "") != kInProgress)
        co_return fail(Errc::kResourceConflict, input.id + " is over.");
    store::Transaction transaction{.caller = call.caller.arn};
    transaction.expectations.push_back({key, record.sequence});
    transaction.statuses.push_back({key, lease_status(call.now, seconds)});
    auto value = record.value;
    if (input.body.contains(member::kEpoch)) {
        MERIDIAN_CO_TRY(auto const epoch, number_member(input.body, member::kEpoch));
        MERIDIAN_CO_CHECK(check_epoch(value, epoch));
    } else {
        auto const end = lease_end(record.status);
        if (end > call.now && value.value(member::kHolder, "") != holder) {
            co_return fail(
                Errc::kResourceConflict,
                fmt::format("{} is driven by {} until {}, unless it goes on.", input.id,
                            value.value(member::kHolder, ""), wire::format_iso8601(end)));
        }
        value[member::kEpoch] = value.value(member::kEpoch, std::uint64_t{0}) + 1;
        value[member::kHolder] = holder;
        transaction.changes.push_back({.key = key, .value = value});
    }
    MERIDIAN_CO_CHECK(co_await store.commit(std::move(transaction)));
    co_return json{{member::kEpoch, value[member::kEpoch]},
                   {member::kAbort, value.value(member::kAbort, false)},
                   {member::kHooks, value[member::kHooks]}};
}

io::Task<json> lease(RolloutCall const& call, Input input) {
    co_return co_await retrying([&] { return lease_once(call, input); });
}

io::Task<json> abort_once(RolloutCall const& call, Input const& input) {
    auto& store = call.services.store;
    auto const key = rollout_key(call.caller.account, input.id);
    MERIDIAN_CO_TRY(auto const record, co_await get_rollout(store, key));
    if (record.value.value(member::kState, "") != kInProgress)
        co_return fail(Errc::kResourceConflict, input.id + " is over.");
    auto value = record.value;
    value[member::kAbort] = true;
    store::Transaction transaction{.caller = call.caller.arn};
    transaction.expectations.push_back({key, record.sequence});
    transaction.changes.push_back({.key = key, .value = value});
    MERIDIAN_CO_CHECK(co_await store.commit(std::move(transaction)));
    co_return json{{member::kId, input.id},
                   {member::kHolder, value[member::kHolder]},
                   {"Driven", lease_end(record.status) > call.now}};
}

io::Task<json> abort(RolloutCall const& call, Input input) {
    co_return co_await retrying([&] { return abort_once(call, input); });
}

io::Task<json> put_package(RolloutCall const& call, Input input) {
    MERIDIAN_CO_CHECK(
        co_await get_rollout(call.services.store, rollout_key(call.caller.account, input.id)));
    MERIDIAN_CO_TRY(auto const text, text_member(input.body, "Zip"));
    auto bytes = from_base64(text);
    if (!bytes || crypto::sha256_hex(*bytes) != input.package)
        co_return bad_rollout("Zip is not base64 of bytes with this SHA-256.");
    // Named before it is there: what nobody names is removed one day.
    store::Transaction transaction{.caller = call.caller.arn};
    transaction.changes.push_back({.key = package_key(call.caller.account, input.id, input.package),
                                   .value = json{{"Bytes", bytes->size()}}});
    MERIDIAN_CO_CHECK(co_await call.services.store.commit(std::move(transaction)));
    MERIDIAN_CO_CHECK(co_await call.services.code.put(std::move(*bytes)));
    co_return json::object();
}

io::Task<json> get_package(RolloutCall const& call, Input input) {
    MERIDIAN_CO_TRY(auto const named, co_await call.services.store.get(package_key(
                                          call.caller.account, input.id, input.package)));
    if (!named) co_return fail(Errc::kResourceNotFound, input.id + " has no such package.");
    auto const digest = from_hex(input.package);
    MERIDIAN_CO_TRY(auto const bytes,
                    co_await call.services.code.get(model::CodeSha256{to_base64(*digest)}));
    co_return json{{"Zip", to_base64(bytes)}};
}

struct RolloutRoute {
    std::string_view action;
    std::string resource;  // of the ARN
    io::Task<json> (*run)(RolloutCall const& call, Input input);
    Input input = {};
};

std::optional<RolloutRoute> rollout_route(HttpRequest const& request, std::string_view rest) {
    bool const get = request.method == "GET";
    bool const put = request.method == "PUT";
    bool const post = request.method == "POST";
    if (rest.empty()) {
        if (get) return RolloutRoute{"meridian:ListRollouts", "rollout/*", list_rollouts};
        if (post) return RolloutRoute{"meridian:CreateRollout", "rollout/*", create};
        return std::nullopt;
    }
    auto const slash = rest.find('/');
    auto const id = wire::percent_decoded_text(rest.substr(0, slash));
    auto const what = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
    if (!model::is_rollout_id(id)) return std::nullopt;
    Input input{.id = id};
    auto const resource = "rollout/" + id;
    if (what.empty() && get) return RolloutRoute{"meridian:GetRollout", resource, get_one, input};
    if (what.empty() && put) return RolloutRoute{"meridian:UpdateRollout", resource, update, input};
    if (what == "steps" && put)
        return RolloutRoute{"meridian:UpdateRollout", resource, put_steps, input};
    if (what == "lease" && post)
        return RolloutRoute{"meridian:UpdateRollout", resource, lease, input};
    if (what == "abort" && post)
        return RolloutRoute{"meridian:AbortRollout", resource, abort, input};
    if (!what.starts_with(kPackages)) return std::nullopt;
    input.package = std::string(what.substr(kPackages.size()));
    constexpr std::size_t kDigestBytes = 32;
    auto const digest = from_hex(input.package);
    if (!digest || digest->size() != kDigestBytes || to_hex(*digest) != input.package)
        return std::nullopt;
    if (put) return RolloutRoute{"meridian:UpdateRollout", resource, put_package, input};
    if (get) return RolloutRoute{"meridian:GetRollout", resource, get_package, input};
    return std::nullopt;
}

std::optional<RolloutRoute> deploy_route(HttpRequest const& request) {
    auto path = std::string_view(request.path());
    if (!path.starts_with(kApi)) return std::nullopt;
    path.remove_prefix(kApi.size());
    auto const slash = path.find('/');
    auto const first = path.substr(0, slash);
    auto const rest = slash == path.npos ? std::string_view() : path.substr(slash + 1);
    if (first == kRollouts) return rollout_route(request, rest);
    if (first != kStacks || request.method != "GET") return std::nullopt;
    if (rest.empty()) return RolloutRoute{"meridian:ListStacks", "stack/*", list_stacks};
    auto const name = wire::percent_decoded_text(rest);
    if (!model::is_stack_name(name)) return std::nullopt;
    return RolloutRoute{"meridian:GetStack", "stack/" + name, get_stack, {.id = name}};
}

}  // namespace

bool is_rollout_path(std::string_view path) {
    if (!path.starts_with(kApi)) return false;
    path.remove_prefix(kApi.size());
    auto const first = path.substr(0, path.find('/'));
    return first == kRollouts || first == kStacks;
}

io::Task<HttpResponse> serve_rollouts(Authorizer& authorizer, RolloutCall call) {
    auto route = deploy_route(call.request);
    if (!route) co_return fail(Errc::kUnknownOperation, "There is no such operation.");
    MERIDIAN_CO_CHECK(
        authorizer.authorize_own(call.caller, route->action, route->resource, call.origin));
    if (!call.request.body.empty()) {
        route->input.body = json::parse(call.request.body, nullptr, false);
        if (!route->input.body.is_object())
            co_return fail(Errc::kInvalidRequestContent,
                           "The request's body is not a JSON object.");
    }
    MERIDIAN_CO_TRY(auto const done, co_await route->run(call, std::move(route->input)));
    co_return json_answer(done);
}

std::vector<store::SecretMembers> rollout_secret_members() {
    json::json_pointer const record(std::string("/") + member::kRecord);
    return {{store::Kind::kStack, {record}},
            {store::Kind::kRollout, {record}},
            {store::Kind::kRolloutPackage, {record}}};
}

io::Task<std::vector<model::CodeSha256>> packages_in_use(store::Store& store) {
    MERIDIAN_CO_TRY(auto const records, co_await store.scan_all(store::Kind::kRolloutPackage));
    std::vector<model::CodeSha256> out;
    for (auto const& record : records) {
        // Two of them are no packages: rollout_records.h.
        auto const digest = from_hex(record.key.id.substr(record.key.id.find(':') + 1));
        if (digest) out.emplace_back(to_base64(*digest));
    }
    co_return out;
}

}  // namespace meridian::api
