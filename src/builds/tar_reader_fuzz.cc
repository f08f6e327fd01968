// Any bytes as a build's artifacts: never a crash; what is taken lies within them, and what becomes
// a package is one.
#include "base/assert.h"
#include "builds/artifacts.h"
#include "builds/tar_reader.h"
#include "store/zip_archive.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    constexpr std::size_t kEntriesMax = 1'000;
    if (auto const entries = meridian::builds::read_tar(bytes, kEntriesMax)) {
        MERIDIAN_ASSERT(entries->size() <= kEntriesMax);
        for (auto const& entry : *entries) {
            if (entry.bytes.empty()) continue;
            MERIDIAN_ASSERT(entry.bytes.data() >= bytes.data());
            MERIDIAN_ASSERT(entry.bytes.data() + entry.bytes.size() <= bytes.data() + size);
        }
    }
    if (auto const zip = meridian::builds::package_artifacts(bytes))
        MERIDIAN_ASSERT(meridian::store::check_zip(*zip).has_value());
    return 0;
}
