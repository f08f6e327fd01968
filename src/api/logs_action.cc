#include "api/logs_action.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/meridian_json.h"
#include "wire/arn.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

constexpr std::string_view kLogsSuffix = "/logs";
constexpr std::size_t kPageBytes = 1024 * 1024;

}  // namespace

io::Task<HttpResponse> read_function_logs(telemetry::LogStore& logs, control::ControlPlane& control,
                                          Authorizer& authorizer, auth::Caller caller,
                                          HttpRequest request, RequestOrigin origin) {
    auto const path = request.path();
    if (request.method != "GET" || !path.starts_with(kFunctionsPath) ||
        !path.ends_with(kLogsSuffix) || path.size() <= kFunctionsPath.size() + kLogsSuffix.size()) {
        co_return fail(Errc::kUnknownOperation, "There is no such operation.");
    }
    auto const encoded = path.substr(kFunctionsPath.size(),
                                     path.size() - kFunctionsPath.size() - kLogsSuffix.size());
    MERIDIAN_CO_TRY(auto const reference,
                    wire::parse_function_reference(wire::percent_decoded_text(encoded)));
    MERIDIAN_CO_CHECK(
        authorizer.authorize_logs(caller, "/aws/lambda/" + reference.name.value(), origin));
    auto const function =
        control.published().find(caller.account.value(), reference.name.value(), model::kLatest);
    if (!function) {
        co_return fail(
            Errc::kResourceNotFound,
            fmt::format("Function not found: {}",
                        wire::function_arn(control.region(), caller.account, reference.name)));
    }
    std::string cursor;
    for (auto const& [name, value] : wire::split_query(request.query())) {
        if (name == "cursor") cursor = wire::percent_decoded_text(value);
    }
    auto const& chosen = function->version.settings.log_group;
    if (chosen) {
        MERIDIAN_CO_CHECK(authorizer.authorize_logs(caller, *chosen, origin));
    }
    auto const group = telemetry::accounts_group(
        caller.account, chosen.value_or("/aws/lambda/" + function->name.value()));
    MERIDIAN_CO_TRY(auto const page, co_await logs.read(group, std::move(cursor), kPageBytes));
    // A group that was chosen may hold other functions' streams too.
    auto const mine = "/" + function->name.value() + "[";
    bool const shared = function->version.settings.log_group.has_value();
    nlohmann::json events = nlohmann::json::array();
    for (auto const& [stream, event] : page.events) {
        if (shared && stream.find(mine) == std::string::npos) continue;
        events.push_back(
            {{"timestamp",
              std::chrono::floor<std::chrono::milliseconds>(event.time).time_since_epoch().count()},
             {"logStreamName", stream},
             {"message", event.message}});
    }
    co_return json_answer({{"events", std::move(events)}, {"nextCursor", page.next_cursor}});
}

}  // namespace meridian::api
