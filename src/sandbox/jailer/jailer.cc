#include "sandbox/jailer/jailer.h"

#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <tuple>

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sandbox/jailer/init.h"
#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

constexpr std::uint64_t kPooledTmpBytes = 512UL << 20;  // Lambda's default
constexpr std::uint64_t kTmpBytesMin = 1UL << 20;
constexpr std::uint64_t kTmpBytesMax = 64UL << 30;
constexpr std::uint64_t kMemoryBytesMin = 4UL << 20;
constexpr auto kRefillPause = std::chrono::seconds(2);  // after the host has refused something
constexpr int kRemovalRetryMs = 10;
constexpr int kRemovalAttemptsAtEnd = 200;

void complain(std::string_view what, Error const& error) {
    std::fprintf(stderr, "meridian-jailer: %.*s: %s\n", static_cast<int>(what.size()), what.data(),
                 error.message.c_str());
}

// A private, read-only copy of the mount that `directory` (meridiand's O_PATH descriptor) lies on,
// from there down. meridiand opened it as its own ordinary user; the function inside is nobody's.
Result<io::UniqueFd> clone_mount(int directory) {
    io::UniqueFd tree(::open_tree(
        directory, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
    if (!tree.valid()) return system_error("open_tree");
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                        sizeof attributes) != 0) {
        return system_error("mount_setattr");
    }
    return tree;
}

Result<void> send_prepare(int control) {
    MERIDIAN_TRY(auto bytes, protocol::encode(protocol::Prepare{.header = {}}));
    MERIDIAN_CHECK(send_packet(control, bytes));
    return {};
}

std::uint32_t weakness_bit(unsigned weakness) { return 1U << weakness; }

}  // namespace

Jailer::Jailer(Host host, io::UniqueFd peer, pid_t meridiand, io::UniqueFd signals,
               io::UniqueFd home)
    : host_(std::move(host)),
      disks_(host_.scratch),
      peer_(std::move(peer)),
      meridiand_(meridiand),
      signals_(std::move(signals)),
      home_(std::move(home)) {
    for (std::uint32_t slot = host_.slots; slot-- > 0;) free_slots_.push_back(slot);
    if (host_.has_loop_devices) {
        // By trying: a host may have the device node and refuse its use.
        auto disk = disks_.make(kPooledTmpBytes);
        host_.has_loop_devices = disk.has_value();
        if (disk) {
            spare_disks_.push_back(std::move(*disk));
        } else {
            complain("/tmp is on tmpfs", disk.error());
        }
    }
}

int Jailer::run() {
    while (!meridiand_ended_) {
        std::array<pollfd, 2> waits{pollfd{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = peer_.get(), .events = POLLIN, .revents = 0}};
        int const ready = ::poll(waits.data(), peer_.valid() ? 2 : 1, wait_ms());
        if (ready < 0 && errno != EINTR) {
            complain("poll", system_error("poll").error());
            break;
        }
        if (waits[0].revents != 0) on_signals();
        if (waits[1].revents != 0) on_peer();
        if (ready == 0) {
            retry_removals();
            std::ignore = refill();
        }
    }
    kill_all();
    for (int attempt = 0;
         attempt < kRemovalAttemptsAtEnd && !(sandboxes_.empty() && dying_.empty()); ++attempt) {
        ::poll(nullptr, 0, kRemovalRetryMs);
        on_children();
        retry_removals();
    }
    for (auto& disk : spare_disks_) disk.discard();
    while (::waitpid(-1, nullptr, 0) > 0) {  // discard()'s children
    }
    if (WIFSIGNALED(status_)) return 128 + WTERMSIG(status_);
    return WEXITSTATUS(status_);
}

int Jailer::wait_ms() const {
    if (!dying_.empty()) return kRemovalRetryMs;
    bool const full = pool_.size() >= host_.pool || free_slots_.empty();
    if (full || !peer_.valid()) return -1;
    auto const pause = no_refill_before_ - std::chrono::steady_clock::now();
    return pause.count() <= 0
               ? 0
               : static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(pause).count());
}

void Jailer::on_signals() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGCHLD && !meridiand_ended_) {
            ::kill(meridiand_, static_cast<int>(info.ssi_signo));
        }
    }
    on_children();
}

