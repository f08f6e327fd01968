#pragma once
// One region's part of an execution, from where it stands to where it waits: kReady, or over.
//
// Threads: the owner's executor. Everything by reference outlives run().

#include <functional>
#include <string>

#include "deploy/driver.h"

namespace meridian::deploy {

class RegionDriver {
  public:
    struct Parts {
        std::string region;
        RolloutRecord& rollout;
        DriverParts const& shared;
        PackageSource package;
        // Writes a step of the work into this region; what else the record says, with such a step
        // or none; or that into all.
        Journal step;
        std::function<io::Task<>(std::optional<WorkStep>)> save;
        std::function<io::Task<>()> save_all;
        std::function<Result<void>(RegionEvent)> move;
        std::function<Result<void>()> may_go_on;
        // Why this driver drives no more: whatever it was about to do is its successor's.
        std::function<std::optional<Error>()> lost;
        std::function<void(std::string_view)> tell;
    };
    explicit RegionDriver(Parts parts);

    // Errors: of the records; everything else becomes a phase.
    io::Task<> run();

  private:
    io::Task<> step();
    // The phases. Their error leads back.
    io::Task<> apply();
    io::Task<> run_before_hooks();
    io::Task<> shift();
    io::Task<> run_after_hooks();
    io::Task<> bake();
    io::Task<> clean();
    io::Task<std::vector<std::string>> roll_back();

    Result<void> prepare_shifts();
    io::Task<> run_hooks(std::string event);
    io::Task<> run_hook(std::string function, std::string event);
    io::Task<> invoke_hook(std::string id, std::string function);
    // What it makes of the work: nothing, until the alias is the new version's.
    io::Task<std::optional<WorkStep>> set_weights(AliasShift& shift);
    io::Task<> prove(AliasShift& shift);
    // What an alarm without data says: nothing yet, or that nobody knows of the new version's
    // health.
    enum class NoData { kIsEarly, kIsUnhealthy };
    // kResourceConflict, with its name, where an alarm is on.
    io::Task<> check_alarms(NoData no_data);
    io::Task<> check_alarm(nlohmann::json name, NoData no_data);
    // Pauses until then, watching alarms and signals. May end earlier.
    io::Task<> watch_until(WallTime until);
    io::Task<> traffic_back(std::vector<std::string>& problems);

    [[nodiscard]] RegionPart& part() { return parts_.rollout.regions.at(parts_.region); }
    [[nodiscard]] RegionApply applier();
    // Records that cannot be written end everything.
    io::Task<> saved(io::Task<> writing);

    Parts parts_;
    Workbench bench_;
    std::optional<Error> broken_;
};

}  // namespace meridian::deploy
