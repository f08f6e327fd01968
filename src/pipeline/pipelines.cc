#include "pipeline/pipelines.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/sleep.h"
#include "store/record_format.h"
#include "store/retry.h"
#include "wire/event_time.h"

namespace meridian::pipeline {
namespace {

using nlohmann::json;
using store::Kind;

constexpr int kPipelineFormat = 1;
constexpr std::size_t kScanPage = 200;
// In an execution's status, which only this region has: it goes on here. What a restore brings back
// does not go on by itself.
constexpr char kLive[] = "Live";

store::Key key_of(model::AccountId const& account, std::string const& pipeline) {
    return {account, Kind::kPipeline, pipeline};
}

store::Key key_of(ExecutionId const& id) {
    return {id.account, Kind::kPipelineExecution, fmt::format("{}:{:012}", id.pipeline, id.number)};
}

json to_json(Pipeline const& pipeline) {
    return {{"format", kPipelineFormat},
            {"Repository", pipeline.repository},
            {"Branch", pipeline.branch},
            {"LastNumber", pipeline.last_number},
            {"LastCommit", pipeline.last_commit}};
}

Result<Pipeline> read_pipeline(store::Record const& record) {
    MERIDIAN_CHECK(store::check_format(record.key, record.value, kPipelineFormat));
    return store::guarded(record.key, [&] {
        return Pipeline{.name = record.key.id,
                        .repository = record.value.at("Repository").get<std::string>(),
                        .branch = record.value.at("Branch").get<std::string>(),
                        .last_number = record.value.at("LastNumber").get<std::uint64_t>(),
                        .last_commit = record.value.at("LastCommit").get<std::string>()};
    });
}

std::unexpected<Error> no_pipeline(std::string const& name) {
    return fail(Errc::kResourceNotFound, fmt::format("There is no pipeline {}.", name));
}

io::Task<> no_wait() { co_return Result<void>{}; }

template <typename Attempt>
auto retried(Attempt attempt) -> decltype(attempt()) {
    return store::retry_conflicts(std::move(attempt), no_wait,
                                  "The pipeline was changed by others at the same time.");
}

}  // namespace

bool is_pipeline_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kPipelineNameCharsMax &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
           });
}

Pipelines::Pipelines(Parts parts)
    : parts_(std::move(parts)), background_(parts_.executor, parts_.log) {}

asio::awaitable<void> Pipelines::stop() { co_await background_.stop(); }

// Pipelines

io::Task<Pipeline> Pipelines::create(Who who, Pipeline wanted) {
    MERIDIAN_CO_TRY(auto const count, co_await parts_.store.count(who.account, Kind::kPipeline));
    if (count >= kPipelinesPerAccountMax) {
        co_return fail(Errc::kLimitExceeded, fmt::format("An account has at most {} pipelines.",
                                                         kPipelinesPerAccountMax));
    }
    store::Transaction transaction{.caller = who.by.arn};
    auto const key = key_of(who.account, wanted.name);
    transaction.expectations.push_back({key, std::nullopt});
    transaction.changes.push_back({key, to_json(wanted)});
    auto const done = co_await parts_.store.commit(std::move(transaction));
    if (!done && done.error().code == Errc::kConflict) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("There is a pipeline {} already.", wanted.name));
    }
    MERIDIAN_CO_CHECK(done);
    background_.spawn("look at a branch", look_at(who.account, wanted.name));
    co_return wanted;
}

io::Task<std::vector<Pipeline>> Pipelines::list(model::AccountId account) {
    std::vector<Pipeline> out;
    for (std::string after;;) {
        MERIDIAN_CO_TRY(auto const page, co_await parts_.store.scan({.account = account,
                                                                     .kind = Kind::kPipeline,
                                                                     .after_id = after,
                                                                     .limit = kScanPage}));
        for (auto const& record : page) {
            MERIDIAN_CO_TRY(auto pipeline, read_pipeline(record));
            out.push_back(std::move(pipeline));
        }
        if (page.size() < kScanPage) co_return out;
        after = page.back().key.id;
    }
}

io::Task<Pipeline> Pipelines::get(model::AccountId account, std::string name) {
    MERIDIAN_CO_TRY(auto const record, co_await parts_.store.get(key_of(account, name)));
    if (!record) co_return no_pipeline(name);
    co_return read_pipeline(*record);
}

