#pragma once
// What the control plane's tests put in place of the outside: a store in memory, a code store that can be held up or
// made to fail, and the loop that runs it all. Every operation of a fake gives way once, so that
// concurrent requests interleave as they do over a real store.

#include <fcntl.h>

#include <deque>
#include <map>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/clock.h"
#include "control/control_plane.h"
#include "crypto/sha256.h"
#include "io/one_shot.h"
#include "store/code_store.h"
#include "store/store.h"

namespace meridian::control {

class FakeStore final : public store::Store {
  public:
    // The next commits answer this instead of committing.
    std::deque<Error> fail_commits;
    std::uint64_t commits = 0;
    std::vector<store::LogEntry> log;

    io::Task<std::optional<store::Record>> get(store::Key key) override {
        co_await give_way();
        auto const found = records_.find(key);
        if (found == records_.end()) co_return std::nullopt;
        co_return std::optional<store::Record>(found->second);
    }
    io::Task<std::optional<nlohmann::json>> epitaph(store::Key key) override {
        co_await give_way();
        auto const found = epitaphs_.find(key);
        if (found == epitaphs_.end() || records_.contains(key)) co_return std::nullopt;
        co_return std::optional<nlohmann::json>(found->second);
    }
    io::Task<std::vector<store::Record>> scan(store::Scan scan) override {
        co_await give_way();
        std::vector<store::Record> out;
        for (auto const& [key, record] : records_) {
            if (key.account != scan.account || key.kind != scan.kind) continue;
            if (!key.id.starts_with(scan.id_prefix) || key.id <= scan.after_id) continue;
            if (out.size() == scan.limit) break;
            out.push_back(record);
        }
        co_return out;
    }
    io::Task<std::vector<store::Record>> scan_all(store::Kind kind) override {
        co_await give_way();
        std::vector<store::Record> out;
        for (auto const& [key, record] : records_) {
            if (key.kind == kind) out.push_back(record);
        }
        co_return out;
    }
    io::Task<std::uint64_t> count(model::AccountId account, store::Kind kind) override {
        co_await give_way();
        std::uint64_t n = 0;
        for (auto const& [key, record] : records_) n += key.account == account && key.kind == kind;
        co_return n;
    }
    io::Task<store::Sequence> commit(store::Transaction transaction) override {
        co_await give_way();
        if (!fail_commits.empty()) {
            Error error = fail_commits.front();
            fail_commits.pop_front();
            co_return std::unexpected(std::move(error));
        }
        for (auto const& expectation : transaction.expectations) {
            auto const found = records_.find(expectation.key);
            bool const holds = expectation.sequence
                                   ? found != records_.end() && found->second.sequence == *expectation.sequence
                                   : found == records_.end();
            if (!holds) co_return fail(Errc::kConflict, "conflict at " + expectation.key.id);
        }
        ++commits;
        store::Sequence const sequence = transaction.changes.empty() ? 0 : ++last_;
        for (auto const& change : transaction.changes) {
            if (change.value) {
                auto& record = records_[change.key];
                record.key = change.key;
                record.value = *change.value;
                record.sequence = sequence;
            } else {
                records_.erase(change.key);
                epitaphs_[change.key] = change.epitaph;
            }
        }
        for (auto const& status : transaction.statuses) {
            if (records_.contains(status.key)) records_[status.key].status = status.status;
        }
        if (sequence != 0) {
            store::LogEntry entry;
            entry.sequence = sequence;
            entry.caller = transaction.caller;
            entry.changes = transaction.changes;
            log.push_back(std::move(entry));
        }
        co_return sequence;
    }
    io::Task<std::vector<store::LogEntry>> read_log(store::LogName, store::Sequence, std::size_t) override {
        co_return log;
    }
    io::Task<store::Sequence> last_sequence(store::LogName) override { co_return last_; }
    io::Task<> apply(store::LogEntry) override { co_return fail(Errc::kInternal, "not used here"); }

    // A write behind the control plane's back, as a follower's.
    void put(store::Key const& key, nlohmann::json value, nlohmann::json status = nullptr) {
        records_[key] = {key, std::move(value), std::move(status), ++last_};
    }
    void erase(store::Key const& key) {
        records_.erase(key);
        ++last_;
    }
    [[nodiscard]] store::Record const* peek(store::Key const& key) const {
        auto const found = records_.find(key);
        return found == records_.end() ? nullptr : &found->second;
    }

  private:
    static asio::awaitable<void> give_way() {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
    std::map<store::Key, store::Record> records_;
    std::map<store::Key, nlohmann::json> epitaphs_;
    store::Sequence last_ = 0;
};

// Takes anything that begins as a zip does.
class FakeCodeStore final : public store::CodeStore {
  public:
    std::map<model::CodeSha256, std::string> packages;
    std::deque<Error> fail_open;  // the next open_unpacked answer this
    int opened = 0;

    // While corked, open_unpacked does not complete.
    void cork() { corked_ = true; }
    void uncork() {
        corked_ = false;
        for (auto& waiter : waiters_) waiter.set(true);
    }

