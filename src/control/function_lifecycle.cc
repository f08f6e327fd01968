#include "control/function_lifecycle.h"

#include <algorithm>

#include "io/sleep.h"

namespace meridian::control {

namespace {

// Whether trying again cannot help: the bytes or the request are wrong, not the moment.
bool is_permanent(Errc code) {
    switch (code) {
        case Errc::kCorrupt:
        case Errc::kInvalidZipFile:
        case Errc::kInvalidParameterValue:
        case Errc::kResourceNotFound:
        case Errc::kInvalidRuntime:
            return true;
        default:
            return false;
    }
}

VersionStatus failed(VersionStatus const& now, std::string reason, std::string code) {
    VersionStatus out = now;
    if (now.status.state == model::State::kPending) {
        out.status = {.state = model::State::kFailed,
                      .state_reason = std::move(reason),
                      .state_reason_code = std::move(code)};
        return out;
    }
    out.status = {.state = model::State::kActive,
                  .last_update = model::LastUpdateStatus::kFailed,
                  .last_update_reason = std::move(reason),
                  .last_update_reason_code = std::move(code)};
    return out;
}

model::RunnableVersionPtr runnable(model::AccountId const& account, model::FunctionName const& name,
                                   model::FunctionVersion version, model::FunctionStatus status) {
    auto out = std::make_shared<model::RunnableVersion>();
    out->account = account;
    out->name = name;
    out->version = std::move(version);
    out->status = std::move(status);
    return out;
}

}  // namespace

FunctionLifecycle::FunctionLifecycle(asio::any_io_executor executor, Parts parts, Options options)
    : parts_(parts), options_(options), scope_(std::move(executor), parts.log) {}

asio::awaitable<void> FunctionLifecycle::stop() {
    queue_.clear();
    queued_.clear();
    co_await scope_.stop();
}

void FunctionLifecycle::publish(model::Function const& function, VersionStatus const& status,
                                store::Sequence sequence) {
    publish(function.account, function.name, function.latest, status, sequence);
}

void FunctionLifecycle::publish(model::AccountId const& account, model::FunctionName const& name,
                                model::FunctionVersion const& version, VersionStatus const& status,
                                store::Sequence sequence) {
    auto definition = runnable(account, name, version, status.status);
    bool const settled = is_settled(status.status);
    model::RunnableVersionPtr serving;
    if (status.serving) {
        serving = runnable(account, name, *status.serving, active());
    } else if (status.status.state != model::State::kActive ||
               status.status.last_update == model::LastUpdateStatus::kSuccessful) {
        serving = definition;
    }
    parts_.published.publish({std::move(definition), std::move(serving), sequence, settled});
}

io::Task<> FunctionLifecycle::load() {
    MERIDIAN_CO_TRY(auto functions, co_await parts_.table.every_function(parts_.log));
    for (auto const& stored : functions) {
        publish(stored.function, stored.latest, stored.sequence);
        if (!is_settled(stored.latest.status))
            prepare(stored.function.account, stored.function.name);
    }
    MERIDIAN_CO_TRY(auto versions, co_await parts_.table.every_version(parts_.log));
    for (auto const& stored : versions) {
        publish(stored.account, stored.name, stored.version, stored.status, stored.sequence);
        if (!is_settled(stored.status.status)) prepare(stored.account, stored.name);
    }
    co_return Result<void>{};
}

bool FunctionLifecycle::is_preparing(model::AccountId const& account,
                                     model::FunctionName const& name) const {
    FunctionId const id{account, name};
    return queued_.contains(id) || working_.contains(id);
}

void FunctionLifecycle::prepare(model::AccountId const& account, model::FunctionName const& name) {
    FunctionId id{account, name};
    if (scope_.stopping() || !queued_.insert(id).second) return;
    queue_.push_back(std::move(id));
    start_workers();
}

void FunctionLifecycle::start_workers() {
    for (auto next = queue_.begin();
         next != queue_.end() && working_.size() < options_.preparations_at_once;) {
        if (working_.contains(*next)) {  // its worker takes it up when it is done with what it has
            ++next;
            continue;
        }
        FunctionId id = std::move(*next);
        next = queue_.erase(next);
        queued_.erase(id);
        working_.insert(id);
        scope_.spawn("prepare function " + id.second.value(), work(id));
    }
}

io::Task<> FunctionLifecycle::work(FunctionId id) {
    // Cancellation ends the waits below, each with an error; nothing may be thrown past the
    // bookkeeping.
    co_await asio::this_coro::throw_if_cancelled(false);
    auto wait = options_.retry_first;
    while (!scope_.stopping()) {
        auto settled = co_await settle(id);
        if (settled && *settled) break;
        if (!settled) {
            parts_.log.write(LogLevel::kWarn, "a function could not be prepared yet",
                             {{"function", id.second.value()}, {"error", settled.error().message}});
            if (auto waited = co_await io::sleep_for(wait); !waited) break;
            wait = std::min(wait * 2, options_.retry_last);
        }
    }
    working_.erase(id);
    if (!scope_.stopping()) start_workers();
    co_return Result<void>{};
}

io::Task<bool> FunctionLifecycle::settle(FunctionId id) {
    auto const& [account, name] = id;
    MERIDIAN_CO_TRY(auto stored, co_await parts_.table.get(account, name));
    if (!stored) co_return true;  // deleted meanwhile
    MERIDIAN_CO_TRY(auto versions, co_await parts_.table.all_versions(account, name));

    // What a commit of unknown outcome stored as settled has not been published yet.
    auto const is_published = [&](std::string const& version) {
        return parts_.published.find(account.value(), name.value(), version) != nullptr;
    };
    if (!is_published(model::kLatest)) publish(stored->function, stored->latest, stored->sequence);
    for (auto const& version : versions) {
        if (!is_published(version.version.version.value()))
            publish(account, name, version.version, version.status, version.sequence);
    }

    store::Transaction transaction{.caller = "meridian"};
    bool const latest_is_new = !is_settled(stored->latest.status);
    if (latest_is_new) {
        publish(stored->function, stored->latest, stored->sequence);
        MERIDIAN_CO_TRY(stored->latest, co_await examine(stored->latest, stored->function.latest));
        auto const key = function_key(account, name);
        transaction.expectations.push_back({key, stored->sequence});
        transaction.statuses.push_back(
            {key, status_to_text(stored->latest, stored->function.latest)});
    }
    std::erase_if(versions,
                  [](StoredVersion const& version) { return is_settled(version.status.status); });
    for (auto& version : versions) {
        publish(account, name, version.version, version.status, version.sequence);
        MERIDIAN_CO_TRY(version.status, co_await examine(version.status, version.version));
        auto const key = version_key(account, name, version.number);
        transaction.expectations.push_back({key, version.sequence});
        transaction.statuses.push_back({key, status_to_text(version.status, version.version)});
    }
    if (transaction.statuses.empty()) co_return true;

    auto const committed = co_await parts_.store.commit(std::move(transaction));
    if (!committed) {
        // The definition moved on while its code was looked at: look at the new one.
        if (committed.error().code == Errc::kConflict) co_return false;
        co_return std::unexpected(committed.error());
    }
    if (latest_is_new) publish(stored->function, stored->latest, stored->sequence);
    for (auto const& version : versions) {
        publish(account, name, version.version, version.status, version.sequence);
    }
    co_return true;
}

io::Task<VersionStatus> FunctionLifecycle::examine(VersionStatus now,
                                                   model::FunctionVersion definition) {
    if (auto runtime = parts_.runtimes.check(definition.settings.runtime); !runtime) {
        co_return failed(now, runtime.error().message, "InvalidRuntime");
    }
    auto const opened = co_await parts_.code.make_ready(definition.code.sha256);
    if (!opened) {
        if (!is_permanent(opened.error().code)) co_return std::unexpected(opened.error());
        co_return failed(now, opened.error().message, "InvalidZipFileException");
    }
    auto const layers = model::layer_packages(definition.settings);
    if (!layers.empty()) {
        auto const merged = co_await parts_.code.open_merged(layers);
        if (!merged) {
            if (!is_permanent(merged.error().code)) co_return std::unexpected(merged.error());
            co_return failed(now, merged.error().message, "InvalidZipFileException");
        }
    }
    co_return VersionStatus{active(), std::nullopt};
}

}  // namespace meridian::control
