// A hostile function in a real sandbox: tests/system/attack/attacker.cc tries, these tests judge.
// Run under meridian-jailer as root and rootless. What a rootless jailer cannot hold must be a
// reported Weakness.

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sandbox/test_fixture.h"

namespace meridian::sandbox {
namespace {

class Attack : public testing::Test {
  protected:
    void SetUp() override {
        if (Jail::get() == nullptr) GTEST_SKIP() << Jail::kSkip;
    }
    static Jail& jail() { return *Jail::get(); }

    static std::unique_ptr<Sandbox> create(SandboxSpec spec) {
        auto made = run(jail().context, jail().client->create(std::move(spec)));
        EXPECT_TRUE(made.has_value()) << made.error().message;
        return made ? std::move(*made) : nullptr;
    }
    static io::UniqueFd start(Sandbox& sandbox, std::vector<std::string> arguments,
                              std::vector<std::string> environment = {}) {
        auto pipe = make_pipe();
        auto command = command_of(std::move(arguments), std::move(pipe.write_end));
        command.environment = std::move(environment);
        auto const started = run(jail().context, sandbox.start(std::move(command)));
        EXPECT_TRUE(started.has_value()) << started.error().message;
        return std::move(pipe.read_end);
    }
    static ExitStatus wait(Sandbox& sandbox) {
        auto const status = run(jail().context, sandbox.wait_exit(), std::chrono::seconds(60));
        EXPECT_TRUE(status.has_value()) << status.error().message;
        return status.value_or(ExitStatus{});
    }
    // Runs one attack in `sandbox`; what it prints is the failure's message.
    static void expect_held(Sandbox& sandbox, std::vector<std::string> const& arguments) {
        auto const output = start(sandbox, arguments);
        auto const text = read_pipe(output);
        EXPECT_EQ(wait(sandbox), (ExitStatus{ExitStatus::Kind::kExited, 0, false}))
            << arguments[0] << ": " << text;
        if (!text.empty()) std::printf("  %s: %s\n", arguments[0].c_str(), text.c_str());
    }
    static void expect_held(std::vector<std::string> const& arguments) {
        auto const sandbox = create(jail().spec());
        if (sandbox) expect_held(*sandbox, arguments);
    }
    // A sandbox whose runtime keeps running; proves afterwards that it was not harmed.
    struct Neighbour {
        std::unique_ptr<Sandbox> sandbox;
        io::UniqueFd output;
    };
    static Neighbour make_neighbour(std::vector<std::string> environment = {},
                                    SandboxSpec* spec = nullptr) {
        Neighbour made;
        made.sandbox = create(spec != nullptr ? std::move(*spec) : jail().spec());
        made.output = start(*made.sandbox, {"tick"}, std::move(environment));
        EXPECT_EQ(read_pipe(made.output, 3).substr(0, 3), "...");
        return made;
    }
    static void expect_unharmed(Neighbour const& neighbour) {
        std::array<char, 65536> waste;  // what was written meanwhile
        ASSERT_GT(::read(neighbour.output.get(), waste.data(), waste.size()), 0);
        EXPECT_GE(read_pipe(neighbour.output, 5).size(), 5U) << "the neighbour does not run";
        EXPECT_FALSE(neighbour.sandbox->take_out_of_memory());
    }
};

TEST_F(Attack, HasNoPrivileges) { expect_held({"privileges"}); }
TEST_F(Attack, CannotMount) { expect_held({"mount"}); }
TEST_F(Attack, CannotLoadModules) { expect_held({"load-modules"}); }
TEST_F(Attack, CannotOpenRawSockets) { expect_held({"raw-sockets"}); }
TEST_F(Attack, CannotMakeNamespaces) { expect_held({"namespaces"}); }
TEST_F(Attack, CannotMakeForbiddenCalls) { expect_held({"forbidden-calls"}); }
TEST_F(Attack, CannotWriteWhatIsReadOnly) { expect_held({"write"}); }

TEST_F(Attack, CannotReadTheHostsFiles) {
    // Files that this process, meridiand's user, can read itself.
    std::string const scratch = std::getenv("MERIDIAN_TEST_SCRATCH");
    std::string const marker = scratch + "/host-secret";
    std::ofstream(marker) << "secret";
    expect_held({"read-host", marker, scratch, "/tmp/meridian", jail().task_directory});
}

TEST_F(Attack, CannotSeeAnotherFunctionsCodeEnvironmentOrMemory) {
    std::string const scratch = std::getenv("MERIDIAN_TEST_SCRATCH");
    std::string const task = scratch + "/other-task";
    std::filesystem::create_directory(task);
    std::filesystem::copy_file(jail().task_directory + "/bootstrap", task + "/bootstrap",
                               std::filesystem::copy_options::overwrite_existing);
    std::ofstream(task + "/secret") << "n0t-y0urs";
    auto spec = jail().spec(task);
    auto const neighbour = make_neighbour({"SECRET=n0t-y0urs"}, &spec);
    auto const owner = create(jail().spec());
    auto const output = start(*owner, {"leave-orphan-and-secret"});
    expect_held({"see-others", "sru0y-t0n"});
    expect_unharmed(neighbour);
}

TEST_F(Attack, CannotSignalOrTraceOthers) {
    auto const neighbour = make_neighbour();
    auto const sandbox = create(jail().spec());
    expect_held(*sandbox, {"signal-others"});
    // Its own init is alive too.
    expect_held(*sandbox, {"exit", "0"});
    expect_unharmed(neighbour);
}

TEST_F(Attack, CannotReachTheHostOrAnotherRuntimeApi) {
    io::UniqueFd const host(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t length = sizeof address;
    ASSERT_EQ(::bind(host.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(::listen(host.get(), 8), 0);
    ASSERT_EQ(::getsockname(host.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    io::UniqueFd const abstract(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path + 1, "meridian-attack", 15);
    ASSERT_EQ(::bind(abstract.get(), reinterpret_cast<sockaddr*>(&name), sizeof(sa_family_t) + 16),
              0);
    ASSERT_EQ(::listen(abstract.get(), 8), 0);

    auto const neighbour = create(jail().spec());
    auto const neighbours_runtime_api = neighbour->take_runtime_api_listener();
    auto const neighbours_region_api = neighbour->take_region_api_listener();
    auto const sandbox = create(jail().spec());
    auto const runtime_api = sandbox->take_runtime_api_listener();
    auto const region_api = sandbox->take_region_api_listener();
    expect_held(*sandbox, {"reach-host", std::to_string(ntohs(address.sin_port)), "22", "80",
                           "@meridian-attack"});
    // What calls in one sandbox arrives at its own listeners and at no other.
    for (auto const& [own, port] :
         {std::pair{&runtime_api, kRuntimeApiPort}, std::pair{&region_api, kRegionApiPort}}) {
        auto const output = start(*sandbox, {"call", std::to_string(port)});
        std::array<pollfd, 3> waits{
            pollfd{.fd = own->get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = neighbours_runtime_api.get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = neighbours_region_api.get(), .events = POLLIN, .revents = 0}};
        EXPECT_EQ(::poll(waits.data(), waits.size(), 5000), 1) << port;
        EXPECT_NE(waits[0].revents, 0) << port;
        io::UniqueFd const connection(::accept(own->get(), nullptr, nullptr));
        EXPECT_EQ(::write(connection.get(), "world", 5), 5);
        EXPECT_EQ(wait(*sandbox).value, 0);
    }
}

TEST_F(Attack, FindsTwoOpenPortsAndNoOther) {
    auto const sandbox = create(jail().spec());
    auto const runtime_api = sandbox->take_runtime_api_listener();
    auto const region_api = sandbox->take_region_api_listener();
    expect_held(*sandbox,
                {"open-ports", std::to_string(kRuntimeApiPort), std::to_string(kRegionApiPort)});
}

TEST_F(Attack, FillingTmpIsEnospcAndHarmsNobody) {
    auto spec = jail().spec();
    // On a tmpfs it counts as memory: then the memory must be there.
    bool const on_disk = !jail().lacks(Weakness::kTmpOnTmpfs);
    if (!on_disk) spec.tmp_bytes = 64UL << 20;
    auto const megabytes = spec.tmp_bytes >> 20;
    auto const sandbox = create(std::move(spec));
    expect_held(*sandbox, {"fill-tmp", std::to_string(megabytes)});
    EXPECT_FALSE(sandbox->take_out_of_memory());
    expect_held(*sandbox, {"exit", "0"});
}

TEST_F(Attack, TmpSurvivesAResetAndNotTheSandbox) {
    auto sandbox = create(jail().spec());
    expect_held(*sandbox, {"write-tmp"});
    expect_held(*sandbox, {"read-tmp"});
    for (int i = 0; i < 6; ++i) {  // more than the pool holds
        sandbox = create(jail().spec());
        auto const output = start(*sandbox, {"read-tmp"});
        EXPECT_EQ(wait(*sandbox).value, 1);
    }
}

TEST_F(Attack, AForkBombMeetsItsLimit) {
    EXPECT_FALSE(jail().lacks(Weakness::kNoProcessLimit));
    auto const neighbour = make_neighbour();
    expect_held({"fork-bomb", "64"});
    expect_unharmed(neighbour);
}

TEST_F(Attack, AMemoryBombIsKilledAloneAndFlagged) {
    if (jail().lacks(Weakness::kNoMemoryLimit)) {
        // The host cannot hold this limit here, and that is what it says.
        EXPECT_THAT(jail().client->weaknesses(), testing::Contains(Weakness::kNoMemoryLimit));
        return;
    }
    auto const neighbour = make_neighbour();
    auto const sandbox = create(jail().spec());
    auto output = start(*sandbox, {"memory-bomb", "1024"});
    EXPECT_EQ(wait(*sandbox), (ExitStatus{ExitStatus::Kind::kSignaled, SIGKILL, true}));
    EXPECT_TRUE(sandbox->take_out_of_memory());
    EXPECT_FALSE(sandbox->take_out_of_memory()) << "taken once";
    EXPECT_GT(sandbox->peak_memory_bytes().value_or(0), 120UL << 20);
    EXPECT_LE(sandbox->peak_memory_bytes().value_or(0), 128UL << 20);
    expect_unharmed(neighbour);
    // A reset brings it back, without the flag.
    expect_held(*sandbox, {"exit", "0"});
}

TEST_F(Attack, ABusyLoopGetsItsShareOfTheCpu) {
    if (jail().lacks(Weakness::kNoCpuLimit)) {
        EXPECT_THAT(jail().client->weaknesses(), testing::Contains(Weakness::kNoCpuLimit));
        return;
    }
    for (std::uint32_t const burst : {0U, 2'000U}) {
        auto spec = jail().spec();
        spec.cpu_milli = 100;  // 10 ms in every 100 ms
        spec.burst_cpu_milli = burst;
        auto const sandbox = create(std::move(spec));
        ASSERT_TRUE(sandbox->end_burst());
        auto const output = start(*sandbox, {"spin", "60"});
        auto const took_ms = std::stol("0" + read_pipe(output));
        EXPECT_EQ(wait(*sandbox).value, 0);
        EXPECT_GT(took_ms, 350);
        EXPECT_TRUE(sandbox->end_burst()) << "twice is once";
    }
}

TEST_F(Attack, AnOrphanDiesWithItsRuntime) {
    auto const sandbox = create(jail().spec());
    auto const output = start(*sandbox, {"leave-orphan"});
    EXPECT_EQ(wait(*sandbox), (ExitStatus{ExitStatus::Kind::kExited, 0, false}));
    EXPECT_TRUE(is_at_end(output)) << "the orphan still holds its output";
    expect_held(*sandbox, {"see-others", "gnihton"});
}

TEST_F(Attack, AnOrphanDiesWithItsSandbox) {
    auto sandbox = create(jail().spec());
    auto const output = start(*sandbox, {"ignore-sigterm"});
    EXPECT_EQ(read_pipe(output, 5), "ready");
    ASSERT_TRUE(sandbox->freeze().has_value());
    sandbox.reset();
    EXPECT_TRUE(is_at_end(output)) << "a frozen process outlived its sandbox";
}

TEST_F(Attack, AFrozenRuntimeDoesNotRun) {
    auto const sandbox = create(jail().spec());
    auto const output = start(*sandbox, {"tick"});
    EXPECT_EQ(read_pipe(output, 3).substr(0, 3), "...");
    ASSERT_TRUE(sandbox->freeze().has_value());
    std::array<char, 65536> waste;
    pollfd wait_output{.fd = output.get(), .events = POLLIN, .revents = 0};
    ::poll(nullptr, 0, 20);  // what was on its way when it froze
    while (::poll(&wait_output, 1, 0) > 0) {
        ASSERT_GT(::read(output.get(), waste.data(), waste.size()), 0);
    }
    EXPECT_EQ(::poll(&wait_output, 1, 100), 0) << "it runs";
    ASSERT_TRUE(sandbox->thaw().has_value());
    EXPECT_EQ(read_pipe(output, 3).substr(0, 3), "...");
}

}  // namespace
}  // namespace meridian::sandbox
