#include "sandbox/jailer_client.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <signal.h>

#include "sandbox/jailer_connection.h"

namespace meridian::sandbox {

namespace asio = boost::asio;

namespace {

static_assert(kTelemetryFd == protocol::kTelemetryDescriptor);
static_assert(kRuntimeApiPort == protocol::kRuntimeApiListenerPort);
static_assert(kRegionApiPort == protocol::kRegionApiListenerPort);
// The jailer sends these as bits, without knowing this enum.
static_assert(static_cast<int>(Weakness::kNoMemoryLimit) == 0);
static_assert(static_cast<int>(Weakness::kNoCpuLimit) == 1);
static_assert(static_cast<int>(Weakness::kTmpOnTmpfs) == 3);
static_assert(static_cast<int>(Weakness::kSharedHostUid) == 4);
static_assert(static_cast<int>(Weakness::kNoFreezer) == 5);
static_assert(static_cast<int>(Weakness::kNoSeccomp) == 8);

// The start of a small kernel file, read anew through a descriptor that stays open.
std::string_view read_again(io::UniqueFd const& file, std::span<char> buffer) {
    if (!file.valid()) return {};
    auto const got = ::pread(file.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    return number;
}

// What a sandbox is made of on this side. Shared with the coroutines that wait for its init, which
// may outlive the Sandbox by a step.
struct Sockets {
    std::shared_ptr<JailerConnection> jailer;
    std::shared_ptr<PacketSocket> control;
    io::UniqueFd runtime_api_listener;
    io::UniqueFd region_api_listener;
    io::UniqueFd freezer;
    protocol::FreezerKind freezer_kind = protocol::FreezerKind::kNone;
    io::UniqueFd memory_peak;
    io::UniqueFd memory_events;
    io::UniqueFd cpu_quota;  // while there is a burst to end
    std::uint32_t cpu_milli = 0;

    bool frozen = false;
    bool running = false;
    std::uint64_t kills_at_start = 0;
    std::uint64_t kills_taken = 0;

    // How often the kernel has killed in this sandbox for memory.
    [[nodiscard]] std::uint64_t memory_kills() const {
        std::array<char, 1024> buffer;
        constexpr std::string_view kName = "oom_kill ";
        auto text = read_again(memory_events, buffer);
        while (!text.empty()) {
            auto const line = text.substr(0, text.find('\n'));
            if (line.starts_with(kName)) {
                return leading_number(line.substr(kName.size())).value_or(0);
            }
            text.remove_prefix(std::min(text.size(), line.size() + 1));
        }
        return 0;
    }

    [[nodiscard]] Result<void> send_signal(int signal) const {
        MERIDIAN_TRY(auto bytes, protocol::encode(protocol::Signal{
                                     .header = {}, .signal = signal, .reserved = 0}));
        MERIDIAN_TRY(bool const sent, control->try_send(bytes));
        if (!sent) return fail(Errc::kUnavailable, "the sandbox's init does not read");
        return {};
    }

    [[nodiscard]] Result<void> end_burst() {
        if (!cpu_quota.valid()) return {};
        auto const quota = std::to_string(protocol::cpu_quota_us(cpu_milli));
        if (::write(cpu_quota.get(), quota.data(), quota.size()) !=
            static_cast<ssize_t>(quota.size()))
            return fail(Errc::kIo, "the sandbox's CPU limit refuses");
        cpu_quota.reset();
        return {};
    }

    [[nodiscard]] Result<void> set_frozen(bool freeze) {
        if (freeze == frozen) return {};
        if (freezer_kind == protocol::FreezerKind::kNone) {
            MERIDIAN_CHECK(send_signal(freeze ? SIGSTOP : SIGCONT));
        } else {
            std::string_view const word = freezer_kind == protocol::FreezerKind::kCgroup2
                                              ? (freeze ? "1" : "0")
                                              : (freeze ? "FROZEN" : "THAWED");
            if (::write(freezer.get(), word.data(), word.size()) !=
                static_cast<ssize_t>(word.size())) {
                return fail(Errc::kIo, "the sandbox's freezer refuses");
            }
        }
        frozen = freeze;
        return {};
    }
};

// The exit that the init reports, or what the end of the init itself means.
io::Task<ExitStatus> read_exit(std::shared_ptr<Sockets> sockets) {
    auto packet = co_await PacketSocket::receive(sockets->control);
    if (!packet && packet.error().code == Errc::kCancelled) {
        co_return std::unexpected(packet.error());
    }
    bool const out_of_memory = sockets->memory_kills() > sockets->kills_at_start;
    sockets->running = false;
    if (!packet) {
        // PID 1 was the process that the kernel chose, and all others went with it.
        if (out_of_memory) co_return ExitStatus{ExitStatus::Kind::kSignaled, SIGKILL, true};
        co_return fail(Errc::kUnavailable, "the sandbox is gone");
    }
    MERIDIAN_CO_TRY(auto exited, protocol::decode<protocol::Exited>(packet->bytes));
    auto kind = ExitStatus::Kind::kExited;
    if (exited.fixed.kind == protocol::Exited::kSignaled) kind = ExitStatus::Kind::kSignaled;
    if (exited.fixed.kind == protocol::Exited::kLaunchFailed)
        kind = ExitStatus::Kind::kLaunchFailed;
    co_return ExitStatus{kind, exited.fixed.value, out_of_memory};
}

io::Task<> send_start(std::shared_ptr<Sockets> sockets, RuntimeCommand command) {
    if (sockets->running) co_return fail(Errc::kInternal, "a runtime runs in this sandbox already");
    bool const has_telemetry = command.telemetry.valid();
    protocol::Start const start{.header = {},
                                .arguments = static_cast<std::uint32_t>(command.argv.size()),
                                .variables = static_cast<std::uint32_t>(command.environment.size()),
                                .has_telemetry = has_telemetry ? 1U : 0U,
                                .reserved = 0};
    std::vector<std::string> strings{std::move(command.working_directory)};
    strings.insert(strings.end(), std::make_move_iterator(command.argv.begin()),
                   std::make_move_iterator(command.argv.end()));
    strings.insert(strings.end(), std::make_move_iterator(command.environment.begin()),
                   std::make_move_iterator(command.environment.end()));
    MERIDIAN_CO_TRY(auto bytes, protocol::encode(start, strings));
    std::vector<io::UniqueFd> descriptors;
    descriptors.push_back(std::move(command.output));
    if (has_telemetry) descriptors.push_back(std::move(command.telemetry));
    MERIDIAN_CO_CHECK(sockets->set_frozen(false));
    sockets->kills_at_start = sockets->memory_kills();
    sockets->running = true;
    auto const sent =
        co_await PacketSocket::send(sockets->control, std::move(bytes), std::move(descriptors));
    if (!sent) sockets->running = false;
    co_return sent;
}

class JailedSandbox final : public Sandbox {
  public:
    JailedSandbox(std::uint64_t id, std::shared_ptr<Sockets> sockets)
        : id_(id), sockets_(std::move(sockets)) {}
    ~JailedSandbox() override {
        sockets_->control->close();
        sockets_->jailer->destroy(id_);
    }

    io::UniqueFd take_runtime_api_listener() override {
        return std::move(sockets_->runtime_api_listener);
    }
    io::UniqueFd take_region_api_listener() override {
        return std::move(sockets_->region_api_listener);
    }
    io::Task<> start(RuntimeCommand command) override {
        return send_start(sockets_, std::move(command));
    }
    io::Task<ExitStatus> wait_exit() override { return read_exit(sockets_); }

    Result<void> signal(int signal_number) override {
        if (signal_number != SIGTERM && signal_number != SIGKILL) {
            return fail(Errc::kInvalidParameterValue, "only SIGTERM and SIGKILL");
        }
        // The init is frozen with the others.
        MERIDIAN_CHECK(sockets_->set_frozen(false));
        return sockets_->send_signal(signal_number);
    }
    Result<void> freeze() override { return sockets_->set_frozen(true); }
    Result<void> thaw() override { return sockets_->set_frozen(false); }

    Result<void> end_burst() override { return sockets_->end_burst(); }

    std::optional<std::uint64_t> peak_memory_bytes() override {
        std::array<char, 64> buffer;
        return leading_number(read_again(sockets_->memory_peak, buffer));
    }
    bool take_out_of_memory() override {
        auto const kills = sockets_->memory_kills();
        return std::exchange(sockets_->kills_taken, kills) < kills;
    }

  private:
    std::uint64_t const id_;
    std::shared_ptr<Sockets> sockets_;
};

Result<std::unique_ptr<JailedSandbox>> make_sandbox(std::shared_ptr<JailerConnection> const& jailer,
                                                    JailerConnection::Answer answer,
                                                    std::shared_ptr<Sockets>& sockets) {
    using protocol::Created;
    auto const& created = answer.created;
    if ((created.descriptors & Created::kControl) == 0 ||
        static_cast<std::size_t>(std::popcount(created.descriptors)) != answer.descriptors.size()) {
        jailer->destroy(created.sandbox);
        return fail(Errc::kCorrupt, "the jailer's answer lacks a descriptor");
    }
    auto next = answer.descriptors.begin();
    auto const take = [&](std::uint32_t which) {
        return (created.descriptors & which) != 0 ? std::move(*next++) : io::UniqueFd();
    };
    sockets = std::make_shared<Sockets>();
    sockets->jailer = jailer;
    sockets->control = std::make_shared<PacketSocket>(jailer->executor(), take(Created::kControl));
    sockets->runtime_api_listener = take(Created::kRuntimeApiListener);
    sockets->freezer = take(Created::kFreezer);
    sockets->freezer_kind =
        sockets->freezer.valid() ? created.freezer : protocol::FreezerKind::kNone;
    sockets->memory_peak = take(Created::kMemoryPeak);
    sockets->memory_events = take(Created::kMemoryEvents);
    sockets->region_api_listener = take(Created::kRegionApiListener);
    sockets->cpu_quota = take(Created::kCpuQuota);
    return std::make_unique<JailedSandbox>(created.sandbox, sockets);
}

io::Task<std::unique_ptr<Sandbox>> create_sandbox(std::shared_ptr<JailerConnection> jailer,
                                                  SandboxSpec spec) {
    protocol::Create const request{
        .header = {},
        .request = 0,
        .limits = {.memory_bytes = spec.memory_bytes,
                   .tmp_bytes = spec.tmp_bytes,
                   .cpu_milli = std::max(spec.cpu_milli, spec.burst_cpu_milli),
                   .processes = spec.processes},
        .mounts = static_cast<std::uint32_t>(spec.mounts.size()),
        .links = static_cast<std::uint32_t>(spec.links.size())};
    std::vector<std::string> strings;
    std::vector<io::UniqueFd> descriptors;
    for (auto& mount : spec.mounts) {
        strings.push_back(std::move(mount.target));
        descriptors.push_back(std::move(mount.directory));
    }
    for (auto& [path, target] : spec.links) {
        strings.push_back(std::move(path));
        strings.push_back(std::move(target));
    }
    MERIDIAN_CO_TRY(auto answer, co_await JailerConnection::create(
                                     jailer, request, std::move(strings), std::move(descriptors)));
    std::shared_ptr<Sockets> sockets;
    MERIDIAN_CO_TRY(auto sandbox, make_sandbox(jailer, std::move(answer), sockets));
    sockets->cpu_milli = spec.cpu_milli;
    if (spec.burst_cpu_milli <= spec.cpu_milli) sockets->cpu_quota.reset();
    // The init's first word: whether its root stands.
    auto packet = co_await PacketSocket::receive(sockets->control);
    if (!packet) {
        if (packet.error().code != Errc::kUnavailable) co_return std::unexpected(packet.error());
        co_return fail(Errc::kIo, "the sandbox ended while it was being set up");
    }
    MERIDIAN_CO_TRY(auto type, protocol::type_of(packet->bytes));
    if (type == protocol::Type::kSetupFailed) {
        MERIDIAN_CO_TRY(auto failed, protocol::decode<protocol::SetupFailed>(packet->bytes));
        co_return fail(Errc::kIo,
                       "the sandbox cannot be set up: " + std::string(failed.strings[0]));
    }
    MERIDIAN_CO_CHECK(protocol::decode<protocol::Ready>(packet->bytes));
    co_return std::unique_ptr<Sandbox>(std::move(sandbox));
}

}  // namespace

Result<io::UniqueFd> JailerClient::take_peer_from_environment() {
    char const* const value = std::getenv(protocol::kPeerVariable);
    auto const number = value != nullptr ? leading_number(value) : std::nullopt;
    if (!number || ::fcntl(static_cast<int>(*number), F_SETFD, FD_CLOEXEC) != 0) {
        return fail(Errc::kUnavailable, "this process was not started by meridian-jailer");
    }
    ::unsetenv(protocol::kPeerVariable);
    return io::UniqueFd(static_cast<int>(*number));
}

io::Task<std::unique_ptr<JailerClient>> JailerClient::connect(asio::any_io_executor executor,
                                                              io::UniqueFd peer) {
    auto connection = std::make_shared<JailerConnection>(std::move(executor), std::move(peer));
    MERIDIAN_CO_CHECK(co_await JailerConnection::open(connection));
    co_return std::unique_ptr<JailerClient>(new JailerClient(std::move(connection)));
}

JailerClient::JailerClient(std::shared_ptr<JailerConnection> connection)
    : connection_(std::move(connection)) {}

JailerClient::~JailerClient() { connection_->close(); }

io::Task<std::unique_ptr<Sandbox>> JailerClient::create(SandboxSpec spec) {
    return create_sandbox(connection_, std::move(spec));
}

std::vector<Weakness> JailerClient::weaknesses() const {
    std::vector<Weakness> found;
    for (unsigned bit = 0; bit <= static_cast<unsigned>(Weakness::kNoSeccomp); ++bit) {
        if ((connection_->hello().weaknesses >> bit & 1) != 0) {
            found.push_back(static_cast<Weakness>(bit));
        }
    }
    return found;
}

std::uint32_t JailerClient::slots() const { return connection_->hello().slots; }

}  // namespace meridian::sandbox
