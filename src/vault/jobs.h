#pragma once
// The jobs of one region: a file each, DIR/ID.json, written when it begins and when it is over. How
// far it is stands in memory alone. Those that a stop or a crash interrupted are begun again.
//
// Threads: its region's executor; files are read and written in the blocking pool.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "io/blocking_pool.h"
#include "io/task_scope.h"
#include "regions/growth_signal.h"
#include "vault/job.h"
#include "vault/progress.h"

namespace meridian::vault {

inline constexpr std::size_t kJobsRunningMax = 16;
// A job that was interrupted so often may be what ends the process each time.
inline constexpr std::uint32_t kJobStartsMax = 10;
// Of those that are over, the newest.
inline constexpr std::size_t kJobsKept = 100;

class Jobs {
  public:
    struct Parts {
        std::filesystem::path directory;
        asio::any_io_executor executor;
        io::BlockingPool& pool;
        crypto::AeadKey key;  // requests on disk are sealed with it
        Clock const& clock;
        Random& random;
        Log& log;
    };
    // Does a job: its result.
    using Run = std::function<io::Task<nlohmann::json>(Job, std::shared_ptr<Progress>)>;

    // Makes the directory where there is none, and reads what is there; a file that cannot be read
    // is logged and left alone. Blocks. kIo.
    static Result<std::unique_ptr<Jobs>> open(Parts parts);

    // From now on jobs run, first those that were interrupted.
    void begin(Run run);
    // Interrupts what runs, at its next safe step. A job that is over stays so.
    asio::awaitable<void> stop();

    // What a caller asks for. It is durable when this completes, and runs. kTooManyRequests, kIo.
    struct Wish {
        JobKind kind = JobKind::kRestore;
        model::AccountId account;
        std::string by;
        nlohmann::json request;
    };
    io::Task<Job> start(Wish wish);

    // It stops at its next safe step and is never begun again, which is durable when this
    // completes; wait() tells when it has. What it has done stays done. A second one changes
    // nothing. kResourceNotFound, kResourceConflict (it is over), kIo.
    struct Cancel {
        model::AccountId account;
        std::string id;
        std::string by;  // ARN
    };
    io::Task<Job> cancel(Cancel wish);

    struct Shown {
        Job job;
        Progress::Now progress = {};
    };
    // kResourceNotFound, also for another account's.
    [[nodiscard]] Result<Shown> find(model::AccountId const& account, std::string const& id) const;
    // The same, when it is over, or after a while.
    io::Task<Shown> wait(model::AccountId account, std::string id,
                         std::chrono::steady_clock::duration at_most);
    // The oldest first.
    [[nodiscard]] std::vector<Shown> list(model::AccountId const& account) const;

  private:
    struct Entry {
        Job job;
        std::shared_ptr<Progress> progress;
        regions::GrowthSignal over;
        bool ending = false;  // its last state is being written
        bool saving = false;
        regions::GrowthSignal saved;
    };
    explicit Jobs(Parts parts);
    void spawn(std::shared_ptr<Entry> entry);
    io::Task<> run(std::shared_ptr<Entry> entry);
    io::Task<nlohmann::json> result_of(Entry& entry);
    // What is written later is what stays.
    io::Task<> save(Entry& entry, Job job);
    io::Task<> forget_old();
    [[nodiscard]] std::string free_id() const;

    Parts const parts_;
    Run run_;
    std::map<std::string, std::shared_ptr<Entry>> entries_;
    io::TaskScope running_;
};

}  // namespace meridian::vault
