// Attacks the decoder of jailer messages with every message type.

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "base/assert.h"
#include "sandbox/jailer/protocol.h"

namespace {

using namespace meridian::sandbox::protocol;

// What decodes must hold its own promises, and encode to the same bytes again (its header is
// checked whole).
template <typename T>
void decode_one(std::span<std::byte const> message) {
    auto const decoded = decode<T>(message);
    if (!decoded) return;
    MERIDIAN_ASSERT(decoded->strings.size() == decoded->fixed.string_count());
    for (auto const string : decoded->strings) {
        MERIDIAN_ASSERT(string.data()[string.size()] == '\0');
        std::ignore = is_plain_absolute_path(string);
    }
    std::vector<std::string> const strings(decoded->strings.begin(), decoded->strings.end());
    auto const again = encode(decoded->fixed, strings);
    MERIDIAN_ASSERT(again.has_value() && again->size() == message.size());
    constexpr std::size_t kAfterHeader = sizeof(Header);
    MERIDIAN_ASSERT(std::memcmp(again->data() + kAfterHeader, message.data() + kAfterHeader,
                                message.size() - kAfterHeader) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::span<std::byte const> const message(reinterpret_cast<std::byte const*>(data), size);
    decode_one<Hello>(message);
    decode_one<HelloReply>(message);
    decode_one<Create>(message);
    decode_one<Created>(message);
    decode_one<Refused>(message);
    decode_one<Destroy>(message);
    decode_one<Prepare>(message);
    decode_one<Setup>(message);
    decode_one<Ready>(message);
    decode_one<SetupFailed>(message);
    decode_one<Start>(message);
    decode_one<Signal>(message);
    decode_one<Exited>(message);
    return 0;
}
