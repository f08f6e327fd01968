// Any two byte strings as a pack and its index: the first four bytes say where one ends. Damage is
// refused or what is read fits the pack; nothing else happens.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vault/pack_entries.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr std::size_t kLengthBytes = 4;
    if (size < kLengthBytes) return 0;
    std::string_view bytes(reinterpret_cast<char const*>(data), size);
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) length = length << 8 | data[i];
    bytes.remove_prefix(kLengthBytes);
    auto const pack = bytes.substr(0, length);
    auto const index = bytes.substr(pack.size());
    auto const entries = meridian::vault::read_pack_entries(pack, index);
    if (!entries) return 0;
    for (auto const& entry : *entries) {
        bool const inside = entry.bytes.data() >= pack.data() &&
                            entry.bytes.data() + entry.bytes.size() <= pack.data() + pack.size();
        if (!inside || entry.header_bytes > entry.bytes.size()) std::abort();
    }
    return 0;
}
