#include "control/account_log.h"

namespace meridian::control {

io::Task<> HomeAccountLog::write(store::Transaction transaction) {
    MERIDIAN_CO_CHECK(co_await store_.commit(std::move(transaction)));
    co_return Result<void>{};
}

io::Task<> HomeAccountLog::catch_up() { co_return Result<void>{}; }

}  // namespace meridian::control
