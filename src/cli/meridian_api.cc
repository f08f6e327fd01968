#include "cli/meridian_api.h"

#include <fmt/format.h>

namespace meridian::cli {

using nlohmann::json;

io::Task<json> ask(Connection connection, Clock const& clock, std::string method, std::string path,
                   json body) {
    MERIDIAN_CO_TRY(
        auto const response,
        co_await call(std::move(connection), clock, std::move(method), "/meridian/v1/" + path,
                      body.is_null() ? std::string() : body.dump()));
    auto answer = json::parse(response.body, nullptr, false);
    if (!answer.is_object()) co_return fail(Errc::kIo, "The server's answer is not JSON.");
    co_return answer;
}

io::Task<bool> only_said(Connection connection, Clock const& clock, Output const& output,
                         Intent intent) {
    if (!output.dry_run) co_return false;
    if (!intent.about.empty()) {
        MERIDIAN_CO_CHECK(co_await ask(connection, clock, "GET", intent.about));
    }
    if (!intent.makes.empty()) {
        auto const there = co_await ask(connection, clock, "GET", intent.makes);
        if (there)
            co_return fail(Errc::kResourceConflict,
                           fmt::format("Could not {}: it is there already.", intent.does));
        if (there.error().code != Errc::kResourceNotFound) co_return std::unexpected(there.error());
    }
    say_intent(output, intent.does);
    co_return true;
}

void say_intent(Output const& output, std::string const& does) {
    if (output.json) {
        print_json(output, {{"DryRun", true}, {"Would", does}});
    } else {
        output.print(fmt::format("Would {}. Nothing was changed.\n", does));
    }
}

void print_json(Output const& output, json const& answer) { output.print(answer.dump(2) + "\n"); }

}  // namespace meridian::cli
