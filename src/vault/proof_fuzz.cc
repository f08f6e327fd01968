// Proofs of a vault that came from anywhere: each is refused, or is read as the same again, and the
// next one can be counted on it.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "vault/proof.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    auto const input = nlohmann::json::parse(
        std::string_view(reinterpret_cast<char const*>(data), size), nullptr, false);
    auto const proof = vault::parse_proof(input);
    if (!proof) {
        MERIDIAN_ASSERT(proof.error().code == Errc::kCorrupt);
        return 0;
    }
    auto const text = vault::to_json(*proof);
    auto const again = vault::parse_proof(text);
    MERIDIAN_ASSERT(again && vault::to_json(*again) == text);
    auto next = *proof;
    next.part = proof->part.next();
    vault::count_coverage(next, &*proof);
    MERIDIAN_ASSERT(next.part.part >= 1 && next.part.part <= next.part.parts);
    MERIDIAN_ASSERT(next.parts_covered <= vault::kVerifyPartsMax);
    return 0;
}
