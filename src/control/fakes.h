#pragma once
// What the control plane's tests put in place of the outside: a store and a code store in memory
// that can be held up or made to fail, and the loop that runs it all.

#include <deque>
#include <map>
#include <set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>

#include "base/clock.h"
#include "control/control_plane.h"
#include "crypto/sha256.h"
#include "iam/fakes.h"
#include "io/one_shot.h"
#include "store/code_store.h"
#include "store/memory_store.h"

namespace meridian::control {

// A store whose commits can be made to fail.
class FakeStore final : public store::Store {
  public:
    explicit FakeStore(Clock const& clock) : inner_(clock) {}

    // The next commits answer this instead of committing.
    std::deque<Error> fail_commits;
    // The next commit is made, and answers kOutcomeUnknown.
    bool doubt_next_commit = false;
    std::uint64_t commits = 0;
    // What the commits that were made have carried.
    std::vector<model::CodeSha256> carried;

    io::Task<std::optional<store::Record>> get(store::Key key) override {
        return inner_.get(std::move(key));
    }
    io::Task<std::optional<nlohmann::json>> epitaph(store::Key key) override {
        return inner_.epitaph(std::move(key));
    }
    io::Task<std::vector<store::Record>> scan(store::Scan scan) override {
        return inner_.scan(std::move(scan));
    }
    io::Task<std::vector<store::Record>> scan_all(store::Kind kind) override {
        return inner_.scan_all(kind);
    }
    io::Task<std::uint64_t> count(model::AccountId account, store::Kind kind) override {
        return inner_.count(std::move(account), kind);
    }
    io::Task<store::Sequence> commit(store::Transaction transaction) override {
        if (!fail_commits.empty()) {
            Error error = fail_commits.front();
            fail_commits.pop_front();
            co_return std::unexpected(std::move(error));
        }
        std::vector<model::CodeSha256> packages;
        for (auto const& package : transaction.packages) packages.push_back(package.sha256);
        auto outcome = co_await inner_.commit(std::move(transaction));
        if (outcome) {
            ++commits;
            carried.insert(carried.end(), packages.begin(), packages.end());
        }
        if (std::exchange(doubt_next_commit, false))
            co_return fail(Errc::kOutcomeUnknown, "the answer was lost");
        co_return outcome;
    }
    io::Task<std::vector<store::LogEntry>> read_log(store::LogName log, store::Sequence after,
                                                    std::size_t limit) override {
        return inner_.read_log(log, after, limit);
    }
    io::Task<store::Sequence> last_sequence(store::LogName log) override {
        return inner_.last_sequence(log);
    }
    io::Task<> apply(store::LogEntry entry) override { return inner_.apply(std::move(entry)); }

  private:
    store::MemoryStore inner_;
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

