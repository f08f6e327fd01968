// What every SandboxFactory promises (sandbox.h), asked of the fake and of the real one alike.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "sandbox/fake_sandbox.h"
#include "sandbox/test_fixture.h"

namespace meridian::sandbox {
namespace {

// Plays the attacker's plain runtimes (tests/system/attack/attacker.cc) for the fake.
void play(FakeSandbox& sandbox) {
    auto const& argv = sandbox.command.argv;
    auto const& what = argv.at(1);
    auto const say = [&](int fd, std::string const& text) {
        EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    };
    auto const exited = [&](int code) { sandbox.exit({ExitStatus::Kind::kExited, code, false}); };
    if (argv[0] != "/var/task/bootstrap") {
        sandbox.exit({ExitStatus::Kind::kLaunchFailed, ENOENT, false});
    } else if (what == "exit") {
        exited(std::stoi(argv.at(2)));
    } else if (what == "echo") {
        say(sandbox.command.output.get(), argv.at(2));
        exited(0);
    } else if (what == "environment") {
        say(sandbox.command.output.get(), sandbox.command.environment.at(0).substr(9));
        exited(0);
    } else if (what == "telemetry") {
        say(sandbox.command.telemetry.get(), "frame");
        exited(0);
    } else if (what == "hang" || what == "ignore-sigterm") {
        if (what == "ignore-sigterm") sandbox.ignore_sigterm();
        say(sandbox.command.output.get(), "ready");
    } else if (what == "call") {
        io::UniqueFd const socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bool const runtime_api = argv.at(2) == std::to_string(kRuntimeApiPort);
        address.sin_port =
            htons(runtime_api ? sandbox.runtime_api_port() : sandbox.region_api_port());
        EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                  0);
        exited(0);
    } else {
        ADD_FAILURE() << "no such part: " << what;
    }
}

enum class Kind { kFake, kReal };

class SandboxContract : public testing::TestWithParam<Kind> {
  protected:
    void SetUp() override {
        if (GetParam() == Kind::kFake) return;
        if (Jail::get() == nullptr) GTEST_SKIP() << Jail::kSkip;
    }
    boost::asio::io_context& context() {
        return GetParam() == Kind::kFake ? context_ : Jail::get()->context;
    }
    SandboxFactory& factory() {
        if (GetParam() == Kind::kFake) return fake_;
        return *Jail::get()->client;
    }
    std::unique_ptr<Sandbox> create() {
        auto spec = GetParam() == Kind::kFake ? SandboxSpec{} : Jail::get()->spec();
        auto made = run(context(), factory().create(std::move(spec)));
        EXPECT_TRUE(made.has_value()) << made.error().message;
        return std::move(made).value();
    }
    void start(Sandbox& sandbox, std::vector<std::string> arguments) {
        pipe_ = make_pipe();
        auto const started = run(
            context(), sandbox.start(command_of(std::move(arguments), std::move(pipe_.write_end))));
        EXPECT_TRUE(started.has_value()) << started.error().message;
    }
    ExitStatus wait(Sandbox& sandbox) {
        auto const status = run(context(), sandbox.wait_exit());
        EXPECT_TRUE(status.has_value()) << status.error().message;
        return status.value_or(ExitStatus{});
    }

    Pipe pipe_;  // the last started runtime's output

  private:
    boost::asio::io_context context_;
    FakeSandboxFactory fake_{play};
};

TEST_P(SandboxContract, ReportsTheExitCode) {
    auto const sandbox = create();
    start(*sandbox, {"exit", "7"});
    EXPECT_EQ(wait(*sandbox), (ExitStatus{ExitStatus::Kind::kExited, 7, false}));
}

TEST_P(SandboxContract, StartsAgainAfterAnExit) {
    auto const sandbox = create();
    for (int const code : {0, 3, 1}) {
        start(*sandbox, {"exit", std::to_string(code)});
        EXPECT_EQ(wait(*sandbox).value, code);
    }
}

TEST_P(SandboxContract, GivesOutputAndItsEnd) {
    auto const sandbox = create();
    start(*sandbox, {"echo", "some text"});
    EXPECT_EQ(read_pipe(pipe_.read_end), "some text");
    wait(*sandbox);
    EXPECT_TRUE(is_at_end(pipe_.read_end));
}

TEST_P(SandboxContract, GivesTheEnvironment) {
    auto const sandbox = create();
    start(*sandbox, {"environment", "GREETING"});
    EXPECT_EQ(read_pipe(pipe_.read_end), "hello world");
    wait(*sandbox);
}

TEST_P(SandboxContract, GivesTheTelemetryDescriptor) {
    auto const sandbox = create();
    auto output = make_pipe();
    auto telemetry = make_pipe();
    auto command = command_of({"telemetry"}, std::move(output.write_end));
    command.telemetry = std::move(telemetry.write_end);
    ASSERT_TRUE(run(context(), sandbox->start(std::move(command))).has_value());
    EXPECT_EQ(read_pipe(telemetry.read_end), "frame");
    EXPECT_EQ(wait(*sandbox).value, 0);
}

TEST_P(SandboxContract, SaysWhyAProgramCannotBeExecuted) {
    auto const sandbox = create();
    auto output = make_pipe();
    auto command = command_of({""}, std::move(output.write_end));
    command.argv[0] = "/var/task/missing";
    ASSERT_TRUE(run(context(), sandbox->start(std::move(command))).has_value());
    EXPECT_EQ(wait(*sandbox), (ExitStatus{ExitStatus::Kind::kLaunchFailed, ENOENT, false}));
}

TEST_P(SandboxContract, EndsARuntimeByItsSignal) {
    auto const sandbox = create();
    start(*sandbox, {"hang"});
    EXPECT_EQ(read_pipe(pipe_.read_end, 5), "ready");
    ASSERT_TRUE(sandbox->signal(SIGTERM).has_value());
    EXPECT_EQ(wait(*sandbox), (ExitStatus{ExitStatus::Kind::kSignaled, SIGTERM, false}));
}

TEST_P(SandboxContract, KillsARuntimeThatIgnoresSigterm) {
    auto const sandbox = create();
    start(*sandbox, {"ignore-sigterm"});
    EXPECT_EQ(read_pipe(pipe_.read_end, 5), "ready");
    ASSERT_TRUE(sandbox->signal(SIGTERM).has_value());
    auto const waited = run(context(), [](Sandbox& s) -> io::Task<> {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                        std::chrono::milliseconds(50));
        co_await timer.async_wait(io::kNoThrow);
        co_return s.signal(SIGKILL);
    }(*sandbox));
    ASSERT_TRUE(waited.has_value());
    EXPECT_EQ(wait(*sandbox), (ExitStatus{ExitStatus::Kind::kSignaled, SIGKILL, false}));
}

