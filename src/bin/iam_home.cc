#include "bin/iam_home.h"

namespace meridian::bin {

io::Task<> IamHome::write(store::Transaction transaction) {
    MERIDIAN_CO_CHECK(co_await store_.commit(std::move(transaction)));
    co_return co_await catch_up();
}

io::Task<> IamHome::catch_up() {
    for (auto* const follower : followers_) {
        // A copy that cannot be written now follows later: what was committed at home holds.
        if (auto const done = co_await follower->catch_up(); !done) {
            log_.write(LogLevel::kWarn, "a region's copy of IAM is behind",
                       {{"error", done.error().message}});
        }
    }
    co_return Result<void>{};
}

}  // namespace meridian::bin
