#include "bin/memory_return.h"

#ifdef MERIDIAN_TCMALLOC
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include <gperftools/malloc_extension_c.h>
#endif

namespace meridian::bin {

#ifdef MERIDIAN_TCMALLOC
namespace {

constexpr std::chrono::seconds kEvery{5};
// Not worth a word with the kernel: the next requests take it.
constexpr std::size_t kKeptBytes = std::size_t{8} << 20U;
// Whoever wants pages waits for a piece at most.
constexpr std::size_t kPieceBytes = std::size_t{2} << 20U;

std::size_t unused_bytes() {
    std::size_t bytes = 0;
    (void)::MallocExtension_GetNumericProperty("tcmalloc.pageheap_free_bytes", &bytes);
    return bytes;
}

void give_back() {
    auto const unused = unused_bytes();
    // A step that gives more than it was asked, because a span is larger, counts for the next ones.
    for (auto left = kKeptBytes; left < unused; left += kPieceBytes)
        ::MallocExtension_ReleaseToSystem(kPieceBytes);
}

void run(std::stop_token const& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    for (;;) {
        wake.wait_for(lock, stop, kEvery, [] { return false; });
        if (stop.stop_requested()) return;
        give_back();
    }
}

}  // namespace

MemoryReturn::MemoryReturn() : thread_([](std::stop_token const& stop) { run(stop); }) {}
#else
MemoryReturn::MemoryReturn() = default;
#endif

}  // namespace meridian::bin