io::Task<> Pipelines::remove(Who who, std::string name) {
    MERIDIAN_CO_TRY(auto const record, co_await parts_.store.get(key_of(who.account, name)));
    if (!record) co_return no_pipeline(name);
    MERIDIAN_CO_TRY(auto const all, co_await executions(who.account, name));
    store::Transaction transaction{.caller = who.by.arn};
    transaction.expectations.push_back({record->key, record->sequence});
    transaction.changes.push_back({record->key, std::nullopt});
    for (auto const& execution : all) {
        if (!is_over(execution.state)) {
            co_return fail(
                Errc::kResourceConflict,
                fmt::format("{} is {}: abort it first.", execution.id(), name_of(execution.state)));
        }
        transaction.changes.push_back(
            {key_of(ExecutionId{who.account, name, execution.number}), std::nullopt});
    }
    auto const done = co_await parts_.store.commit(std::move(transaction));
    if (!done && done.error().code == Errc::kConflict)
        co_return fail(Errc::kResourceConflict, "The pipeline was changed meanwhile.");
    MERIDIAN_CO_CHECK(done);
    co_return Result<void>{};
}

// Executions

io::Task<std::vector<Execution>> Pipelines::executions(model::AccountId account, std::string name) {
    MERIDIAN_CO_CHECK(co_await get(account, name));
    std::vector<Execution> out;
    for (std::string after;;) {
        MERIDIAN_CO_TRY(auto const page,
                        co_await parts_.store.scan({.account = account,
                                                    .kind = Kind::kPipelineExecution,
                                                    .id_prefix = name + ":",
                                                    .after_id = after,
                                                    .limit = kScanPage}));
        for (auto const& record : page) {
            MERIDIAN_CO_TRY(auto execution, read_execution(record.value));
            out.push_back(std::move(execution));
        }
        if (page.size() < kScanPage) break;
        after = page.back().key.id;
    }
    std::ranges::reverse(out);
    co_return out;
}

io::Task<Pipelines::Found> Pipelines::find(ExecutionId id) {
    MERIDIAN_CO_TRY(auto const record, co_await parts_.store.get(key_of(id)));
    if (!record) {
        co_return fail(Errc::kResourceNotFound,
                       fmt::format("There is no execution {}:{}.", id.pipeline, id.number));
    }
    MERIDIAN_CO_TRY(auto execution, read_execution(record->value));
    co_return Found{std::move(execution), record->sequence};
}

io::Task<Execution> Pipelines::execution(ExecutionId id) {
    MERIDIAN_CO_TRY(auto found, co_await find(std::move(id)));
    co_return std::move(found.execution);
}

io::Task<> Pipelines::commit(std::string caller, ExecutionId id, Execution execution,
                             std::optional<store::Sequence> expected,
                             std::vector<store::Write> more,
                             std::vector<store::Expectation> more_expected) {
    auto const key = key_of(id);
    store::Transaction transaction{.caller = std::move(caller),
                                   .expectations = std::move(more_expected),
                                   .changes = std::move(more)};
    transaction.expectations.push_back({key, expected});
    transaction.changes.push_back({key, pipeline::to_json(execution)});
    transaction.statuses.push_back({key, json{{kLive, !is_over(execution.state)}}});
    MERIDIAN_CO_CHECK(co_await parts_.store.commit(std::move(transaction)));
    if (execution.state == ExecutionState::kQueued) enqueue(std::move(id));
    co_return Result<void>{};
}

io::Task<Execution> Pipelines::update(std::string caller, ExecutionId id, ExecutionChange change) {
    co_return co_await retried([=, this]() -> io::Task<Execution> {
        MERIDIAN_CO_TRY(auto found, co_await find(id));
        MERIDIAN_CO_CHECK(change(found.execution, parts_.clock.wall_now()));
        MERIDIAN_CO_CHECK(co_await commit(caller, id, found.execution, found.sequence));
        co_return std::move(found.execution);
    });
}

