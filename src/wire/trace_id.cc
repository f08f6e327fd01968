#include "wire/trace_id.h"

#include <fmt/format.h>

namespace meridian::wire {

std::string make_trace_header(Random& random, WallTime now) {
    auto const seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", seconds,
                       make_token(random, kLowerHex, 24), make_token(random, kLowerHex, 16));
}

}  // namespace meridian::wire
