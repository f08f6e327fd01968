#include "regions/store_change_source.h"

namespace meridian::regions {

io::Task<ChangePage> StoreChangeSource::read_after(store::Sequence after, std::size_t limit,
                                                   std::chrono::milliseconds wait) {
    auto const until = std::chrono::steady_clock::now() + wait;
    for (;;) {
        auto const seen = store_.growth(log_).generation();
        ChangePage page;
        MERIDIAN_CO_TRY(page.entries, co_await store_.read_log(log_, after, limit));
        MERIDIAN_CO_TRY(page.last_sequence, co_await store_.last_sequence(log_));
        auto const left = until - std::chrono::steady_clock::now();
        if (!page.entries.empty() || left <= left.zero()) co_return page;
        MERIDIAN_CO_CHECK(co_await store_.growth(log_).wait(seen, left));
    }
}

}  // namespace meridian::regions