    io::Task<store::StoredCode> put(std::string zip_bytes) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        if (!zip_bytes.starts_with("PK")) {
            co_return fail(Errc::kInvalidParameterValue,
                           "Could not unzip uploaded file. Please check your file, then try to upload again.");
        }
        model::CodeSha256 const sha256(crypto::sha256_base64(zip_bytes));
        auto const size = zip_bytes.size();
        packages[sha256] = std::move(zip_bytes);
        co_return store::StoredCode{sha256, size};
    }
    io::Task<std::string> get(model::CodeSha256 sha256) override {
        auto const found = packages.find(sha256);
        if (found == packages.end()) co_return fail(Errc::kResourceNotFound, "no such package");
        co_return found->second;
    }
    io::Task<io::UniqueFd> open_unpacked(model::CodeSha256 sha256) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        if (corked_) {
            auto& waiter = waiters_.emplace_back();
            MERIDIAN_CO_CHECK(co_await waiter.wait());
        }
        ++opened;
        if (!fail_open.empty()) {
            Error error = fail_open.front();
            fail_open.pop_front();
            co_return std::unexpected(std::move(error));
        }
        if (!packages.contains(sha256)) co_return fail(Errc::kResourceNotFound, "The package is not there.");
        co_return io::UniqueFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    io::Task<> remove_unused(std::vector<model::CodeSha256>) override { co_return Result<void>{}; }

  private:
    bool corked_ = false;
    std::deque<io::OneShot<bool>> waiters_;
};

class FakeRuntimes final : public InstalledRuntimes {
  public:
    std::set<std::string, std::less<>> installed = {"nodejs22.x", "python3.11", "provided.al2023"};
    [[nodiscard]] bool is_installed(std::string_view runtime) const override { return installed.contains(runtime); }
};

class CountingObserver final : public FunctionObserver {
  public:
    int changed = 0, gone = 0, deleted = 0;
    void on_version_changed(model::RunnableVersionPtr const&) override { ++changed; }
    void on_version_gone(model::AccountId const&, model::FunctionName const&, model::Version const&) override { ++gone; }
    void on_function_deleted(model::AccountId const&, model::FunctionName const&) override { ++deleted; }
};

inline constexpr char const* kTestAccount = "123456789012";
inline constexpr char const* kTestTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

// A region's control plane over fakes, with an executor that runs when it is told to.
class ControlHarness {
  public:
    ControlHarness() { restart(); }
    ~ControlHarness() { stop(); }

    // Ends the control plane where it stands and starts another over the same stores.
    void restart() {
        stop();
        control = std::make_unique<ControlPlane>(
            context.get_executor(),
            ControlPlane::Parts{model::RegionName("us-east-1"), store, account_store, account_log, code, catalog,
                                observer, clock, random, log},
            FunctionLifecycle::Options{.retry_first = std::chrono::milliseconds(1),
                                       .retry_last = std::chrono::milliseconds(2)});
        auto const started = run(control->start());
        if (!started) throw std::runtime_error(started.error().message);
    }
    void stop() {
        if (control == nullptr) return;
        bool stopped = false;
        asio::co_spawn(context, control->stop(), [&](std::exception_ptr) { stopped = true; });
        run_until([&] { return stopped; });
        control.reset();
    }

    template <typename T>
    Result<T> run(io::Task<T> task) {
        std::optional<Result<T>> outcome;
        start(std::move(task), outcome);
        run_until([&] { return outcome.has_value(); });
        return std::move(*outcome);
    }
    // Starts without waiting: for requests that go on at the same time.
    template <typename T>
    void start(io::Task<T> task, std::optional<Result<T>>& outcome) {
        asio::co_spawn(context, std::move(task), [&outcome](std::exception_ptr exception, Result<T> result) {
            if (exception) std::rethrow_exception(exception);
            outcome.emplace(std::move(result));
        });
    }
    template <typename Done>
    void run_until(Done done) {
        context.restart();
        while (!done() && context.run_one() > 0) {
        }
    }
    // Until nothing is being prepared.
    void settle() {
        run_until([&] { return control->is_idle(); });
    }

    void make_role(std::string const& name = "role", std::string const& trust = kTestTrust) {
        auto made = run(control->create_role(who, {.name = name, .assume_role_policy_document = trust}));
        if (!made) throw std::runtime_error(made.error().message);
    }
    [[nodiscard]] static CreateFunctionRequest creation(std::string const& name = "f", std::string const& code = "PK1") {
        CreateFunctionRequest request;
        request.name = model::FunctionName(name);
        request.settings.runtime = "nodejs22.x";
        request.settings.handler = "index.handler";
        request.settings.role_arn = "arn:aws:iam::123456789012:role/role";
        request.zip_bytes = code;
        return request;
    }
    // A function that is Active.
    FunctionView make_function(std::string const& name = "f", std::string const& zip = "PK1") {
        auto made = run(control->create_function(who, creation(name, zip)));
        if (!made) throw std::runtime_error(made.error().message);
        settle();
        return *made;
    }
    FunctionView get(std::string const& name = "f", std::optional<std::string> const& qualifier = std::nullopt) {
        FunctionAndQualifier what{model::FunctionName(name), {}};
        if (qualifier) what.qualifier = model::Qualifier(*qualifier);
        auto got = run(control->get_function(who, what));
        if (!got) throw std::runtime_error(got.error().message);
        return got->view;
    }

    asio::io_context context;
    Requester who{model::AccountId(kTestAccount), "arn:aws:iam::123456789012:root"};
    FakeStore store;
    FakeStore account_store;
    HomeAccountLog account_log{account_store};
    FakeCodeStore code;
    FakeRuntimes runtimes;
    KnownRuntimeCatalog catalog{runtimes};
    CountingObserver observer;
    ManualClock clock;
    SeededRandom random{1};
    NullLog log;
    std::unique_ptr<ControlPlane> control;
};

}  // namespace meridian::control
