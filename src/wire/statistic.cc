#include "wire/statistic.h"

#include <algorithm>

namespace meridian::wire {

std::optional<double> parse_percentile(std::string_view statistic) {
    constexpr std::size_t kDecimalsMax = 2;
    if (!statistic.starts_with('p') && !statistic.starts_with('P')) return std::nullopt;
    statistic.remove_prefix(1);
    auto const point = std::min(statistic.find('.'), statistic.size());
    auto const whole = statistic.substr(0, point);
    auto const decimals =
        point == statistic.size() ? std::string_view() : statistic.substr(point + 1);
    constexpr std::string_view kDigits = "0123456789";
    bool const good = !whole.empty() && whole.size() <= 3 && !statistic.ends_with('.') &&
                      decimals.size() <= kDecimalsMax &&
                      whole.find_first_not_of(kDigits) == whole.npos &&
                      decimals.find_first_not_of(kDigits) == decimals.npos;
    if (!good) return std::nullopt;
    double value = 0, unit = 1;
    for (auto const digit : whole) value = value * 10 + (digit - '0');
    for (auto const digit : decimals) value += (digit - '0') * (unit /= 10);
    return value <= 100 ? std::optional(value) : std::nullopt;
}

}  // namespace meridian::wire