io::Task<Execution> Pipelines::first_state(Who const& who, Pipeline const& pipeline,
                                           std::string commit) {
    auto const now = parts_.clock.wall_now();
    Execution execution{.pipeline = pipeline.name,
                        .number = pipeline.last_number,
                        .repository = pipeline.repository,
                        .branch = pipeline.branch,
                        .commit = std::move(commit),
                        .by = who.by,
                        .began = wire::format_iso8601_ms(now),
                        .changed = wire::format_iso8601_ms(now)};
    auto const text =
        co_await parts_.sources.file(who.account, pipeline.repository, execution.commit,
                                     std::string(kDefinitionFile), kDefinitionBytesMax);
    auto definition =
        text ? parse_definition(*text) : Result<Definition>(std::unexpected(text.error()));
    if (definition) {
        for (auto& stage : definition->stages)
            execution.stages.push_back({.definition = std::move(stage)});
        co_return execution;
    }
    bool const absent = !text && text.error().code == Errc::kResourceNotFound;
    MERIDIAN_CO_CHECK(
        apply(execution,
              {.event = ExecutionEvent::kFail,
               .message = absent ? fmt::format("The commit has no {}.", kDefinitionFile)
                                 : definition.error().message},
              now));
    co_return execution;
}

io::Task<Execution> Pipelines::start_at(Who who, Pipeline pipeline, store::Sequence sequence,
                                        std::string commit_id) {
    auto const key = key_of(who.account, pipeline.name);
    // A pipeline that was restored may not remember the newest.
    MERIDIAN_CO_TRY(auto const all, co_await executions(who.account, pipeline.name));
    if (!all.empty()) pipeline.last_number = std::max(pipeline.last_number, all.front().number);
    ++pipeline.last_number;
    pipeline.last_commit = commit_id;
    ExecutionId const id{who.account, pipeline.name, pipeline.last_number};
    MERIDIAN_CO_TRY(auto execution, co_await first_state(who, pipeline, std::move(commit_id)));
    MERIDIAN_CO_CHECK(co_await commit(who.by.arn, id, execution, std::nullopt,
                                      {{key, to_json(pipeline)}}, {{key, sequence}}));
    background_.spawn("forget old executions", forget_old(id));
    co_return execution;
}

io::Task<Execution> Pipelines::start(Who who, std::string name, std::string commit_id) {
    co_return co_await retried([=, this]() -> io::Task<Execution> {
        MERIDIAN_CO_TRY(auto const record, co_await parts_.store.get(key_of(who.account, name)));
        if (!record) co_return no_pipeline(name);
        MERIDIAN_CO_TRY(auto const pipeline, read_pipeline(*record));
        auto at = commit_id;
        if (at.empty()) {
            MERIDIAN_CO_TRY(
                auto const head,
                co_await parts_.sources.head(who.account, pipeline.repository, pipeline.branch));
            if (!head) {
                co_return fail(Errc::kInvalidParameterValue,
                               fmt::format("The repository {} has no branch {} yet.",
                                           pipeline.repository, pipeline.branch));
            }
            at = head->commit;
        }
        co_return co_await start_at(who, pipeline, record->sequence, at);
    });
}

io::Task<> Pipelines::look_at(model::AccountId account, std::string name) {
    co_return co_await retried([=, this]() -> io::Task<> {
        MERIDIAN_CO_TRY(auto const record, co_await parts_.store.get(key_of(account, name)));
        if (!record) co_return Result<void>{};
        MERIDIAN_CO_TRY(auto const pipeline, read_pipeline(*record));
        MERIDIAN_CO_TRY(auto const head, co_await parts_.sources.head(account, pipeline.repository,
                                                                      pipeline.branch));
        if (!head || head->commit == pipeline.last_commit) co_return Result<void>{};
        MERIDIAN_CO_CHECK(
            co_await start_at({account, head->by}, pipeline, record->sequence, head->commit));
        co_return Result<void>{};
    });
}

io::Task<> Pipelines::look_at_all(model::AccountId account, std::string repository) {
    MERIDIAN_CO_TRY(auto const all, co_await list(account));
    for (auto const& pipeline : all) {
        if (!repository.empty() && pipeline.repository != repository) continue;
        MERIDIAN_CO_CHECK(co_await look_at(account, pipeline.name));
    }
    co_return Result<void>{};
}

void Pipelines::on_pushed(model::AccountId account, std::string repository) {
    if (background_.stopping()) return;
    background_.spawn("pipelines of a push",
                      look_at_all(std::move(account), std::move(repository)));
}

