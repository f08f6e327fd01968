#pragma once
// A lifecycle as a table: rows of (state, event) -> state. What has no row is refused.

#include <array>
#include <cstddef>
#include <optional>

namespace meridian {

template <typename State, typename Event>
struct Transition {
    State from;
    Event on;
    State to;
};

// The state that `event` leads to from `state`, or nothing where the table has no such row.
template <typename State, typename Event, std::size_t N>
[[nodiscard]] constexpr std::optional<State> next_state(
    std::array<Transition<State, Event>, N> const& table, State state, Event event) {
    for (auto const& row : table) {
        if (row.from == state && row.on == event) return row.to;
    }
    return std::nullopt;
}

// Whether no (state, event) pair has two rows. For static_assert beside each table.
template <typename State, typename Event, std::size_t N>
[[nodiscard]] constexpr bool is_deterministic(
    std::array<Transition<State, Event>, N> const& table) {
    for (std::size_t i = 0; i < N; ++i) {
        for (std::size_t j = i + 1; j < N; ++j) {
            if (table[i].from == table[j].from && table[i].on == table[j].on) return false;
        }
    }
    return true;
}

}  // namespace meridian
