#pragma once
// A resource that the control plane keeps as the API has it: the members of the request that made
// it, and when. Pure; any thread.
//
// The record: {"format":1, "settings":{…}, "created_us":T, "last_modified_us":T}.

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "control/record_table.h"
#include "store/record_format.h"

namespace meridian::control {

struct KeptSettings {
    nlohmann::json settings = nlohmann::json::object();  // members as in the API model
    WallTime created{};
    WallTime last_modified{};
};

template <store::Kind kind>
struct KeptSettingsCodec {
    using Value = KeptSettings;
    static constexpr store::Kind kKind = kind;
    static constexpr int kFormat = 1;

    [[nodiscard]] static nlohmann::json to_json(Value const& value) {
        return {{"format", kFormat},
                {"settings", value.settings},
                {"created_us", value.created.time_since_epoch().count()},
                {"last_modified_us", value.last_modified.time_since_epoch().count()}};
    }
    [[nodiscard]] static Result<Value> from_record(store::Key const& key,
                                                   nlohmann::json const& value) {
        MERIDIAN_CHECK(store::check_format(key, value, kFormat));
        return store::guarded(key, [&] {
            auto const time = [&](char const* member) {
                return WallTime{std::chrono::microseconds{value.at(member).get<std::int64_t>()}};
            };
            return KeptSettings{value.at("settings"), time("created_us"), time("last_modified_us")};
        });
    }
};

}  // namespace meridian::control
