#pragma once
// std::ranges::contains, which libstdc++ 12 lacks.

#include <algorithm>
#include <iterator>

namespace meridian {

template <typename Range, typename Value>
[[nodiscard]] constexpr bool contains(Range const& range, Value const& value) {
    return std::ranges::find(range, value) != std::ranges::end(range);
}

}  // namespace meridian
