#pragma once
// Event source mappings: what they are and what they ask for. Nothing polls yet, and every answer
// says so. Held by ControlPlane; threads: its region's executor.
// Source: Developer Guide, "Event source mappings"; texts as recorded.
//
// A mapping is a unit of its own: it stays when its function is deleted (recorded).

#include <string>
#include <vector>

#include "control/aliases.h"
#include "control/event_source_kinds.h"
#include "control/function_directory.h"
#include "control/kept_settings.h"
#include "control/requests.h"

namespace meridian::control {

// Its settings: the API's members but FunctionName, with the defaults filled in, and `function`,
// `qualifier` (if one was given), `enabled`, `tags`.
struct EventSourceMapping {
    std::string uuid = {};
    KeptSettings config = {};
    std::optional<bool> was_enabled = {};  // before the update that this answers
};

struct ListMappingsRequest {
    std::string event_source_arn = {};
    std::string function = {};   // only of this function …
    std::string qualifier = {};  // … under this qualifier
    std::string marker = {};
    std::size_t max_items = 100;
};

struct MappingPage {
    std::vector<EventSourceMapping> mappings = {};
    std::string next_marker = {};
};

class EventSourceMappings {
  public:
    EventSourceMappings(ResourceParts const& parts, Aliases const& aliases)
        : parts_(parts), aliases_(aliases), table_(parts.store) {}

    io::Task<EventSourceMapping> create(Requester who, FunctionAndQualifier what, bool enabled,
                                        nlohmann::json settings, model::Tags tags);
    io::Task<EventSourceMapping> get(Requester who, std::string uuid);
    // `what`: the function from now on, if it changes.
    io::Task<EventSourceMapping> update(Requester who, std::string uuid,
                                        std::optional<FunctionAndQualifier> what,
                                        std::optional<bool> enabled, nlohmann::json settings);
    // What it was.
    io::Task<EventSourceMapping> remove(Requester who, std::string uuid);
    io::Task<MappingPage> list(Requester who, ListMappingsRequest request);
    // The tags after `add` and `remove`.
    io::Task<model::Tags> change_tags(Requester who, std::string uuid, model::Tags add,
                                      std::vector<std::string> remove);

  private:
    [[nodiscard]] Result<void> check_function(Requester const& who,
                                              FunctionAndQualifier const& what) const;
    io::Task<Stored<KeptSettings>> load(Requester who, std::string uuid);
    // kResourceConflict where another mapping has the same source and function.
    [[nodiscard]] std::string described(EventSourceKind const& kind, Requester const& who,
                                        nlohmann::json const& settings) const;
    io::Task<> check_unique(Requester who, std::string own_uuid, nlohmann::json settings);
    io::Task<EventSourceMapping> try_update(Requester who, std::string uuid,
                                            std::optional<FunctionAndQualifier> what,
                                            std::optional<bool> enabled, nlohmann::json settings);
    io::Task<EventSourceMapping> try_remove(Requester who, std::string uuid);
    io::Task<model::Tags> try_change_tags(Requester who, std::string uuid, model::Tags add,
                                          std::vector<std::string> remove);

    ResourceParts const parts_;
    Aliases const& aliases_;
    RecordTable<KeptSettingsCodec<store::Kind::kEventSourceMapping>> table_;
};

}  // namespace meridian::control
