// A job's file: whatever is accepted is what would be written.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "crypto/system_random.h"
#include "vault/job.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace meridian;
    crypto::AeadKey const key{};
    auto const job =
        vault::parse_job(std::string_view(reinterpret_cast<char const*>(data), size), key);
    if (!job) return 0;
    crypto::SystemRandom random;
    auto const again = vault::parse_job(vault::format_job(*job, key, random), key);
    MERIDIAN_ASSERT(again && *again == *job);
    return 0;
}
