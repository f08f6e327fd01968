#pragma once
// What every record has: a format number, and one way to say that it cannot be
// read. Pure; any thread.

#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "store/store.h"

namespace meridian::store {

// kCorrupt, naming the record.
[[nodiscard]] std::unexpected<Error> corrupt(Key const& key, std::string_view what);

// Whether this version reads the record: formats 1 to `newest`. One from the future is kCorrupt
// with what to do.
[[nodiscard]] Result<void> check_format(Key const& key, nlohmann::json const& value, int newest);

// Runs `read`, which uses the JSON library's throwing accessors, and turns what it throws into
// kCorrupt.
template <typename Read>
auto guarded(Key const& key, Read read) -> Result<decltype(read())> {
    try {
        return read();
    } catch (nlohmann::json::exception const& exception) {
        return corrupt(key, exception.what());
    }
}

}  // namespace meridian::store
