#pragma once
// The jailer's one loop: takes meridiand's requests, makes and destroys sandboxes, keeps a few
// ready while it has nothing else to do, and ends when meridiand does. It never looks at what runs
// inside.
//
// One process, one thread.

#include <chrono>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "io/unique_fd.h"
#include "sandbox/jailer/cgroups.h"
#include "sandbox/jailer/channel.h"
#include "sandbox/jailer/identity.h"
#include "sandbox/jailer/network.h"
#include "sandbox/jailer/protocol.h"
#include "sandbox/jailer/seccomp_filter.h"
#include "sandbox/jailer/tmp_disk.h"

namespace meridian::sandbox::jailer {

// What the host gives, found out once at the start.
struct Host {
    IdRange ids;
    Cgroups cgroups;
    SeccompFilter filter;
    bool has_seccomp = false;
    bool has_loop_devices = false;
    std::string scratch;
    std::uint32_t pool = 0;
    std::uint32_t slots = 0;
};

class Jailer {
  public:
    // `signals`: a signalfd for SIGCHLD, SIGTERM, SIGINT and SIGHUP, which are blocked. `home`: the
    // jailer's own, empty network namespace.
    Jailer(Host host, io::UniqueFd peer, pid_t meridiand, io::UniqueFd signals, io::UniqueFd home);

    // Until meridiand has ended and every sandbox is gone. Returns the exit status to pass on.
    [[nodiscard]] int run();

  private:
    struct Sandbox {
        std::uint64_t id = 0;
        std::uint32_t slot = 0;
        pid_t init = -1;
        CgroupSet cgroups;
        TmpDisk disk;
        // Held while in the pool, then given to meridiand.
        io::UniqueFd control;
        io::UniqueFd runtime_api_listener;
        io::UniqueFd region_api_listener;
    };

    void on_signals();
    void on_children();
    void on_peer();
    [[nodiscard]] Result<void> serve(Packet const& packet);
    void hello();
    void create(Packet const& packet, protocol::Decoded<protocol::Create> const& request);
    [[nodiscard]] Result<protocol::Created> make_created(
        Packet const& packet, protocol::Decoded<protocol::Create> const& request, Sandbox& sandbox,
        std::vector<io::UniqueFd>& descriptors);
    template <typename T>
    void reply(T const& message, std::span<int const> descriptors = {},
               std::span<std::string const> strings = {});

    // A process in its namespaces and groups that waits for its setup. Also in sandboxes_.
    [[nodiscard]] Result<pid_t> make_blank();
    [[nodiscard]] Result<pid_t> clone_init(Sandbox& sandbox, int network) const;
    [[nodiscard]] Result<TmpDisk> take_disk(std::uint64_t bytes);
    // One sandbox or disk more for the pool; false when it is full.
    [[nodiscard]] bool refill();

    void kill_sandbox(Sandbox const& sandbox) const;
    void kill_all();
    // After its init has been reaped.
    void bury(Sandbox sandbox);
    static void discard(std::vector<TmpDisk> disks);
    void retry_removals();

    [[nodiscard]] std::uint32_t weaknesses() const;
    [[nodiscard]] int wait_ms() const;

    Host host_;
    TmpDisks disks_;
    io::UniqueFd peer_;  // invalid once meridiand has closed its end
    pid_t meridiand_;
    io::UniqueFd signals_;
    io::UniqueFd home_;

    int status_ = -1;  // meridiand's, as waitpid has it, once it has ended
    bool meridiand_ended_ = false;
    std::uint64_t next_id_ = 1;
    std::vector<std::uint32_t> free_slots_;
    std::unordered_map<pid_t, Sandbox> sandboxes_;    // by the init's process id
    std::unordered_map<std::uint64_t, pid_t> inits_;  // by the sandbox's id, once created
    std::deque<pid_t> pool_;
    std::vector<TmpDisk> spare_disks_;
    std::vector<TmpDisk> doomed_disks_;  // of sandboxes buried since the last discard()
    std::vector<Sandbox> dying_;         // their groups could not be removed yet
    std::chrono::steady_clock::time_point no_refill_before_{};
};

}  // namespace meridian::sandbox::jailer