void Jailer::on_children() {
    int status = 0;
    for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (child == meridiand_) {
            status_ = status;
            meridiand_ended_ = true;
        } else if (auto found = sandboxes_.extract(child); !found.empty()) {
            bury(std::move(found.mapped()));
        }
    }
    discard(std::exchange(doomed_disks_, {}));
}

void Jailer::on_peer() {
    auto packet = receive_packet(peer_.get());
    if (packet && !*packet) return;
    auto const served = packet ? serve(**packet) : std::unexpected(packet.error());
    if (served) return;
    if (served.error().code != Errc::kUnavailable) complain("meridiand's message", served.error());
    // Without a peer that speaks the language, no sandbox has an owner.
    peer_.reset();
    kill_all();
}

Result<void> Jailer::serve(Packet const& packet) {
    MERIDIAN_TRY(auto type, protocol::type_of(packet.bytes));
    switch (type) {
        case protocol::Type::kHello: {
            MERIDIAN_CHECK(protocol::decode<protocol::Hello>(packet.bytes));
            hello();
            return {};
        }
        case protocol::Type::kCreate: {
            MERIDIAN_TRY(auto request, protocol::decode<protocol::Create>(packet.bytes));
            create(packet, request);
            return {};
        }
        case protocol::Type::kDestroy: {
            MERIDIAN_TRY(auto request, protocol::decode<protocol::Destroy>(packet.bytes));
            auto const init = inits_.find(request.fixed.sandbox);
            // Unknown: its init has ended before the request came.
            if (init != inits_.end()) kill_sandbox(sandboxes_.at(init->second));
            return {};
        }
        default:
            return fail(Errc::kCorrupt, "a message that is not for the jailer");
    }
}

template <typename T>
void Jailer::reply(T const& message, std::span<int const> descriptors,
                   std::span<std::string const> strings) {
    auto const bytes = protocol::encode(message, strings);
    auto const sent =
        bytes ? send_packet(peer_.get(), *bytes, descriptors) : std::unexpected(bytes.error());
    // False: meridiand has not read for the socket's send timeout. Its end comes as its own event.
    if (!sent || !*sent) complain("an answer was lost", sent ? Error{} : sent.error());
}

void Jailer::hello() {
    reply(protocol::HelloReply{.header = {}, .weaknesses = weaknesses(), .slots = host_.slots});
}

std::uint32_t Jailer::weaknesses() const {
    auto const controls = host_.cgroups.controls();
    // The numbers are enum Weakness's, which jailer_client.cc checks.
    std::uint32_t bits = 0;
    if (!controls.memory) bits |= weakness_bit(0);
    if (!controls.cpu) bits |= weakness_bit(1);
    // No weakness without a pids group: RLIMIT_NPROC counts per user namespace (Linux 5.14).
    if (!host_.has_loop_devices) bits |= weakness_bit(3);
    if (!host_.ids.has_slot(host_.slots - 1)) bits |= weakness_bit(4);
    if (host_.cgroups.freezer() == protocol::FreezerKind::kNone) bits |= weakness_bit(5);
    if (!host_.has_seccomp) bits |= weakness_bit(8);
    return bits;
}

void Jailer::create(Packet const& packet, protocol::Decoded<protocol::Create> const& request) {
    auto const refuse = [&](protocol::Refused::Reason reason, std::string text) {
        std::array<std::string, 1> const strings{std::move(text)};
        reply(
            protocol::Refused{
                .header = {}, .request = request.fixed.request, .reason = reason, .reserved = 0},
            {}, strings);
    };
    auto const& limits = request.fixed.limits;
    if (packet.descriptors.size() != request.fixed.mounts) {
        return refuse(protocol::Refused::kInvalid, "the descriptors do not fit the mounts");
    }
    if (limits.memory_bytes < kMemoryBytesMin || limits.processes == 0 || limits.cpu_milli == 0 ||
        limits.tmp_bytes < kTmpBytesMin || limits.tmp_bytes > kTmpBytesMax) {
        return refuse(protocol::Refused::kInvalid, "a limit is zero or out of range");
    }
    if (pool_.empty() && free_slots_.empty()) {
        return refuse(protocol::Refused::kNoSlot, "every sandbox slot is in use");
    }
    if (pool_.empty()) {
        auto const made = make_blank();
        if (!made) return refuse(protocol::Refused::kHost, made.error().message);
        pool_.push_back(*made);
    }
    pid_t const init = pool_.front();
    pool_.pop_front();
    auto& sandbox = sandboxes_.at(init);
    std::vector<io::UniqueFd> descriptors;
    auto const created = make_created(packet, request, sandbox, descriptors);
    if (!created) {
        kill_sandbox(sandbox);
        return refuse(protocol::Refused::kHost, created.error().message);
    }
    inits_.emplace(sandbox.id, init);
    std::vector<int> numbers;
    for (auto const& descriptor : descriptors) numbers.push_back(descriptor.get());
    reply(*created, numbers);
}

