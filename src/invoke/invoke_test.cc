// The data plane against a fake sandbox: the "runtime" is a coroutine that speaks the real Runtime
// API over a real socket and does what the event says.

#include <csignal>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "invoke/environment_variables.h"
#include "invoke/invoker.h"
#include "io/http_client.h"
#include "io/one_shot.h"
#include "io/system_clock.h"
#include "io/task_scope.h"
#include "sandbox/fake_sandbox.h"

namespace meridian::invoke {
namespace {

using namespace std::chrono_literals;
using sandbox::ExitStatus;
using sandbox::FakeSandbox;

class OneFunction final : public FunctionCatalog,
                          public CodeSource,
                          public RoleCredentialSource,
                          public FunctionLogSink {
  public:
    std::shared_ptr<model::RunnableVersion> function = std::make_shared<model::RunnableVersion>();
    std::vector<std::string> lines;

    Result<model::RunnableVersionPtr> resolve(model::AccountId const&,
                                              model::FunctionName const& name,
                                              model::Qualifier const&) override {
        if (name.value() != "f")
            return fail(Errc::kResourceNotFound, "Function not found: " + name.value());
        return function;
    }
    ConcurrencyShare share;
    [[nodiscard]] ConcurrencyShare concurrency_share(model::AccountId const&,
                                                     model::FunctionName const&,
                                                     model::Version const&) const override {
        return share;
    }
    io::Task<io::UniqueFd> open_unpacked(model::CodeSha256) override {
        co_return io::UniqueFd(::open(code_directory.c_str(), O_PATH | O_DIRECTORY));
    }
    std::vector<model::CodeSha256> merged;  // the last that was asked for
    io::Task<io::UniqueFd> open_merged(std::vector<model::CodeSha256> packages) override {
        merged = std::move(packages);
        co_return io::UniqueFd(::open("/", O_PATH | O_DIRECTORY));
    }
    Result<RoleCredentials> assume_role(model::RunnableVersion const&) override {
        if (!role_error.empty()) return fail(Errc::kAccessDenied, role_error);
        return RoleCredentials{"ASIA1", "k", "t"};
    }
    void append(model::AccountId const&, std::string const&, std::string const&,
                std::vector<telemetry::LogEvent> events) override {
        for (auto& event : events) lines.push_back(std::move(event.message));
    }
    std::string code_directory = "/";
    std::string role_error;
};

// Answers with what it was asked; "/hang" first waits for `hanging`.
class EchoApi final : public RegionApi {
  public:
    std::optional<io::OneShot<bool>> hanging;
    int finished = 0;

    asio::awaitable<HttpResponse> handle(HttpRequest request) override {
        if (request.target == "/hang") {
            hanging.emplace();
            (void)co_await hanging->wait();
        }
        ++finished;
        HttpResponse response;
        response.body =
            request.target + " " + (request.body_too_large ? "(too large)" : request.body);
        co_return response;
    }
    [[nodiscard]] std::size_t body_bytes_max(HttpRequest const&) const override { return 1'000; }
    [[nodiscard]] HttpResponse refusal(int status, std::string reason) const override {
        HttpResponse response;
        response.body = fmt::format("refused {} {}", status, reason);
        return response;
    }
};

class InvokeTest : public testing::Test {
  protected:
    InvokeTest() {
        auto& settings = functions_.function->version.settings;
        functions_.function->account = model::AccountId{"123456789012"};
        functions_.function->name = model::FunctionName{"f"};
        functions_.function->status.state = model::State::kActive;
        settings.runtime = "python3.11";
        settings.handler = "app.handler";
        settings.timeout_seconds = 1;
        char name[] = "/tmp/meridian-bundles-XXXXXX";
        bundle_root_ = ::mkdtemp(name);
        std::filesystem::create_directories(bundle_root_ / "python3.11");
        std::ofstream(bundle_root_ / "python3.11" / "manifest.json")
            << R"({"format":1,"runtime":"python3.11","version":"python:3.11.v1","mounts":[{"source":"/","target":"/usr"}],)"
            << R"("links":[],"command":["/usr/bin/python3.11","-m","awslambdaric","{handler}"],"environment":{"LANG":"en_US.UTF-8"}})";
        std::vector<std::string> problems;
        bundles_ = RuntimeBundles::load(bundle_root_, problems);
        EXPECT_TRUE(problems.empty());
        sandboxes_.set_runtime([this](FakeSandbox& s) {
            asio::co_spawn(context_, runtime(s.runtime_api_port(), &s), asio::detached);
        });
        make_invoker({});
    }
    ~InvokeTest() override { std::filesystem::remove_all(bundle_root_); }

