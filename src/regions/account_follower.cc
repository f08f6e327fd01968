#include "regions/account_follower.h"

#include "io/sleep.h"

namespace meridian::regions {
namespace {

constexpr std::size_t kEntriesPerPull = 256;  // ours

}  // namespace

io::Task<std::vector<store::LogEntry>> StoreChangeSource::read_after(store::Sequence after,
                                                                     std::size_t limit) {
    return store_.read_log(log_, after, limit);
}

io::Task<> AccountFollower::catch_up() {
    for (;;) {
        MERIDIAN_CO_TRY(auto const last, co_await copy_.last_sequence(store::LogName::kAccount));
        MERIDIAN_CO_TRY(auto entries, co_await source_.read_after(last, kEntriesPerPull));
        if (entries.empty()) co_return Result<void>{};
        for (auto& entry : entries) {
            auto const applied = co_await copy_.apply(std::move(entry));
            // Another pull was faster; its entries are here: read again from where the copy stands
            // now.
            if (!applied && applied.error().code == Errc::kConflict) break;
            MERIDIAN_CO_CHECK(applied);
        }
    }
}

io::Task<> AccountFollower::run(std::chrono::milliseconds interval, Log& log) {
    for (;;) {
        if (auto const done = co_await catch_up(); !done) {
            log.write(LogLevel::kWarn, "cannot follow the account log",
                      {{"error", done.error().message}});
        }
        MERIDIAN_CO_CHECK(co_await io::sleep_for(interval));
    }
}

}  // namespace meridian::regions
