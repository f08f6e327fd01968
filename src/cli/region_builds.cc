#include "cli/region_builds.h"

#include <chrono>

#include <fmt/format.h>

#include "base/encoding.h"
#include "io/sleep.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

constexpr char const* kBuildsPath = "/meridian/v1/builds";
// Between two questions about a build that prints all the time.
constexpr auto kPause = std::chrono::milliseconds(100);
// What an error shows of the log: its end.
constexpr std::size_t kShownBytesMax = 8UL * 1024;

Result<json> body_of(Result<deploy::AwsAnswer> answer, std::string_view what) {
    if (!answer) return std::unexpected(answer.error());
    if (!answer->ok()) {
        return fail(Errc::kInvalidParameterValue, fmt::format("{}: {}", what, answer->message()));
    }
    if (!answer->body.is_object()) return fail(Errc::kIo, "The region's answer is not JSON.");
    return std::move(answer->body);
}

std::string last_lines(std::string const& log) {
    if (log.size() <= kShownBytesMax) return log;
    auto const newline = log.find('\n', log.size() - kShownBytesMax);
    return "[…]\n" +
           log.substr(newline == std::string::npos ? log.size() - kShownBytesMax : newline + 1);
}

}  // namespace

io::Task<std::string> RegionBuilds::build(BuildInput input) {
    json body = {{"Source", to_base64(input.source)},
                 {"Method", input.method},
                 {"Runtime", input.runtime},
                 {"LogicalId", input.logical_id},
                 {"Layer", input.is_layer}};
    if (!input.handler.empty()) body["Handler"] = input.handler;
    MERIDIAN_CO_TRY(auto const made,
                    body_of(co_await region_.rest("meridian", "POST", kBuildsPath, std::move(body)),
                            fmt::format("{} cannot build {}", region(), input.logical_id)));
    co_return co_await follow(made.value("Id", ""));
}

io::Task<std::string> RegionBuilds::follow(std::string id) {
    auto const path = fmt::format("{}/{}", kBuildsPath, id);
    std::string log;
    for (std::size_t offset = 0;;) {
        MERIDIAN_CO_TRY(auto const news,
                        body_of(co_await region_.rest("meridian", "GET",
                                                      fmt::format("{}?after={}", path, offset)),
                                "The build is lost"));
        auto const text = news.value("Log", "");
        offset = news.value("LogOffset", offset + text.size());
        log += text;
        if (printed_ && !text.empty()) printed_(text);
        auto const state = news.value("State", "");
        if (state == "Failed") {
            co_return fail(Errc::kInvalidParameterValue,
                           fmt::format("{}{}{}", news.value("Error", ""), log.empty() ? "" : "\n",
                                       last_lines(log)));
        }
        if (state == "Cancelled") co_return fail(Errc::kCancelled, "The build was cancelled.");
        if (state == "Succeeded") break;
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kPause));
    }
    MERIDIAN_CO_TRY(auto const package,
                    body_of(co_await region_.rest("meridian", "GET", path + "/package"),
                            "The build's package is lost"));
    auto zip = from_base64(package.value("Zip", ""));
    if (!zip) co_return fail(Errc::kIo, "The build's package is no base64.");
    co_return std::move(*zip);
}

}  // namespace meridian::cli
