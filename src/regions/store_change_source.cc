#include "regions/store_change_source.h"

namespace meridian::regions {

io::Task<ChangePage> StoreChangeSource::read_after(store::Sequence after, std::size_t limit,
                                                   std::chrono::milliseconds wait) {
    auto const seen = store_.growth(log_).generation();
    MERIDIAN_CO_TRY(auto page, co_await read(after, limit));
    if (!page.entries.empty() || wait <= wait.zero()) co_return page;
    MERIDIAN_CO_CHECK(co_await store_.growth(log_).wait_for(seen, wait));
    co_return co_await read(after, limit);
}

io::Task<ChangePage> StoreChangeSource::read(store::Sequence after, std::size_t limit) {
    ChangePage page;
    MERIDIAN_CO_TRY(page.entries, co_await store_.read_log(log_, after, limit));
    MERIDIAN_CO_TRY(page.last_sequence, co_await store_.last_sequence(log_));
    co_return page;
}

}  // namespace meridian::regions
