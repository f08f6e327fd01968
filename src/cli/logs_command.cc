#include "cli/logs_command.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/sleep.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::cli {
namespace {

constexpr auto kFollowInterval = std::chrono::milliseconds(300);

std::string text_line(nlohmann::json const& event) {
    WallTime const time{std::chrono::milliseconds(event.value("timestamp", std::int64_t{0}))};
    auto message = event.value("message", "");
    while (message.ends_with('\n') || message.ends_with('\t')) message.pop_back();
    return fmt::format("{} {} {}\n", wire::format_iso8601_ms(time),
                       event.value("logStreamName", ""), message);
}

}  // namespace

io::Task<> show_logs(Connection connection, Clock const& clock, LogsOptions options,
                     std::function<void(std::string_view)> print) {
    std::string cursor;
    for (;;) {
        auto const target =
            fmt::format("/meridian/v1/functions/{}/logs?cursor={}",
                        wire::percent_encoded(options.function), wire::percent_encoded(cursor));
        MERIDIAN_CO_TRY(auto const response, co_await call(connection, clock, "GET", target));
        auto const page = nlohmann::json::parse(response.body, nullptr, false);
        if (!page.is_object()) co_return fail(Errc::kIo, "The server's answer is not JSON.");
        auto const events = page.value("events", nlohmann::json::array());
        for (auto const& event : events)
            print(options.json ? event.dump() + "\n" : text_line(event));
        cursor = page.value("nextCursor", cursor);
        if (!events.empty()) continue;
        if (!options.follow) co_return Result<void>{};
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kFollowInterval));
    }
}

}  // namespace meridian::cli
