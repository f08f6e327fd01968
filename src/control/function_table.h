#pragma once
// Functions and versions as they stand in a region's store, read as typed values. Owned by
// ControlPlane; same threads as the Store. Writes are whole Transactions that the actions build
// from function_records.h.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/log.h"
#include "control/function_records.h"
#include "io/task.h"
#include "store/store.h"

namespace meridian::control {

struct StoredFunction {
    model::Function function;
    VersionStatus latest;
    store::Sequence sequence = 0;
};

struct StoredVersion {
    model::AccountId account;
    model::FunctionName name;
    std::uint64_t number = 0;
    model::FunctionVersion version;
    VersionStatus status;
    store::Sequence sequence = 0;
};

class FunctionTable {
  public:
    explicit FunctionTable(store::Store& store) : store_(store) {}

    io::Task<std::optional<StoredFunction>> get(model::AccountId account, model::FunctionName name);
    io::Task<std::optional<StoredVersion>> get_version(model::AccountId account,
                                                       model::FunctionName name,
                                                       std::uint64_t number);
    // Functions by name, those after `after_name`.
    io::Task<std::vector<StoredFunction>> page(model::AccountId account, std::string after_name,
                                               std::size_t limit);
    // Published versions by number, those above `after`.
    io::Task<std::vector<StoredVersion>> versions(model::AccountId account,
                                                  model::FunctionName name, std::uint64_t after,
                                                  std::size_t limit);
    // Every published version.
    io::Task<std::vector<StoredVersion>> all_versions(model::AccountId account,
                                                      model::FunctionName name);

    // The highest number that a deleted function of this name ever published; nothing if there was
    // no such function.
    io::Task<std::optional<std::uint64_t>> last_version_of_deleted(model::AccountId account,
                                                                   model::FunctionName name);

    // Everything in the region, for loading at start. A record that cannot be read is logged and
    // left out: the others must not wait for it.
    io::Task<std::vector<StoredFunction>> every_function(Log& log);
    io::Task<std::vector<StoredVersion>> every_version(Log& log);

  private:
    store::Store& store_;
};

}  // namespace meridian::control
