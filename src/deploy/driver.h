#pragma once
// Carries an execution out: does what rollout.h says is next, in each region of a wave side by
// side, and writes down what was done before it goes on. It may be killed at any moment; another
// one, on any machine, goes on from the records.
//
// Threads: the owner's executor. Everything by reference outlives run().

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "deploy/alarm_source.h"
#include "deploy/rollout_store.h"

namespace meridian::deploy {

// What people see of it.
struct Progress {
    std::string region;  // empty: the whole
    std::string text;
    // Of everything, from 0 to 1.
    double done = 0;
    // Until the end, as far as it is known: shifts and bakes. Others take what they take.
    std::chrono::seconds remaining{0};
};

struct DriverParts {
    std::map<std::string, AwsApi*> apis;  // by region
    RolloutStore& store;
    AlarmSource* alarms = nullptr;  // null: there are none
    Clock const& clock;
    Random& random;
    Log& log;
    Pause pause;
    std::function<void(Progress const&)> tell;
    std::string account;
};

// How long a hook may take to answer: CodeDeploy's hour.
inline constexpr std::chrono::hours kHookLongest{1};

class Driver {
  public:
    // Packages that are at hand; what is not among them is asked of the regions.
    Driver(DriverParts parts, RolloutRecord rollout, std::map<std::string, std::string> packages);

    // Until it is over. Errors: kResourceConflict (somebody else drives now), and whatever keeps
    // the records from being written; the execution can be resumed then.
    io::Task<RolloutOutcome> run();
    // Regions that were given up are tried again.
    void try_again();

    [[nodiscard]] RolloutRecord const& rollout() const noexcept { return rollout_; }

  private:
    io::Task<> run_side_by_side(std::vector<std::string> regions);
    io::Task<> keep_lease(std::shared_ptr<bool> stop);
    io::Task<> work_in(std::string region);

    // Moves a region on; kInternal for an event that its phase does not know.
    Result<void> move(std::string const& region, RegionEvent event);
    // A reason to stop going forward in `region`.
    [[nodiscard]] Result<void> may_go_on(std::string const& region) const;
    [[nodiscard]] RolloutPolicy policy() const;
    void tell(std::string const& region, std::string_view text) const;
    io::Task<std::string> package(std::string sha256);

    DriverParts parts_;
    RolloutRecord rollout_;
    std::map<std::string, std::string> packages_;
    // Why nothing goes on: another driver, or records that cannot be written.
    std::optional<Error> lost_;
};

// A new id, in CodeDeploy's form.
[[nodiscard]] std::string make_rollout_id(Random& random);

// How far an execution is, for a progress line.
[[nodiscard]] double share_done(RolloutRecord const& rollout);
[[nodiscard]] std::chrono::seconds time_left(RolloutRecord const& rollout, WallTime now);

}  // namespace meridian::deploy
