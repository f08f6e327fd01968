// Any bytes as the head of a CONNECT: never a crash; a host that is taken is one that is its own
// authority again.
#include <fmt/format.h>

#include "base/assert.h"
#include "io/connect_request.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const head(reinterpret_cast<char const*>(data), size);
    auto const target = meridian::io::parse_connect(head);
    if (!target) return 0;
    MERIDIAN_ASSERT(!target->host.empty() && target->port != 0);
    bool const address = target->host.contains(':');
    auto const again =
        meridian::io::parse_authority(address ? fmt::format("[{}]:{}", target->host, target->port)
                                              : fmt::format("{}:{}", target->host, target->port));
    MERIDIAN_ASSERT(again && *again == *target);
    return 0;
}
