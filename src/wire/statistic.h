#pragma once
// The names of CloudWatch's statistics. Pure; any thread.

#include <optional>
#include <string_view>

namespace meridian::wire {

// "p99.9" is 99.9: from 0 to 100 with at most two decimals, as CloudWatch has them. Nothing for
// what is no percentile; trimmed means and the like (tm90, PR(:300)) are none.
[[nodiscard]] std::optional<double> parse_percentile(std::string_view statistic);

}  // namespace meridian::wire
