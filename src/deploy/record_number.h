#pragma once
// Whole numbers of records. Throws as the JSON library does for everything else that is wrong with
// a record; its readers make kCorrupt of that. Pure; any thread.

#include <cstdint>

#include <nlohmann/json.hpp>

namespace meridian::deploy {

// That a record says what no record of ours does.
inline void require_record(bool holds, char const* otherwise) {
    if (!holds) throw nlohmann::json::out_of_range::create(401, otherwise, nullptr);
}

// The member, from 0 to `max`.
inline std::uint64_t record_number(nlohmann::json const& text, char const* member,
                                   std::uint64_t max) {
    auto const& value = text.at(member);
    // A float would be cast, whatever it is.
    bool const whole =
        value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
    require_record(whole && value.get<std::uint64_t>() <= max, member);
    return value.get<std::uint64_t>();
}

// The same; 0 where there is none.
inline std::uint64_t optional_record_number(nlohmann::json const& text, char const* member,
                                            std::uint64_t max) {
    return text.contains(member) ? record_number(text, member, max) : 0;
}

}  // namespace meridian::deploy
