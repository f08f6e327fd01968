#pragma once
// A rollout's records in the regions of its deploy, through Meridian's own API (api/
// rollout_actions.h). A region that cannot be reached is left out and remembered; the others'
// copies suffice.
//
// Threads: the owner's executor. The AwsApis outlive it.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deploy/aws_api.h"
#include "deploy/rollout_record.h"
#include "io/one_shot.h"

namespace meridian::deploy {

inline constexpr std::uint64_t kLeaseSeconds = 30;
inline constexpr std::chrono::seconds kLeaseRenewal{5};

// What a region's record says beside the driver's own.
struct RolloutSignals {
    bool abort = false;
    std::map<std::string, std::string> hooks = {};  // execution id → status
};

class RolloutStore {
  public:
    // By region.
    using Apis = std::map<std::string, AwsApi*>;
    RolloutStore(Apis apis, std::string holder)
        : apis_(std::move(apis)), holder_(std::move(holder)) {}

    // Nothing: the region has no such stack. kResourceConflict where an execution is under way,
    // unless `even_if_active`.
    io::Task<std::optional<StackRecord>> stack(std::string region, std::string name,
                                               bool even_if_active = false);

    // Writes a new rollout into every region; all of them must take it. What was written is taken
    // back as far as possible when one refuses.
    io::Task<> create(RolloutRecord const& rollout);
    // Takes the lease in every region that answers, and returns what they hold, merged. At least
    // one must.
    io::Task<RolloutRecord> take(std::string id);

    // Writes what was done in `region` there, which must take it: a step that is part of the record
    // already. Steps of one region may be written side by side.
    io::Task<> save_step(RolloutRecord& rollout, std::string region, WorkStep step);
    // Writes the record into `region`, which must take it, with such a step or none.
    io::Task<> save(RolloutRecord& rollout, std::string region, std::optional<WorkStep> step = {});
    // The same for all, each with its stack as it is now, and with the end of the execution where
    // `outcome` says so. Regions that do not answer are left out.
    io::Task<> save_all(RolloutRecord& rollout, std::optional<RolloutOutcome> outcome = {});
    // Keeps the lease in all regions; signals of those that answer are taken note of. Errors:
    // kResourceConflict when somebody else drives now, kUnavailable when no region answers.
    io::Task<> renew(std::string id);

    io::Task<> put_package(std::string id, std::string sha256, std::string bytes);
    // From any region that has it.
    io::Task<std::string> get_package(std::string id, std::string sha256);

    [[nodiscard]] RolloutSignals const& signals() const noexcept { return signals_; }
    [[nodiscard]] std::map<std::string, std::string> const& unreachable() const noexcept {
        return unreachable_;
    }

  private:
    io::Task<nlohmann::json> ask(std::string region, std::string method, std::string path,
                                 nlohmann::json body = nullptr);
    io::Task<> open(RolloutRecord const& rollout, std::string region);
    // In turn, in each region.
    io::Task<> write(RolloutRecord& rollout, std::string region, std::string state);
    io::Task<> write_now(RolloutRecord& rollout, std::string region, std::string state);
    io::Task<> write_noting(RolloutRecord& rollout, std::string region, std::string state,
                            Result<void>& written);
    // Of the region, with what is not written yet: {"NUMBER": {…}}.
    nlohmann::json take_unwritten(std::string const& region);
    void add_step(RolloutRecord& rollout, std::string const& region, WorkStep const& step);
    // That these have to be written still.
    void put_back(std::string const& region, nlohmann::json const& steps);
    io::Task<> renew_in(std::string region, std::string id, std::optional<Error>& unanswered);
    io::Task<> put_package_in(std::string region, std::string path, std::string const& bytes);
    void note(nlohmann::json const& answer);

    Apis const apis_;
    std::string const holder_;
    std::map<std::string, std::uint64_t> epochs_;  // by region
    std::set<std::string> over_;  // regions where it has ended already: nothing is written there
    // By region, {"NUMBER": {…}}. What could not be written is written with what comes next.
    std::map<std::string, nlohmann::json> unwritten_;
    // By region, set when its last write of the whole record has ended: one at a time, or they
    // would be in one another's way.
    std::map<std::string, std::shared_ptr<io::OneShot<bool>>> last_writes_;
    // Regions whose stack differs from what was written last.
    std::set<std::string> changed_stacks_;
    RolloutSignals signals_;
    std::map<std::string, std::string> unreachable_;  // why, by region
};

}  // namespace meridian::deploy
