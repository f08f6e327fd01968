#pragma once
// Aliases as the Store's JSON values. Pure; any thread.
//
//   alias  {"format":1, "name":…, "version":N (0 is $LATEST), "description":…, "revision":…,
//           "additional":{"version":N, "weight":W} or absent}

#include "control/record_table.h"
#include "model/alias.h"

namespace meridian::control {

struct AliasCodec {
    using Value = model::Alias;
    static constexpr store::Kind kKind = store::Kind::kAlias;
    [[nodiscard]] static nlohmann::json to_json(model::Alias const& alias);
    [[nodiscard]] static Result<model::Alias> from_record(store::Key const& key,
                                                          nlohmann::json const& value);
};

}  // namespace meridian::control