    bool commits_carry = false;  // every package
    io::Task<store::AcceptedCode> accept(std::string zip_bytes) override {
        MERIDIAN_CO_TRY(auto stored, co_await put(zip_bytes));
        MERIDIAN_CO_TRY(auto const unzipped, co_await unzipped_bytes(stored.sha256));
        store::AcceptedCode accepted{.stored = stored, .unzipped_bytes = unzipped};
        if (commits_carry) accepted.carried = {std::move(stored.sha256), std::move(zip_bytes)};
        co_return accepted;
    }
    io::Task<store::StoredCode> put(std::string zip_bytes) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        if (!zip_bytes.starts_with("PK")) {
            co_return fail(
                Errc::kInvalidParameterValue,
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
    bool ready_at_once = false;  // nothing is prepared after a creation
    [[nodiscard]] bool is_ready_at_once(std::uint64_t /*zipped_bytes*/) const override {
        return ready_at_once;
    }
    io::Task<> make_ready(model::CodeSha256 sha256) override {
        MERIDIAN_CO_CHECK(co_await open_unpacked(std::move(sha256)));
        co_return Result<void>{};
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
        if (!packages.contains(sha256))
            co_return fail(Errc::kResourceNotFound, "The package is not there.");
        co_return io::UniqueFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    io::Task<io::UniqueFd> open_merged(std::vector<model::CodeSha256> merged) override {
        for (auto const& sha256 : merged) {
            MERIDIAN_CO_CHECK(co_await open_unpacked(sha256));
        }
        co_return io::UniqueFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    // A package "PK:1000" is one of that size.
    io::Task<std::uint64_t> unzipped_bytes(model::CodeSha256 sha256) override {
        MERIDIAN_CO_TRY(auto const bytes, co_await get(sha256));
        co_return bytes.starts_with("PK:") ? std::stoull(bytes.substr(3)) : bytes.size();
    }
    io::Task<> remove_unused(std::vector<model::CodeSha256>) override { co_return Result<void>{}; }

  private:
    bool corked_ = false;
    std::deque<io::OneShot<bool>> waiters_;
};

class FakeObjects final : public ObjectSource {
  public:
    std::map<std::string, std::string> objects;  // "bucket/key" → bytes
    io::Task<std::string> get(S3Object object, std::size_t) override {
        auto const found = objects.find(object.bucket + "/" + object.key);
        if (found == objects.end()) co_return fail(Errc::kInvalidParameterValue, "NoSuchKey");
        co_return found->second;
    }
};

class FakeRuntimes final : public InstalledRuntimes {
  public:
    std::set<std::string, std::less<>> installed = {"nodejs22.x", "python3.11", "provided.al2023"};
    [[nodiscard]] bool is_installed(std::string_view runtime) const override {
        return installed.contains(runtime);
    }
};

class CountingObserver final : public FunctionObserver {
  public:
    int changed = 0, gone = 0, deleted = 0;
    void on_version_changed(model::RunnableVersionPtr const&) override { ++changed; }
    void on_version_gone(model::AccountId const&, model::FunctionName const&,
                         model::Version const&) override {
        ++gone;
    }
    void on_function_deleted(model::AccountId const&, model::FunctionName const&) override {
        ++deleted;
    }
};

// Every environment that is asked for stands at once.
class FakeProvisioned final : public ProvisionedEnvironments {
  public:
    std::map<std::string, std::uint32_t> counts;  // "function:version"
    bool init_fails = false;
    void set(model::AccountId const&, model::FunctionName const& function,
             model::Version const& version, std::uint32_t count) override {
        auto const key = function.value() + ":" + version.value();
        if (count == 0) {
            counts.erase(key);
        } else {
            counts[key] = count;
        }
    }
    [[nodiscard]] Status status(model::AccountId const&, model::FunctionName const& function,
                                model::Version const& version) const override {
        auto const found = counts.find(function.value() + ":" + version.value());
        if (init_fails) return {.initialised = 0, .init_failed = true};
        return {.initialised = found == counts.end() ? 0 : found->second, .init_failed = false};
    }
};

inline constexpr char const* kTestAccount = "123456789012";

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
            ControlPlane::Parts{model::RegionName("us-east-1"), store, identities.tokens, code,
                                objects, catalog, observer, provisioned, clock, random, log},
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
        asio::co_spawn(context, std::move(task),
                       [&outcome](std::exception_ptr exception, Result<T> result) {
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

    void make_role(std::string const& name = "role", std::string const& trust = iam::kLambdaTrust) {
        auto made = run(identities.manager.create_role(
            who, {.name = name, .assume_role_policy_document = trust}));
        if (!made) throw std::runtime_error(made.error().message);
    }
    [[nodiscard]] static CreateFunctionRequest creation(std::string const& name = "f",
                                                        std::string const& code = "PK1") {
        CreateFunctionRequest request;
        request.name = model::FunctionName(name);
        request.settings.runtime = "nodejs22.x";
        request.settings.handler = "index.handler";
        request.settings.role_arn = "arn:aws:iam::123456789012:role/role";
        request.package.zip_bytes = code;
        return request;
    }
    // A function that is Active.
    FunctionView make_function(std::string const& name = "f", std::string const& zip = "PK1") {
        auto made = run(control->create_function(who, creation(name, zip)));
        if (!made) throw std::runtime_error(made.error().message);
        settle();
        return *made;
    }
    FunctionView get(std::string const& name = "f",
                     std::optional<std::string> const& qualifier = std::nullopt) {
        FunctionAndQualifier what{model::FunctionName(name), {}};
        if (qualifier) what.qualifier = model::Qualifier(*qualifier);
        auto got = run(control->get_function(who, what));
        if (!got) throw std::runtime_error(got.error().message);
        return got->view;
    }

    // What stands in the region's store.
    std::optional<store::Record> stored(store::Key const& key) {
        auto record = run(store.get(key));
        if (!record) throw std::runtime_error(record.error().message);
        return *record;
    }
    // A write behind the control plane's back, as a follower's.
    void write(store::Key const& key, std::optional<store::Value> value) {
        auto written =
            run(store.commit({.caller = "elsewhere", .changes = {{key, std::move(value)}}}));
        if (!written) throw std::runtime_error(written.error().message);
    }

    asio::io_context context;
    Requester who{model::AccountId(kTestAccount), "arn:aws:iam::123456789012:root"};
    ManualClock clock;
    FakeStore store{clock};
    FakeStore account_store{clock};
    FakeCodeStore code;
    FakeObjects objects;
    FakeRuntimes runtimes;
    KnownRuntimeCatalog catalog{runtimes};
    CountingObserver observer;
    FakeProvisioned provisioned;
    SeededRandom random{1};
    NullLog log;
    iam::TestIdentities identities{account_store, clock, random};
    std::unique_ptr<ControlPlane> control;
};

}  // namespace meridian::control
