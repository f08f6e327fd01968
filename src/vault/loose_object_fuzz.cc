// Loose objects from anywhere: what is accepted has the size that it says.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "vault/loose_object.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    auto const object =
        vault::parse_loose_object(std::string_view(reinterpret_cast<char const*>(data), size));
    if (!object) return 0;
    MERIDIAN_ASSERT(object->bytes.size() <= vault::kLooseObjectBytesMax);
    MERIDIAN_ASSERT(!vault::name_of(object->type).empty());
    return 0;
}
