#pragma once
// Test events of a function: an input with a name and, once it was recorded, the answer that the
// function gave. Verifying a backup invokes with them (vault/). They hang under the function, stand
// in the vault beside it and go with it. The word is AWS's ("shareable test events" of the
// console), the operation ours. Held by ControlPlane; threads: its region's executor.

#include <optional>
#include <string>
#include <vector>

#include "control/function_directory.h"
#include "control/record_table.h"
#include "control/requests.h"

namespace meridian::control {

struct TestEvent {
    std::string name;
    nlohmann::json event;
    std::optional<nlohmann::json> answer = {};
};

struct TestEventCodec {
    using Value = TestEvent;
    static constexpr store::Kind kKind = store::Kind::kTestEvent;
    static nlohmann::json to_json(TestEvent const& value);
    static Result<TestEvent> from_record(store::Key const& key, nlohmann::json const& value);
};

inline constexpr std::size_t kTestEventBytesMax = 256 * 1024;  // ours; event and answer together
inline constexpr std::size_t kTestEventsMax = 100;             // ours; of one function

class TestEvents {
  public:
    explicit TestEvents(ResourceParts const& parts) : parts_(parts), table_(parts.store) {}

    // Errors: kResourceNotFound (the function), kInvalidParameterValue (no such name can be, too
    // large, too many).
    io::Task<> put(Requester who, model::FunctionName function, TestEvent event);
    // kResourceNotFound.
    io::Task<TestEvent> get(Requester who, model::FunctionName function, std::string name);
    io::Task<std::vector<TestEvent>> list(Requester who, model::FunctionName function);
    io::Task<> remove(Requester who, model::FunctionName function, std::string name);

  private:
    io::Task<StoredFunction> load(Requester who, model::FunctionName function);
    io::Task<> try_put(Requester who, model::FunctionName function, TestEvent event);
    io::Task<> try_remove(Requester who, model::FunctionName function, std::string name);

    ResourceParts const parts_;
    RecordTable<TestEventCodec> table_;
};

}  // namespace meridian::control