io::Task<> Pipelines::forget_old(ExecutionId newest) {
    MERIDIAN_CO_TRY(auto const all, co_await executions(newest.account, newest.pipeline));
    store::Transaction transaction;
    for (std::size_t i = kExecutionsKeptMax; i < all.size(); ++i) {
        if (!is_over(all[i].state)) continue;
        transaction.caller = all[i].by.arn;
        transaction.changes.push_back(
            {key_of(ExecutionId{newest.account, newest.pipeline, all[i].number}), std::nullopt});
    }
    if (transaction.changes.empty()) co_return Result<void>{};
    MERIDIAN_CO_CHECK(co_await parts_.store.commit(std::move(transaction)));
    co_return Result<void>{};
}

// Runners

io::Task<> Pipelines::resume() {
    MERIDIAN_CO_TRY(auto const records, co_await parts_.store.scan_all(Kind::kPipelineExecution));
    for (auto const& record : records) {
        if (!record.status.is_object() || !record.status.value(kLive, false)) continue;
        if (auto const done = co_await go_on(record); !done) {
            parts_.log.write(LogLevel::kError, "an execution does not go on",
                             {{"execution", record.key.id}, {"error", done.error().message}});
        }
    }
    // What was pushed and not noticed any more.
    MERIDIAN_CO_TRY(auto const pipelines, co_await parts_.store.scan_all(Kind::kPipeline));
    std::set<model::AccountId> accounts;
    for (auto const& record : pipelines) accounts.insert(record.key.account);
    for (auto const& account : accounts)
        background_.spawn("missed pushes", look_at_all(account, {}));
    co_return Result<void>{};
}

io::Task<> Pipelines::go_on(store::Record record) {
    MERIDIAN_CO_TRY(auto const execution, read_execution(record.value));
    ExecutionId id{record.key.account, execution.pipeline, execution.number};
    if (execution.state == ExecutionState::kQueued) enqueue(id);
    if (execution.state != ExecutionState::kRunning) co_return Result<void>{};
    // Its runner ended with us.
    MERIDIAN_CO_CHECK(co_await update(execution.by.arn, id, [](Execution& lost, WallTime now) {
        return apply(lost, {.event = ExecutionEvent::kLost, .message = "resumed after a restart"},
                     now);
    }));
    co_return Result<void>{};
}

void Pipelines::enqueue(ExecutionId id) {
    if (!active_.insert(id).second) return;  // whoever has it looks again
    waiting_.push_back(std::move(id));
    start_runners();
}

void Pipelines::start_runners() {
    while (running_ < kRunnersMax && !waiting_.empty() && !background_.stopping()) {
        auto id = std::move(waiting_.front());
        waiting_.pop_front();
        ++running_;
        background_.spawn("a pipeline's runner", run(std::move(id)));
    }
}

io::Task<> Pipelines::run(ExecutionId id) {
    Result<void> outcome;
    for (;;) {
        auto const queued = co_await execution(id);
        if (!queued || queued->state != ExecutionState::kQueued) break;
        auto const ended = co_await parts_.runners.run(id.account, *queued);
        if (background_.stopping()) co_return Result<void>{};
        outcome = co_await account_for_loss(id, ended);
        if (!outcome) break;
    }
    active_.erase(id);
    --running_;
    start_runners();
    co_return outcome;
}

// A runner has ended. One that said how it stands leaves nothing to do.
io::Task<> Pipelines::account_for_loss(ExecutionId id, Result<void> ended) {
    MERIDIAN_CO_TRY(auto const now, co_await execution(id));
    if (now.state != ExecutionState::kQueued && now.state != ExecutionState::kRunning)
        co_return Result<void>{};
    // An approval that came before its runner was gone.
    bool const queued_again =
        now.state == ExecutionState::kQueued && ended && now.lost == 0 && now.next_stage() > 0;
    if (queued_again) co_return Result<void>{};
    auto const why =
        ended ? std::string("its runner ended without a result") : ended.error().message;
    bool const hopeless = !ended && ended.error().code == Errc::kAccessDenied;
    MERIDIAN_CO_CHECK(
        co_await update(now.by.arn, id, [&](Execution& lost, WallTime at) -> Result<void> {
            if (lost.state == ExecutionState::kRunning) {
                MERIDIAN_CHECK(apply(lost, {.event = ExecutionEvent::kLost, .message = why}, at));
            }
            if (hopeless || ++lost.lost > kLostRunnersMax)
                return apply(lost, {.event = ExecutionEvent::kFail, .message = why}, at);
            return {};
        }));
    co_return co_await io::sleep_for(parts_.runner_pause);
}

}  // namespace meridian::pipeline
