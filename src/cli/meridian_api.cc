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

void print_json(Output const& output, json const& answer) { output.print(answer.dump(2) + "\n"); }

}  // namespace meridian::cli
