#pragma once
// What else is set on a function without being versioned: runtime management and recursion control.
// Held by ControlPlane; threads: its region's executor. Source: Developer Guide, "Runtime version
// updates" and "Recursive loop detection".

#include <string>

#include "control/function_directory.h"
#include "control/kept_settings.h"
#include "control/requests.h"

namespace meridian::control {

class FunctionOptions {
  public:
    explicit FunctionOptions(ResourceParts const& parts)
        : parts_(parts), runtime_management_(parts.store), recursion_(parts.store) {}

    // UpdateRuntimeOn and, for Manual, RuntimeVersionArn. {"UpdateRuntimeOn":"Auto"} where nothing
    // was put.
    io::Task<nlohmann::json> get_runtime_management(Requester who, FunctionAndQualifier what);
    io::Task<> put_runtime_management(Requester who, FunctionAndQualifier what,
                                      nlohmann::json settings);

    // "Allow" or "Terminate", which is also what holds where nothing was put.
    io::Task<std::string> get_recursive_loop(Requester who, model::FunctionName function);
    io::Task<> put_recursive_loop(Requester who, model::FunctionName function, std::string value);

  private:
    // The function, if it has the version that `what` names.
    io::Task<StoredFunction> load(Requester who, FunctionAndQualifier what);
    template <typename Table>
    io::Task<> put(Table& table, Requester who, FunctionAndQualifier what, nlohmann::json settings);
    template <typename Table>
    io::Task<> try_put(Table& table, Requester who, FunctionAndQualifier what,
                       nlohmann::json settings);

    ResourceParts const parts_;
    RecordTable<KeptSettingsCodec<store::Kind::kRuntimeManagement>> runtime_management_;
    RecordTable<KeptSettingsCodec<store::Kind::kRecursionConfig>> recursion_;
};

}  // namespace meridian::control