Result<protocol::Created> Jailer::make_created(Packet const& packet,
                                               protocol::Decoded<protocol::Create> const& request,
                                               Sandbox& sandbox,
                                               std::vector<io::UniqueFd>& descriptors) {
    auto const& fixed = request.fixed;
    MERIDIAN_CHECK(sandbox.cgroups.set_limits(fixed.limits));
    std::vector<io::UniqueFd> trees;
    for (auto const& directory : packet.descriptors) {
        MERIDIAN_TRY(auto tree, clone_mount(directory.get()));
        trees.push_back(std::move(tree));
    }
    std::vector<int> numbers;
    for (auto const& tree : trees) numbers.push_back(tree.get());
    if (host_.has_loop_devices) {
        MERIDIAN_TRY(sandbox.disk, take_disk(fixed.limits.tmp_bytes));
        if (host_.ids.has_slot(sandbox.slot)) {
            uid_t const owner = host_.ids.first + 2 * sandbox.slot;
            if (::fchown(sandbox.disk.root.get(), owner, owner) != 0)
                return system_error("chown /tmp");
        }
        numbers.push_back(sandbox.disk.mount.get());
    }
    std::vector<std::string> const strings(request.strings.begin(), request.strings.end());
    MERIDIAN_TRY(auto setup,
                 protocol::encode(protocol::Setup{.header = {},
                                                  .limits = fixed.limits,
                                                  .mounts = fixed.mounts,
                                                  .links = fixed.links,
                                                  .has_tmp = host_.has_loop_devices ? 1U : 0U,
                                                  .reserved = 0},
                                  strings));
    MERIDIAN_CHECK(send_packet(sandbox.control.get(), setup, numbers));
    // The init has its own; a second reference would outlive it.
    sandbox.disk.mount.reset();

    protocol::Created created{.header = {},
                              .request = fixed.request,
                              .sandbox = sandbox.id,
                              .descriptors = 0,
                              .freezer = host_.cgroups.freezer()};
    auto const give = [&](std::uint32_t which, io::UniqueFd descriptor) {
        if (!descriptor.valid()) return;
        created.descriptors |= which;
        descriptors.push_back(std::move(descriptor));
    };
    give(protocol::Created::kControl, std::move(sandbox.control));
    give(protocol::Created::kRuntimeApiListener, std::move(sandbox.runtime_api_listener));
    give(protocol::Created::kFreezer, sandbox.cgroups.open_freezer());
    give(protocol::Created::kMemoryPeak, sandbox.cgroups.open_memory_peak());
    give(protocol::Created::kMemoryEvents, sandbox.cgroups.open_memory_events());
    give(protocol::Created::kRegionApiListener, std::move(sandbox.region_api_listener));
    give(protocol::Created::kCpuQuota, sandbox.cgroups.open_cpu_quota());
    return created;
}

Result<TmpDisk> Jailer::take_disk(std::uint64_t bytes) {
    for (auto disk = spare_disks_.begin(); disk != spare_disks_.end(); ++disk) {
        if (disk->bytes != bytes) continue;
        TmpDisk taken = std::move(*disk);
        spare_disks_.erase(disk);
        return taken;
    }
    return disks_.make(bytes);
}

