#pragma once
// Event-invoke configs: how asynchronous invocations of a qualifier are retried, how old they get,
// where their outcome goes. Held by ControlPlane; threads: its region's executor.
// Source: Developer Guide, "Asynchronous invocation"; texts as recorded.

#include <string>
#include <vector>

#include "control/aliases.h"
#include "control/function_directory.h"
#include "control/kept_settings.h"
#include "control/requests.h"

namespace meridian::control {

// Its settings hold MaximumRetryAttempts, MaximumEventAgeInSeconds and DestinationConfig, each if
// given.
struct EventInvokeConfig {
    model::Qualifier qualifier = {};  // empty: $LATEST
    KeptSettings config = {};
};

struct EventInvokeConfigPage {
    std::vector<EventInvokeConfig> configs = {};
    std::string next_marker = {};
};

class EventInvokeConfigs {
  public:
    EventInvokeConfigs(ResourceParts const& parts, Aliases const& aliases)
        : parts_(parts), aliases_(aliases), table_(parts.store) {}

    // Replaces the whole config.
    io::Task<EventInvokeConfig> put(Requester who, FunctionAndQualifier what,
                                    nlohmann::json settings);
    // Changes what `settings` names.
    io::Task<EventInvokeConfig> update(Requester who, FunctionAndQualifier what,
                                       nlohmann::json settings);
    io::Task<EventInvokeConfig> get(Requester who, FunctionAndQualifier what);
    io::Task<> remove(Requester who, FunctionAndQualifier what);
    io::Task<EventInvokeConfigPage> list(Requester who, model::FunctionName function,
                                         std::string marker, std::size_t max_items);

  private:
    using Table = RecordTable<KeptSettingsCodec<store::Kind::kEventInvokeConfig>>;

    io::Task<StoredFunction> load(Requester who, FunctionAndQualifier what);
    io::Task<Stored<KeptSettings>> load_config(Requester who, FunctionAndQualifier what);
    [[nodiscard]] Result<void> check(Requester const& who, FunctionAndQualifier const& what,
                                     nlohmann::json const& settings) const;
    // Whether this member of a DestinationConfig may be used; `what` is its function.
    [[nodiscard]] Result<void> check_destination(Requester const& who,
                                                 FunctionAndQualifier const& what,
                                                 nlohmann::json const& config,
                                                 char const* member) const;
    io::Task<EventInvokeConfig> try_put(Requester who, FunctionAndQualifier what,
                                        nlohmann::json settings);
    io::Task<EventInvokeConfig> try_update(Requester who, FunctionAndQualifier what,
                                           nlohmann::json settings);
    io::Task<> try_remove(Requester who, FunctionAndQualifier what);

    ResourceParts const parts_;
    Aliases const& aliases_;
    Table table_;
};

}  // namespace meridian::control
