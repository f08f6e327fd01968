#include "cli/test_event_commands.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

std::string test_events_path(TestEventOptions const& options) {
    return fmt::format("functions/{}/test-events", wire::percent_encoded(options.function));
}

std::string test_event_path(TestEventOptions const& options) {
    auto const path = test_events_path(options);
    return options.name.empty() ? path : path + "/" + wire::percent_encoded(options.name);
}

Result<json> read_json(std::string const& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(Errc::kIo, fmt::format("cannot read {}", file));
    auto value = json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
    if (value.is_discarded())
        return fail(Errc::kInvalidParameterValue, fmt::format("{} is not JSON", file));
    return value;
}

std::string event_line(json const& event) {
    return fmt::format("{:<24} {}\n", event.value("Name", ""),
                       event.contains("Answer") ? "with its answer" : "without an answer");
}

io::Task<> put(Connection connection, Clock const& clock, TestEventOptions options, json body,
               Output output) {
    MERIDIAN_CO_TRY(
        bool const said,
        co_await only_said(
            connection, clock, output,
            {.does = fmt::format(
                 "{}keep the event {} of {}",
                 body.contains("Record") ? "invoke the function with the event and " : "",
                 options.name, options.function),
             .about = test_events_path(options)}));
    if (said) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const made, co_await ask(std::move(connection), clock, "PUT",
                                                  test_event_path(options), std::move(body)));
    output.print(output.json ? made.dump(2) + "\n" : event_line(made));
    co_return Result<void>{};
}

}  // namespace

io::Task<> put_test_event(Connection connection, Clock const& clock, TestEventOptions options,
                          Output output) {
    json body = json::object();
    MERIDIAN_CO_TRY(body["Event"], read_json(options.event_file));
    if (!options.answer_file.empty()) {
        MERIDIAN_CO_TRY(body["Answer"], read_json(options.answer_file));
    }
    co_return co_await put(std::move(connection), clock, std::move(options), std::move(body),
                           std::move(output));
}

io::Task<> record_test_event(Connection connection, Clock const& clock, TestEventOptions options,
                             Output output) {
    json body = {{"Record", true}};
    MERIDIAN_CO_TRY(body["Event"], read_json(options.event_file));
    co_return co_await put(std::move(connection), clock, std::move(options), std::move(body),
                           std::move(output));
}

io::Task<> show_test_events(Connection connection, Clock const& clock, TestEventOptions options,
                            Output output) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "GET", test_event_path(options)));
    if (output.json || !options.name.empty()) {
        output.print(answer.dump(2) + "\n");
    } else {
        for (auto const& event : answer.value("TestEvents", json::array()))
            output.print(event_line(event));
    }
    co_return Result<void>{};
}

io::Task<> delete_test_event(Connection connection, Clock const& clock, TestEventOptions options,
                             Output output) {
    MERIDIAN_CO_TRY(bool const said,
                    co_await only_said(connection, clock, output,
                                       {.does = fmt::format("delete the event {} of {}",
                                                            options.name, options.function),
                                        .about = test_event_path(options)}));
    if (said) co_return Result<void>{};
    MERIDIAN_CO_CHECK(co_await call(std::move(connection), clock, "DELETE",
                                    "/meridian/v1/" + test_event_path(options)));
    output.print(output.json ? std::string("{}\n")
                             : fmt::format("Deleted; `meridian restore --at` brings it back.\n"));
    co_return Result<void>{};
}

}  // namespace meridian::cli
