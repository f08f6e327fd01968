#pragma once
// A SandboxFactory without isolation, for the data plane's tests: the "runtime" is a function that
// the test gives. The listeners are real ones, on loopback ports of their own.
//
// Threads: as sandbox.h.

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "io/one_shot.h"
#include "sandbox/sandbox.h"

namespace meridian::sandbox {

class FakeSandboxFactory;

class FakeSandbox final : public Sandbox {
  public:
    ~FakeSandbox() override;

    // --- For the test ---
    // What the runtime was started with; valid from start() until the next one. The descriptors are
    // the "process's": reset them, or exit(), and their readers see the end.
    RuntimeCommand command;
    SandboxSpec spec;
    std::vector<int> signals;  // as they came
    int starts = 0;
    bool frozen = false;
    bool bursting = false;
    std::optional<std::uint64_t> peak_bytes = 64 * 1024 * 1024;

    // Where the runtime reaches the Runtime API, and the region's: kRuntimeApiPort and
    // kRegionApiPort in a real sandbox.
    [[nodiscard]] std::uint16_t runtime_api_port() const { return runtime_api_.port; }
    [[nodiscard]] std::uint16_t region_api_port() const { return region_api_.port; }
    [[nodiscard]] bool running() const { return exit_ && !exit_->is_set(); }
    // The runtime ends. Does nothing when none runs.
    void exit(ExitStatus status) {
        if (!running()) return;
        if (status.out_of_memory) ++memory_kills_;
        command.output.reset();
        command.telemetry.reset();
        exit_->set(status);
    }
    // The sandbox's init and the jailer are gone: what is pending fails.
    void break_down() {
        broken_ = true;
        if (exit_) exit_->set(fail(Errc::kUnavailable, "the sandbox is gone"));
    }
    // SIGTERM does not end the runtime.
    void ignore_sigterm() { ignores_sigterm_ = true; }

    // --- Sandbox ---
    io::UniqueFd take_runtime_api_listener() override { return std::move(runtime_api_.socket); }
    io::UniqueFd take_region_api_listener() override { return std::move(region_api_.socket); }
    io::Task<> start(RuntimeCommand new_command) override;
    io::Task<ExitStatus> wait_exit() override {
        if (broken_ || !exit_) co_return fail(Errc::kUnavailable, "no runtime has been started");
        auto const waited = exit_;  // shared: this sandbox may be destroyed meanwhile
        co_return co_await waited->wait();
    }
    Result<void> signal(int signal_number) override {
        if (broken_) return fail(Errc::kUnavailable, "the sandbox is gone");
        signals.push_back(signal_number);
        frozen = false;
        if (signal_number == SIGTERM && ignores_sigterm_) return {};
        exit({.kind = ExitStatus::Kind::kSignaled, .value = signal_number});
        return {};
    }
    Result<void> freeze() override {
        frozen = true;
        return {};
    }
    Result<void> end_burst() override {
        bursting = false;
        return {};
    }
    Result<void> thaw() override {
        frozen = false;
        return {};
    }
    std::optional<std::uint64_t> peak_memory_bytes() override { return peak_bytes; }
    bool take_out_of_memory() override {
        return std::exchange(kills_taken_, memory_kills_) < memory_kills_;
    }

  private:
    friend class FakeSandboxFactory;
    struct Listener {
        io::UniqueFd socket;
        std::uint16_t port = 0;
    };
    FakeSandbox(FakeSandboxFactory& factory, SandboxSpec new_spec, Listener runtime_api,
                Listener region_api)
        : spec(std::move(new_spec)),
          factory_(&factory),
          runtime_api_(std::move(runtime_api)),
          region_api_(std::move(region_api)) {
        bursting = spec.burst_cpu_milli > spec.cpu_milli;
    }

    FakeSandboxFactory* factory_;  // null once it is gone
    Listener runtime_api_;
    Listener region_api_;
    std::shared_ptr<io::OneShot<ExitStatus>> exit_;
    bool broken_ = false;
    bool ignores_sigterm_ = false;
    int memory_kills_ = 0;
    int kills_taken_ = 0;
};

class FakeSandboxFactory final : public SandboxFactory {
  public:
    // The scripted runtime: called within start(). It may keep the reference until the sandbox is
    // destroyed, and calls exit() when the runtime is to end. nullptr: the runtime just runs.
    using Runtime = std::function<void(FakeSandbox&)>;

    explicit FakeSandboxFactory(Runtime runtime = nullptr, std::size_t slots = 1000)
        : runtime_(std::move(runtime)), slots_(slots) {}
    ~FakeSandboxFactory() override {
        for (auto* sandbox : alive_) sandbox->factory_ = nullptr;
    }

    // --- For the test ---
    void set_runtime(Runtime runtime) { runtime_ = std::move(runtime); }
    // The next create() fails with this, once.
    void fail_next_create(Error error) { next_error_ = std::move(error); }
    void set_weaknesses(std::vector<Weakness> weaknesses) { weaknesses_ = std::move(weaknesses); }
    [[nodiscard]] std::set<FakeSandbox*> const& alive() const { return alive_; }
    [[nodiscard]] int created() const { return created_; }

    // --- SandboxFactory ---
    io::Task<std::unique_ptr<Sandbox>> create(SandboxSpec spec) override {
        if (auto error = std::exchange(next_error_, std::nullopt))
            co_return std::unexpected(*error);
        if (alive_.size() >= slots_) {
            co_return fail(Errc::kUnavailable, "every sandbox slot is in use");
        }
        MERIDIAN_CO_TRY(auto runtime_api, listen());
        MERIDIAN_CO_TRY(auto region_api, listen());
        std::unique_ptr<FakeSandbox> sandbox(
            new FakeSandbox(*this, std::move(spec), std::move(runtime_api), std::move(region_api)));
        alive_.insert(sandbox.get());
        ++created_;
        co_return std::unique_ptr<Sandbox>(std::move(sandbox));
    }
    std::vector<Weakness> weaknesses() const override { return weaknesses_; }

  private:
    friend class FakeSandbox;
    static Result<FakeSandbox::Listener> listen() {
        io::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (!socket.valid() || ::bind(socket.get(), generic, length) != 0 ||
            ::listen(socket.get(), 64) != 0 || ::getsockname(socket.get(), generic, &length) != 0) {
            return fail(Errc::kIo, std::string("a loopback listener: ") + std::strerror(errno));
        }
        return FakeSandbox::Listener{std::move(socket), ntohs(address.sin_port)};
    }

    Runtime runtime_;
    std::size_t slots_;
    std::optional<Error> next_error_;
    std::vector<Weakness> weaknesses_;
    std::set<FakeSandbox*> alive_;
    int created_ = 0;
};

inline FakeSandbox::~FakeSandbox() {
    if (factory_ != nullptr) factory_->alive_.erase(this);
    if (exit_) exit_->set(fail(Errc::kCancelled, "cancelled"));
}

inline io::Task<> FakeSandbox::start(RuntimeCommand new_command) {
    if (broken_) co_return fail(Errc::kUnavailable, "the sandbox is gone");
    if (running()) co_return fail(Errc::kInternal, "a runtime runs in this sandbox already");
    command = std::move(new_command);
    frozen = false;
    exit_ = std::make_shared<io::OneShot<ExitStatus>>();
    ++starts;
    if (factory_ != nullptr && factory_->runtime_) factory_->runtime_(*this);
    co_return Result<void>{};
}

}  // namespace meridian::sandbox