TEST_P(SandboxContract, RefusesASecondRuntime) {
    auto const sandbox = create();
    start(*sandbox, {"hang"});
    auto output = make_pipe();
    auto const second =
        run(context(), sandbox->start(command_of({"exit", "0"}, std::move(output.write_end))));
    EXPECT_EQ(second.error().code, Errc::kInternal);
}

TEST_P(SandboxContract, ServesTheRuntimeApiAndTheRegionsApiInside) {
    auto const sandbox = create();
    auto const runtime_api = sandbox->take_runtime_api_listener();
    auto const region_api = sandbox->take_region_api_listener();
    ASSERT_TRUE(runtime_api.valid() && region_api.valid());
    EXPECT_FALSE(sandbox->take_runtime_api_listener().valid()) << "taken once";
    EXPECT_FALSE(sandbox->take_region_api_listener().valid()) << "taken once";
    for (auto const& [listener, port] :
         {std::pair{&runtime_api, kRuntimeApiPort}, std::pair{&region_api, kRegionApiPort}}) {
        start(*sandbox, {"call", std::to_string(port)});
        pollfd waits{.fd = listener->get(), .events = POLLIN, .revents = 0};
        ASSERT_GT(::poll(&waits, 1, 5000), 0) << port;
        io::UniqueFd const connection(::accept(listener->get(), nullptr, nullptr));
        ASSERT_TRUE(connection.valid());
        if (GetParam() == Kind::kReal) {
            char hello[5]{};
            EXPECT_EQ(::read(connection.get(), hello, 5), 5);
            EXPECT_EQ(::write(connection.get(), "world", 5), 5);
        }
        EXPECT_EQ(wait(*sandbox).value, 0);
    }
}

TEST_P(SandboxContract, EndsItsProcessesWhenItIsDestroyed) {
    auto sandbox = create();
    start(*sandbox, {"ignore-sigterm"});
    EXPECT_EQ(read_pipe(pipe_.read_end, 5), "ready");
    sandbox.reset();
    EXPECT_TRUE(is_at_end(pipe_.read_end));
}

TEST_P(SandboxContract, CancelsTheWaiterWhenItIsDestroyed) {
    auto sandbox = create();
    start(*sandbox, {"hang"});
    auto const ended = run(context(), [](std::unique_ptr<Sandbox>& s) -> io::Task<ExitStatus> {
        auto const executor = co_await boost::asio::this_coro::executor;
        auto waiting = s->wait_exit();
        boost::asio::post(executor, [&s] { s.reset(); });
        co_return co_await std::move(waiting);
    }(sandbox));
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().code, Errc::kCancelled);
}

TEST_P(SandboxContract, FreezesAndThaws) {
    auto const sandbox = create();
    start(*sandbox, {"hang"});
    EXPECT_TRUE(sandbox->freeze().has_value());
    EXPECT_TRUE(sandbox->freeze().has_value()) << "twice is once";
    EXPECT_TRUE(sandbox->thaw().has_value());
    EXPECT_TRUE(sandbox->freeze().has_value());
    ASSERT_TRUE(sandbox->signal(SIGKILL).has_value()) << "a frozen runtime can be killed";
    EXPECT_EQ(wait(*sandbox).kind, ExitStatus::Kind::kSignaled);
}

TEST_P(SandboxContract, KillsNobodyForMemoryByItself) {
    auto const sandbox = create();
    start(*sandbox, {"exit", "0"});
    EXPECT_FALSE(wait(*sandbox).out_of_memory);
    EXPECT_FALSE(sandbox->take_out_of_memory());
}

std::string name_of_kind(testing::TestParamInfo<Kind> const& info) {
    return info.param == Kind::kFake ? "Fake" : "Real";
}
INSTANTIATE_TEST_SUITE_P(All, SandboxContract, testing::Values(Kind::kFake, Kind::kReal),
                         name_of_kind);

}  // namespace
}  // namespace meridian::sandbox