    void make_invoker(InvokerOptions options) {
        invoker_ =
            std::make_unique<Invoker>(EnvironmentServices{.executor = context_.get_executor(),
                                                          .clock = clock_,
                                                          .random = random_,
                                                          .log = log_,
                                                          .sandboxes = sandboxes_,
                                                          .code = functions_,
                                                          .roles = functions_,
                                                          .logs = functions_,
                                                          .api = api_,
                                                          .region = model::RegionName{"us-east-1"}},
                                      functions_, bundles_, metrics_, options);
    }

    void print(FakeSandbox* s, std::string const& text) {
        EXPECT_EQ(::write(s->command.output.get(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }

    // A runtime client. The event's "do" says what the function does.
    asio::awaitable<void> runtime(std::uint16_t port, FakeSandbox* s) {
        int const start = s->starts;
        bursting_.push_back(s->bursting);
        io::HttpClient client(context_.get_executor(), {"127.0.0.1", std::to_string(port)});
        auto const call = [&](std::string method, std::string path,
                              std::string body) -> io::Task<HttpResponse> {
            HttpRequest request;
            request.method = std::move(method);
            request.target = "/2018-06-01/runtime/" + path;
            request.body = std::move(body);
            co_return co_await client.send(std::move(request), 10s);
        };
        if (init_failures_-- > 0) {
            co_await call(
                "POST", "init/error",
                R"({"errorMessage":"no module","errorType":"Runtime.ImportModuleError"})");
            s->exit({.kind = ExitStatus::Kind::kExited, .value = 1});
            co_return;
        }
        for (;;) {
            auto next = co_await call("GET", "invocation/next", "");
            if (!next || next->status != 200) co_return;
            if (!sandboxes_.alive().contains(s) || s->starts != start) co_return;
            std::string const id(next->headers.get("Lambda-Runtime-Aws-Request-Id"));
            events_.push_back(*next);
            auto const event = nlohmann::json::parse(next->body);
            auto const what = event.is_object() ? event.value("do", "echo") : "echo";
            if (what == "exit") {
                s->exit({.kind = ExitStatus::Kind::kExited, .value = event.value("code", 0)});
                co_return;
            }
            if (what == "crash") {
                s->exit({.kind = ExitStatus::Kind::kSignaled, .value = SIGSEGV});
                co_return;
            }
            if (what == "oom") {
                s->exit(
                    {.kind = ExitStatus::Kind::kSignaled, .value = SIGKILL, .out_of_memory = true});
                co_return;
            }
            if (what == "hang") co_return;
            if (what == "print") print(s, "a line\nand another\n");
            if (what == "sleep") {
                asio::steady_timer timer(context_, 100ms);
                co_await timer.async_wait(io::kNoThrow);
            }
            if (what == "big") {
                auto const answer = co_await call("POST", "invocation/" + id + "/response",
                                                  std::string(7'000'000, 'x'));
                statuses_.push_back(answer ? answer->status : 0);
                continue;
            }
            auto const path = what == "error" ? "/error" : "/response";
            auto const body =
                what == "error" ? R"({"errorMessage":"boom","errorType":"Exception"})" : next->body;
            auto const answer = co_await call("POST", "invocation/" + id + path, body);
            statuses_.push_back(answer ? answer->status : 0);
            if (what == "repeat") {
                auto const again =
                    co_await call("POST", "invocation/" + id + "/response", "\"again\"");
                statuses_.push_back(again ? again->status : 0);
                auto const foreign =
                    co_await call("POST", "invocation/0000/response", "\"foreign\"");
                statuses_.push_back(foreign ? foreign->status : 0);
            }
            if (what == "die-after") {
                s->exit({.kind = ExitStatus::Kind::kExited, .value = 0});
                co_return;
            }
        }
    }

    InvokeRequest request(std::string payload, bool tail = false) {
        InvokeRequest r;
        r.account = model::AccountId{"123456789012"};
        r.name = model::FunctionName{"f"};
        r.request_id = model::RequestId{fmt::format("id-{}", ++ids_)};
        r.invoked_arn = "arn:f";
        r.payload = std::move(payload);
        r.log_tail = tail;
        return r;
    }

    // Runs the loop until `work` is done.
    template <typename T>
    T run(asio::awaitable<T> work) {
        std::optional<T> out;
        asio::co_spawn(context_, std::move(work), [&](std::exception_ptr e, T value) {
            EXPECT_FALSE(e);
            out = std::move(value);
        });
        context_.restart();
        while (!out && context_.run_one() > 0) {
        }
        return std::move(*out);
    }
    Result<InvokeResult> invoke(std::string payload, bool tail = false) {
        return run(invoker_->invoke(request(std::move(payload), tail)));
    }
    void settle() {
        context_.restart();
        context_.run_for(20ms);
    }
    void TearDown() override {
        bool stopped = false;
        asio::co_spawn(context_, invoker_->stop(), [&](std::exception_ptr) { stopped = true; });
        context_.restart();
        while (!stopped && context_.run_one() > 0) {
        }
        settle();
        EXPECT_TRUE(sandboxes_.alive().empty());
    }

    asio::io_context context_{1};
    io::SystemClock clock_;
    telemetry::InvocationMetrics metrics_{clock_};
    SeededRandom random_{1};
    NullLog log_;
    OneFunction functions_;
    EchoApi api_;
    sandbox::FakeSandboxFactory sandboxes_;
    std::filesystem::path bundle_root_;
    RuntimeBundles bundles_;
    std::unique_ptr<Invoker> invoker_;
    std::vector<HttpResponse> events_;
    std::vector<int> statuses_;
    int init_failures_ = 0;
    std::vector<bool> bursting_;  // at each start of a runtime
    int ids_ = 0;
};

TEST_F(InvokeTest, AnswersByteForByteAndReusesItsEnvironment) {
    for (auto const* payload : {"{\"a\": 1.0e2 }", "[1,2]", "\"x\"", "null"}) {
        auto const result = invoke(payload).value();
        EXPECT_EQ(result.payload, payload);
        EXPECT_FALSE(result.function_error);
        EXPECT_EQ(result.executed_version.value(), "$LATEST");
    }
    EXPECT_EQ(sandboxes_.created(), 1);
    EXPECT_EQ(events_[0].headers.get("Lambda-Runtime-Invoked-Function-Arn"), "arn:f");
    EXPECT_TRUE(events_[0].headers.get("Lambda-Runtime-Trace-Id").starts_with("Root=1-"));
    EXPECT_NE(events_[0].headers.get("Lambda-Runtime-Invocation-Id"),
              events_[1].headers.get("Lambda-Runtime-Invocation-Id"));
}

TEST_F(InvokeTest, LayersLieUnderOptInTheirOrder) {
    auto const count_opt = [&] {
        std::size_t mounts = 0;
        for (auto const* sandbox : sandboxes_.alive()) {
            mounts += static_cast<std::size_t>(
                std::ranges::count(sandbox->spec.mounts, "/opt", &sandbox::Mount::target));
        }
        return mounts;
    };
    ASSERT_TRUE(invoke("{}"));
    EXPECT_EQ(count_opt(), 0u) << "no layers";
    auto const layered = std::make_shared<model::RunnableVersion>(*functions_.function);
    for (auto const* hash : {"second", "first"}) {
        layered->version.settings.layers.push_back(
            {{model::AccountId{"123456789012"}, hash, 1}, {model::CodeSha256{hash}, 1}});
    }
    functions_.function = layered;
    ASSERT_TRUE(invoke("{}"));
    std::vector const wanted{model::CodeSha256{"second"}, model::CodeSha256{"first"}};
    EXPECT_EQ(functions_.merged, wanted);
    EXPECT_EQ(count_opt(), 1u);
}

TEST_F(InvokeTest, TheLogTailHasStartLinesEndAndReport) {
    auto const result = invoke("{\"do\":\"print\"}", true).value();
    auto const& tail = result.log_tail;
    std::vector<std::size_t> places;
    for (auto const* part :
         {"START RequestId: id-1 Version: $LATEST\n", "a line\n", "and another\n",
          "END RequestId: id-1\n", "REPORT RequestId: id-1\tDuration: "}) {
        places.push_back(tail.find(part));
        EXPECT_NE(places.back(), std::string::npos) << part << " in " << tail;
    }
    EXPECT_TRUE(std::ranges::is_sorted(places));
    EXPECT_NE(tail.find("Max Memory Used: 64 MB\tInit Duration: "), std::string::npos);
    EXPECT_EQ(invoke("{}", true).value().log_tail.find("Init Duration"), std::string::npos);
}

TEST_F(InvokeTest, AFunctionsErrorIsAnAnswer) {
    auto const result = invoke("{\"do\":\"error\"}").value();
    EXPECT_TRUE(result.function_error);
    EXPECT_EQ(result.payload, R"({"errorMessage":"boom","errorType":"Exception"})");
    EXPECT_EQ(invoke("1").value().payload, "1");
    EXPECT_EQ(sandboxes_.created(), 1);
}

TEST_F(InvokeTest, ARuntimeThatDiesIsAnAnswerAndIsStartedAgainInItsSandbox) {
    struct Case {
        char const* event;
        char const* body;
    };
    int starts = 1;
    for (
        auto const& c :
        {Case{
             "{\"do\":\"exit\",\"code\":3}",
             R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 3"})"},
         Case{
             "{\"do\":\"exit\"}",
             R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited without providing a reason"})"},
         Case{
             "{\"do\":\"crash\"}",
             R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: signal: segmentation fault"})"},
         Case{
             "{\"do\":\"oom\"}",
             R"({"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: ID Error: Runtime exited with error: signal: killed"})"}}) {
        auto const result = invoke(c.event).value();
        std::string body = c.body;
        body.replace(body.find("ID"), 2, fmt::format("id-{}", ids_));
        EXPECT_EQ(result.payload, body);
        EXPECT_TRUE(result.function_error);
        EXPECT_EQ(invoke("1").value().payload, "1");
        EXPECT_EQ((*sandboxes_.alive().begin())->starts, ++starts);
    }
    EXPECT_EQ(sandboxes_.created(), 1);
}

TEST_F(InvokeTest, ATimeoutKillsAndResets) {
    auto const result = invoke("{\"do\":\"hang\"}", true).value();
    EXPECT_EQ(
        result.payload,
        R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id-1 Error: Task timed out after 1.00 seconds"})");
    EXPECT_NE(result.log_tail.find("\tStatus: timeout"), std::string::npos);
    EXPECT_EQ((*sandboxes_.alive().begin())->signals, std::vector<int>{SIGKILL});
    EXPECT_EQ(invoke("1").value().payload, "1");
    EXPECT_EQ(sandboxes_.created(), 1);
}

TEST_F(InvokeTest, AFailedInitIsTriedOnceMoreInsideTheInvocation) {
    init_failures_ = 1;
    EXPECT_EQ(invoke("1").value().payload, "1");
    EXPECT_EQ((*sandboxes_.alive().begin())->starts, 2);
    EXPECT_TRUE(std::ranges::any_of(functions_.lines, [](auto const& line) {
        return line.starts_with("INIT_REPORT") &&
               line.find("Phase: init\tStatus: error") != std::string::npos;
    }));
}

TEST_F(InvokeTest, OnlyTheFirstInitMayUseMoreThanItsShareOfTheCpu) {
    init_failures_ = 1;
    EXPECT_TRUE(invoke("1"));
    EXPECT_EQ(bursting_, (std::vector<bool>{true, false}));
    auto* const environment = *sandboxes_.alive().begin();
    EXPECT_EQ(environment->spec.cpu_milli, 72U);  // 128 MB of 1,769
    EXPECT_EQ(environment->spec.burst_cpu_milli, model::limits::kInitCpuMilli);
    EXPECT_FALSE(environment->bursting);
}

TEST_F(InvokeTest, AnInitThatFailsTwiceIsTheAnswer) {
    init_failures_ = 2;
    auto const result = invoke("1").value();
    EXPECT_TRUE(result.function_error);
    EXPECT_EQ(result.payload,
              R"({"errorMessage":"no module","errorType":"Runtime.ImportModuleError"})");
    EXPECT_EQ(invoke("2").value().payload, "2");
}

TEST_F(InvokeTest, AnswersTooLargeAreTheFunctionsFault) {
    auto const result = invoke("{\"do\":\"big\"}").value();
    EXPECT_EQ(
        result.payload,
        R"({"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"})");
    settle();
    EXPECT_EQ(statuses_, std::vector<int>{413});
    EXPECT_EQ(invoke("1").value().payload, "1");
}

TEST_F(InvokeTest, RefusesASecondAnswerAndAForeignOne) {
    EXPECT_EQ(invoke("{\"do\":\"repeat\"}").value().payload, "{\"do\":\"repeat\"}");
    settle();
    EXPECT_EQ(statuses_, (std::vector<int>{202, 403, 400}));
    EXPECT_EQ(invoke("1").value().payload, "1");
}

TEST_F(InvokeTest, ARuntimeThatDiesAfterItsAnswerCostsNoInvocation) {
    EXPECT_EQ(invoke("{\"do\":\"die-after\"}").value().payload, "{\"do\":\"die-after\"}");
    EXPECT_EQ(invoke("1").value().payload, "1");
    EXPECT_EQ(sandboxes_.created(), 1);
}

TEST_F(InvokeTest, MakesOneEnvironmentForEachInvocationAtATime) {
    std::vector<std::string> answers;
    for (int i = 0; i < 5; ++i) {
        asio::co_spawn(context_, invoker_->invoke(request("{\"do\":\"sleep\"}")),
                       [&](std::exception_ptr, Result<InvokeResult> r) {
                           answers.push_back(r.value().payload);
                       });
    }
    context_.restart();
    while (answers.size() < 5 && context_.run_one() > 0) {
    }
    EXPECT_EQ(sandboxes_.created(), 5);
    EXPECT_EQ(invoke("1").value().payload, "1");
    EXPECT_EQ(sandboxes_.created(), 5);
}

TEST_F(InvokeTest, ThrottlesAtTheAccountsLimit) {
    make_invoker({.account_concurrency = 2});
    std::vector<Result<InvokeResult>> answers;
    for (int i = 0; i < 3; ++i) {
        asio::co_spawn(
            context_, invoker_->invoke(request("{\"do\":\"sleep\"}")),
            [&](std::exception_ptr, Result<InvokeResult> r) { answers.push_back(std::move(r)); });
    }
    context_.restart();
    while (answers.size() < 3 && context_.run_one() > 0) {
    }
    ASSERT_FALSE(answers[0]);  // the first to be answered
    EXPECT_EQ(answers[0].error().code, Errc::kTooManyRequests);
    EXPECT_EQ(answers[0].error().reason, "ConcurrentInvocationLimitExceeded");
    EXPECT_TRUE(answers[1] && answers[2]);
    EXPECT_TRUE(invoke("1"));
}

TEST_F(InvokeTest, FreezesAndThenEndsWhatIsIdle) {
    make_invoker({.idle_lifetime = 300ms, .freeze_after = 20ms});
    NullLog log;
    io::TaskScope scope(context_.get_executor(), log);
    scope.spawn("tick", invoker_->run());
    EXPECT_TRUE(invoke("1"));
    context_.restart();
    context_.run_for(1100ms);  // a quiet tick may pass before the environment is noticed
    if (!sandboxes_.alive().empty()) {
        EXPECT_TRUE((*sandboxes_.alive().begin())->frozen);
    }
    context_.restart();
    context_.run_for(1500ms);
    EXPECT_EQ(invoker_->environment_count(), 0U);
    EXPECT_EQ(invoke("2").value().payload, "2");
    asio::co_spawn(context_, scope.stop(), asio::detached);
    settle();
}

TEST_F(InvokeTest, ThawsBeforeItInvokes) {
    make_invoker({.idle_lifetime = 60s, .freeze_after = 0ms});
    EXPECT_TRUE(invoke("1"));
    settle();
    io::TaskScope scope(context_.get_executor(), log_);
    scope.spawn("tick", invoker_->run());
    settle();
    auto* const environment = *sandboxes_.alive().begin();
    EXPECT_TRUE(environment->frozen);
    EXPECT_EQ(invoke("2").value().payload, "2");
    EXPECT_FALSE(environment->frozen);
    asio::co_spawn(context_, scope.stop(), asio::detached);
    settle();
}

TEST_F(InvokeTest, AnUpdateRetiresEnvironmentsAndLetsTheBusyOneFinish) {
    std::optional<Result<InvokeResult>> slow;
    asio::co_spawn(context_, invoker_->invoke(request("{\"do\":\"sleep\"}")),
                   [&](std::exception_ptr, Result<InvokeResult> r) { slow = std::move(r); });
    context_.restart();
    context_.run_for(50ms);
    auto updated = std::make_shared<model::RunnableVersion>(*functions_.function);
    updated->version.settings.handler = "new.handler";
    functions_.function = updated;
    invoker_->refresh(updated);
    EXPECT_TRUE(invoke("1"));
    EXPECT_EQ(sandboxes_.created(), 2);
    settle();
    context_.restart();
    context_.run_for(200ms);
    ASSERT_TRUE(slow);
    EXPECT_EQ(slow->value().payload, "{\"do\":\"sleep\"}");
    EXPECT_EQ(invoker_->environment_count(), 1U);
    auto const argv = (*sandboxes_.alive().begin())->command.argv;
    EXPECT_EQ(argv.back(), "new.handler");
}

TEST_F(InvokeTest, AServiceFaultIsAnErrorAndLosesNothing) {
    sandboxes_.fail_next_create({Errc::kUnavailable, "every sandbox slot is in use", {}});
    auto const result = invoke("1");
    EXPECT_EQ(result.error().code, Errc::kUnavailable);
    EXPECT_EQ(invoke("1").value().payload, "1");
    (*sandboxes_.alive().begin())->break_down();
    settle();
    EXPECT_EQ(invoke("2").value().payload, "2");
}

TEST_F(InvokeTest, RefusesWhatCannotRun) {
    auto r = request("1");
    r.name = model::FunctionName{"g"};
    EXPECT_EQ(run(invoker_->invoke(std::move(r))).error().code, Errc::kResourceNotFound);
    functions_.function->status.state = model::State::kPending;
    EXPECT_NE(invoke("1").error().message.find("following state: Pending"), std::string::npos);
    functions_.function->status.state = model::State::kActive;
    functions_.function->version.settings.runtime = "java17";
    EXPECT_NE(invoke("1").error().message.find("meridian runtime build java17"), std::string::npos);
}

TEST_F(InvokeTest, WithoutItsRoleAFunctionDoesNotRun) {
    functions_.role_error = "The role defined for the function cannot be assumed by Lambda.";
    auto const refused = invoke("1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kAccessDenied);
    functions_.role_error.clear();
    EXPECT_TRUE(invoke("2"));
}

TEST_F(InvokeTest, ServesItsRegionsApiToTheCodeInside) {
    ASSERT_TRUE(invoke("1"));
    auto const port = std::to_string((*sandboxes_.alive().begin())->region_api_port());
    io::HttpClient client(context_.get_executor(), {"127.0.0.1", port});
    auto const call = [&](std::string target, std::string body) {
        HttpRequest request;
        request.method = "POST";
        request.target = std::move(target);
        request.body = std::move(body);
        return run(client.send(std::move(request), 10s));
    };
    EXPECT_EQ(call("/2015-03-31/functions", "{}").value().body, "/2015-03-31/functions {}");
    EXPECT_EQ(call("/", std::string(1'001, 'x')).value().body, "/ (too large)");
    EXPECT_EQ(call("/" + std::string(200'000, 'x'), "").value().body,
              "refused 431 header limit exceeded");
    // The Runtime API is another port's, and this one has nothing of it.
    EXPECT_EQ(call("/2018-06-01/runtime/invocation/next", "").value().body,
              "/2018-06-01/runtime/invocation/next ");
}

TEST_F(InvokeTest, ARequestOfAFunctionGoesOnWhenItsEnvironmentEnds) {
    ASSERT_TRUE(invoke("1"));
    auto const port = std::to_string((*sandboxes_.alive().begin())->region_api_port());
    io::HttpClient client(context_.get_executor(), {"127.0.0.1", port});
    std::optional<Errc> ended;
    asio::co_spawn(
        context_,
        [](io::HttpClient& from) -> io::Task<HttpResponse> {
            HttpRequest request;
            request.method = "GET";
            request.target = "/hang";
            co_return co_await from.send(std::move(request), 10s);
        }(client),
        [&](std::exception_ptr, Result<HttpResponse> answer) {
            ended = answer ? Errc::kInternal : answer.error().code;
        });
    settle();
    ASSERT_TRUE(api_.hanging);
    invoker_->retire_all(model::AccountId{"123456789012"}, model::FunctionName{"f"});
    settle();
    EXPECT_TRUE(sandboxes_.alive().empty());
    EXPECT_EQ(ended, Errc::kIo) << "its connection is closed";
    EXPECT_EQ(api_.finished, 0);
    api_.hanging->set(true);
    settle();
    EXPECT_EQ(api_.finished, 1);
}

TEST(EnvironmentVariablesOf, AFunctionAreLambdasOwnAndCannotBeReplaced) {
    model::RunnableVersion function;
    function.name = model::FunctionName{"f"};
    function.version.settings.runtime = "python3.11";
    function.version.settings.handler = "app.h";
    function.version.settings.environment = {
        {"AWS_REGION", "mars"}, {"LANG", "C"}, {"MINE", "a=b"}};
    RuntimeBundle bundle;
    bundle.environment = {{"LANG", "en_US.UTF-8"}, {"PYTHONPATH", "/var/runtime"}};
    bundle.telemetry_log_fd = true;
    RoleCredentials const role{"ASIA1", "k", "t"};
    auto const values = environment_variables({.function = function,
                                               .bundle = bundle,
                                               .region = model::RegionName{"us-east-1"},
                                               .log_group = "/aws/lambda/f",
                                               .log_stream = "s",
                                               .role = role});
    for (auto const* expected :
         {"AWS_REGION=us-east-1", "LANG=C", "MINE=a=b", "PYTHONPATH=/var/runtime", "_HANDLER=app.h",
          "AWS_EXECUTION_ENV=AWS_Lambda_python3.11", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001",
          "LAMBDA_TASK_ROOT=/var/task", "TZ=:UTC", "_LAMBDA_TELEMETRY_LOG_FD=3",
          "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
          "AWS_ENDPOINT_URL=http://127.0.0.1:9002"}) {
        EXPECT_EQ(std::ranges::count(values, std::string(expected)), 1) << expected;
    }
    function.version.settings.environment->insert_or_assign("AWS_ENDPOINT_URL", "http://mine");
    auto const own_endpoint = environment_variables({.function = function,
                                                     .bundle = bundle,
                                                     .region = model::RegionName{"us-east-1"},
                                                     .log_group = "g",
                                                     .log_stream = "s",
                                                     .role = role});
    EXPECT_EQ(std::ranges::count(own_endpoint, "AWS_ENDPOINT_URL=http://mine"), 1);
    EXPECT_EQ(std::ranges::count_if(
                  own_endpoint, [](auto const& v) { return v.starts_with("AWS_ENDPOINT_URL="); }),
              1);
    function.version.settings.runtime = "provided.al2023";
    bundle.telemetry_log_fd = false;
    auto const provided = environment_variables({.function = function,
                                                 .bundle = bundle,
                                                 .region = model::RegionName{"us-east-1"},
                                                 .log_group = "g",
                                                 .log_stream = "s",
                                                 .role = role});
    EXPECT_FALSE(std::ranges::any_of(provided, [](auto const& v) {
        return v.starts_with("AWS_EXECUTION_ENV=") || v.starts_with("AWS_LAMBDA_LOG_FORMAT=");
    }));
    function.version.settings.json_logs = {"DEBUG", "INFO"};
    auto const with_json = environment_variables({.function = function,
                                                  .bundle = bundle,
                                                  .region = model::RegionName{"us-east-1"},
                                                  .log_group = "g",
                                                  .log_stream = "s",
                                                  .role = role});
    for (auto const* expected : {"AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_LOG_LEVEL=DEBUG"})
        EXPECT_EQ(std::ranges::count(with_json, std::string(expected)), 1) << expected;
}

TEST_F(InvokeTest, ABundleThatAnUpdateHasPutAsideIsNone) {
    for (auto const* name : {".old-python3.11", ".new-nodejs24.x"}) {
        std::filesystem::create_directories(bundle_root_ / name);
        std::ofstream(bundle_root_ / name / "manifest.json")
            << R"({"format":1,"runtime":"python3.11","version":"old","mounts":[],"links":[],"command":["/x"]})";
    }
    std::vector<std::string> problems;
    auto const bundles = RuntimeBundles::load(bundle_root_, problems);
    EXPECT_EQ(bundles.names(), std::vector<std::string>{"python3.11"});
    EXPECT_EQ(bundles.find("python3.11")->version, "python:3.11.v1");
}

TEST(Manifest, SaysWhatIsWrongWithIt) {
    for (
        auto const& [text, part] : std::initializer_list<std::pair<char const*, char const*>>{
            {"{", "manifest.json"},
            {R"({"format":2})", "format 2"},
            {R"({"format":1,"runtime":"x","mounts":[]})", "exactly one of command and bootstrap"},
            {R"({"format":1,"runtime":"x","mounts":[{"source":"a","target":"/../b"}],"command":["c"]})",
             "bad target"},
            {R"({"format":1,"runtime":"x","mounts":[],"command":["c"],"environment":{"A":1}})",
             "type"}}) {
        auto const bundle = parse_manifest(text, "/b");
        ASSERT_FALSE(bundle) << text;
        EXPECT_NE(bundle.error().message.find(part), std::string::npos) << bundle.error().message;
    }
}

TEST(ErrorType, IsKeptOnlyInLambdasForm) {
    EXPECT_EQ(sanitized_error_type("Runtime.ImportModuleError"), "Runtime.ImportModuleError");
    EXPECT_EQ(sanitized_error_type("Function.x"), "Function.Unknown");
    EXPECT_EQ(sanitized_error_type("ValueError"), "Runtime.Unknown");
}

TEST_F(InvokeTest, ReservedConcurrencyIsAFloorAndACeiling) {
    auto const limited = [&](InvokerOptions options, ConcurrencyShare share) -> std::string {
        make_invoker(options);
        functions_.share = share;
        std::optional<Result<InvokeResult>> slow;
        asio::co_spawn(context_, invoker_->invoke(request("{\"do\":\"sleep\"}")),
                       [&](std::exception_ptr, Result<InvokeResult> r) { slow = std::move(r); });
        settle();
        auto const second = invoke("1");
        context_.restart();
        while (!slow && context_.run_one() > 0) {
        }
        auto reason = second ? std::string() : second.error().reason;
        bool stopped = false;
        asio::co_spawn(context_, invoker_->stop(), [&](std::exception_ptr) { stopped = true; });
        context_.restart();
        while (!stopped && context_.run_one() > 0) {
        }
        return slow->has_value() ? reason : "first: " + slow->error().reason;
    };
    InvokerOptions two;
    two.account_concurrency = 2;
    EXPECT_EQ(limited(two, {}), "");
    EXPECT_EQ(limited(two, {.reserved = 1, .reserved_in_account = 1}),
              "ReservedFunctionConcurrentInvocationLimitExceeded");
    EXPECT_EQ(limited(two, {.reserved = std::nullopt, .reserved_in_account = 1}),
              "ConcurrentInvocationLimitExceeded");
    EXPECT_EQ(limited(two, {.reserved = 0, .reserved_in_account = 0}),
              "first: ReservedFunctionConcurrentInvocationLimitExceeded");
    EXPECT_EQ(limited(two, {.reserved = 2, .reserved_in_account = 2}), "");
    EXPECT_EQ(limited(two, {.reserved = 2, .provisioned_in_function = 2}),
              "first: ReservedFunctionConcurrentInvocationLimitExceeded")
        << "all of it is other versions'";
    EXPECT_EQ(limited(two, {.reserved = 2, .provisioned = 1, .provisioned_in_function = 1}), "")
        << "one of its own, one of the rest";
    EXPECT_EQ(
        limited(two, {.provisioned = 1, .provisioned_in_function = 1, .reserved_in_account = 2}),
        "ConcurrentInvocationLimitExceeded");
    make_invoker({});
}

TEST_F(InvokeTest, ProvisionedEnvironmentsAreInitialisedBeforeTheyAreNeededAndStay) {
    InvokerOptions options;
    options.idle_lifetime = 1ms;
    make_invoker(options);
    io::TaskScope background(context_.get_executor(), log_);
    background.spawn("environments", invoker_->run());
    auto const& f = *functions_.function;
    auto const status = [&] {
        return invoker_->provisioned_status(f.account, f.name, model::Version(model::kLatest));
    };
    auto const wait = [&](auto condition) {
        auto const deadline = std::chrono::steady_clock::now() + 10s;
        while (!condition() && std::chrono::steady_clock::now() < deadline) settle();
        EXPECT_TRUE(condition());
    };
    functions_.function->status.state = model::State::kPending;
    invoker_->provision(f.account, f.name, model::Version(model::kLatest), 2);
    settle();
    EXPECT_EQ(sandboxes_.created(), 0) << "not before the function can be run";
    functions_.function->status.state = model::State::kActive;
    wait([&] { return status().initialised == 2; });
    EXPECT_EQ(sandboxes_.created(), 2);
    EXPECT_EQ(invoke("1").value().payload, "1");
    EXPECT_EQ(sandboxes_.created(), 2) << "one of them served it";
    auto const& environment = (*sandboxes_.alive().begin())->command.environment;
    EXPECT_TRUE(
        std::ranges::count(environment, "AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency"));
    context_.restart();
    context_.run_for(1200ms);  // past the idle lifetime and a quiet tick
    EXPECT_EQ(status().initialised, 2u);
    invoker_->provision(f.account, f.name, model::Version(model::kLatest), 1);
    wait([&] { return sandboxes_.alive().size() == 1; });
    invoker_->provision(f.account, f.name, model::Version(model::kLatest), 0);
    wait([&] { return sandboxes_.alive().empty(); });
    bool stopped = false;
    asio::co_spawn(context_, background.stop(), [&](std::exception_ptr) { stopped = true; });
    wait([&] { return stopped; });
}

TEST_F(InvokeTest, AProvisionedInitThatFailsIsTriedAgainAndThenSaid) {
    constexpr int kTries = model::limits::kProvisionedInitTriesMax;
    auto const& f = *functions_.function;
    auto const provision = [&] {
        invoker_->provision(f.account, f.name, model::Version(model::kLatest), 1);
        settle();
    };
    auto const status = [&] {
        return invoker_->provisioned_status(f.account, f.name, model::Version(model::kLatest));
    };
    init_failures_ = 1;
    provision();
    EXPECT_FALSE(status().init_failed) << "not at once";
    EXPECT_EQ(status().initialised, 0u);
    provision();
    EXPECT_EQ(status().initialised, 1u);
    EXPECT_EQ(sandboxes_.created(), 2) << "in a sandbox of its own";

    invoker_->provision(f.account, f.name, model::Version(model::kLatest), 0);
    settle();
    init_failures_ = kTries;
    io::TaskScope background(context_.get_executor(), log_);
    provision();
    background.spawn("environments", invoker_->run());
    auto const deadline = std::chrono::steady_clock::now() + 60s;
    while (!status().init_failed && std::chrono::steady_clock::now() < deadline) settle();
    EXPECT_TRUE(status().init_failed);
    EXPECT_EQ(status().initialised, 0u);
    EXPECT_EQ(sandboxes_.created(), 2 + kTries);
    EXPECT_EQ(invoke("1").value().payload, "1") << "no invocation gets one that failed";
    auto const& environment = (*sandboxes_.alive().begin())->command.environment;
    EXPECT_TRUE(std::ranges::count(environment, "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand"));
    EXPECT_EQ(status().initialised, 0u) << "what invocations make is not counted";
    provision();
    EXPECT_FALSE(status().init_failed) << "asked for again, it is tried again";
    EXPECT_EQ(status().initialised, 1u);
    EXPECT_EQ(invoke("2").value().payload, "2");
    EXPECT_EQ(sandboxes_.created(), 4 + kTries) << "one that waits is used";
    bool stopped = false;
    asio::co_spawn(context_, background.stop(), [&](std::exception_ptr) { stopped = true; });
    while (!stopped) settle();
}

}  // namespace
}  // namespace meridian::invoke