Result<pid_t> Jailer::make_blank() {
    MERIDIAN_TRY(auto network, make_network(home_.get()));
    Sandbox sandbox;
    sandbox.id = next_id_++;
    sandbox.slot = free_slots_.back();
    MERIDIAN_TRY(sandbox.cgroups, host_.cgroups.make(sandbox.slot));
    sandbox.runtime_api_listener = std::move(network.runtime_api_listener);
    sandbox.region_api_listener = std::move(network.region_api_listener);
    auto const init = clone_init(sandbox, network.name_space.get());
    if (!init) {
        std::ignore = sandbox.cgroups.remove();
        return init;
    }
    sandbox.init = *init;
    free_slots_.pop_back();
    auto& kept = sandboxes_.emplace(*init, std::move(sandbox)).first->second;
    auto prepared = kept.cgroups.attach(*init);
    if (prepared) prepared = map_ids(*init, host_.ids, kept.slot);
    if (prepared) prepared = send_prepare(kept.control.get());
    if (!prepared) {
        kill_sandbox(kept);
        return std::unexpected(prepared.error());
    }
    return *init;
}

Result<pid_t> Jailer::clone_init(Sandbox& sandbox, int network) const {
    std::array<int, 2> control{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control.data()) != 0) {
        return system_error("socketpair");
    }
    sandbox.control.reset(control[0]);
    io::UniqueFd const inner(control[1]);
    io::UniqueFd const null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.valid()) return system_error("open /dev/null");

    clone_args args{};
    args.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
    args.exit_signal = SIGCHLD;
    if (auto const group = sandbox.cgroups.version2_directory()) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<__u64>(*group);
    }
    // The child is born in the pooled network; its user namespace has no power over it.
    if (::setns(network, CLONE_NEWNET) != 0) return system_error("setns(network)");
    pid_t const init = clone3(args);
    if (init == 0) {
        run_init({.control = inner.get(),
                  .null = null.get(),
                  .has_own_uid = host_.ids.has_slot(sandbox.slot),
                  .filter = &host_.filter});
    }
    auto const error = init < 0 ? std::optional(system_error("clone3")) : std::nullopt;
    if (::setns(home_.get(), CLONE_NEWNET) != 0) std::abort();  // never stay in a sandbox's network
    if (error) return *error;
    return init;
}

bool Jailer::refill() {
    if (!peer_.valid() || std::chrono::steady_clock::now() < no_refill_before_) return false;
    Result<void> done;
    if (host_.has_loop_devices && spare_disks_.size() < host_.pool) {
        auto disk = disks_.make(kPooledTmpBytes);
        if (disk) {
            spare_disks_.push_back(std::move(*disk));
        } else {
            done = std::unexpected(disk.error());
        }
    } else if (pool_.size() < host_.pool && !free_slots_.empty()) {
        auto const made = make_blank();
        if (made) {
            pool_.push_back(*made);
        } else {
            done = std::unexpected(made.error());
        }
    } else {
        return false;
    }
    if (!done) {
        complain("the pool cannot be filled", done.error());
        no_refill_before_ = std::chrono::steady_clock::now() + kRefillPause;
    }
    return true;
}

void Jailer::kill_sandbox(Sandbox const& sandbox) const {
    sandbox.cgroups.thaw();
    // Its process id is ours until we reap it. With PID 1 the kernel kills the whole pid namespace.
    ::kill(sandbox.init, SIGKILL);
}

void Jailer::kill_all() {
    for (auto const& [init, sandbox] : sandboxes_) kill_sandbox(sandbox);
}

void Jailer::bury(Sandbox sandbox) {
    inits_.erase(sandbox.id);
    std::erase(pool_, sandbox.init);
    if (sandbox.disk.root.valid()) doomed_disks_.push_back(std::move(sandbox.disk));
    if (sandbox.cgroups.remove()) {
        free_slots_.push_back(sandbox.slot);
    } else {
        dying_.push_back(std::move(sandbox));
    }
}

void Jailer::retry_removals() {
    std::erase_if(dying_, [&](Sandbox& sandbox) {
        if (!sandbox.cgroups.remove()) return false;
        free_slots_.push_back(sandbox.slot);
        return true;
    });
}

void Jailer::discard(std::vector<TmpDisk> disks) {
    // Unmounting takes milliseconds each: in a child, whose references are then the last ones.
    if (disks.empty() || ::fork() != 0) return;
    for (auto& disk : disks) disk.discard();
    ::_exit(0);
}

}  // namespace meridian::sandbox::jailer
