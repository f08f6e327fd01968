#include "api/build_actions.h"

#include <charconv>

#include <fmt/format.h>

#include "api/meridian_json.h"
#include "base/encoding.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using builds::BuildRequest;
using nlohmann::json;

constexpr std::string_view kBuildsPath = "/meridian/v1/builds";
constexpr std::string_view kBuildAction = "meridian:Build";
constexpr std::size_t kHandlerCharsMax = 128;  // DOC: CreateFunction, Handler
constexpr int kAccepted = 202;

std::unexpected<Error> bad(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

// A template's, or the name of a pipeline's package.
bool is_logical_id(std::string_view text) {
    constexpr std::string_view kCharacters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    return !text.empty() && text.size() <= builds::kLogicalIdCharsMax &&
           text.find_first_not_of(kCharacters) == text.npos;
}

// Which of a crate's programs a handler names: a file's name.
bool is_program_name(std::string_view text) {
    return text.size() <= kHandlerCharsMax && !text.contains('/') && !text.contains('\0') &&
           !text.starts_with('-') && !text.starts_with('.');
}

Result<BuildRequest> read_request(json const& body) {
    BuildRequest out;
    auto const method = body.value("Method", std::string());
    auto const known = builds::parse_method(method);
    if (!known) {
        return bad(
            fmt::format("BuildMethod {} is not supported: makefile, python3.x, nodejsNN.x, "
                        "go1.x and rust-cargolambda are.",
                        method.empty() ? "(none)" : method));
    }
    out.method = *known;
    out.runtime = body.value("Runtime", std::string());
    out.logical_id = body.value("LogicalId", std::string());
    if (!is_logical_id(out.logical_id))
        return bad("LogicalId is letters, digits, '-', '_' and '.', 255 at most.");
    out.handler = body.value("Handler", std::string());
    if (!is_program_name(out.handler)) out.handler.clear();
    out.is_layer = body.value("Layer", false);
    bool const compiled =
        out.method == builds::BuildMethod::kGo || out.method == builds::BuildMethod::kRust;
    if (out.is_layer && compiled) return bad(fmt::format("A layer cannot be built by {}.", method));
    return out;
}

io::Task<HttpResponse> submit(BuildCall call) {
    auto& builds = call.services.builds;
    // Before the work of looking into a package.
    MERIDIAN_CO_CHECK(builds.check_room());
    using Type = json::value_t;
    MERIDIAN_CO_TRY(auto const body, read_members(call.request, {{"Source", Type::string},
                                                                 {"Method", Type::string},
                                                                 {"Runtime", Type::string},
                                                                 {"LogicalId", Type::string},
                                                                 {"Layer", Type::boolean},
                                                                 {"Handler", Type::string}}));
    MERIDIAN_CO_TRY(auto request, read_request(body));
    auto zip = from_base64(body.value("Source", std::string()));
    if (!zip || zip->empty()) co_return bad("Source must be a zip, as base64.");
    request.account = call.caller.account;
    MERIDIAN_CO_TRY(auto stored, co_await call.services.code.put(std::move(*zip)));
    request.source = std::move(stored.sha256);
    MERIDIAN_CO_TRY(auto const id, builds.submit(std::move(request)));
    auto answer = json_answer({{"Id", id}});
    answer.status = kAccepted;
    co_return answer;
}

Result<std::size_t> offset_of(HttpRequest const& request) {
    std::size_t offset = 0;
    for (auto const& [name, value] : wire::split_query(request.query())) {
        if (name != "after") return bad(fmt::format("{} is not known here.", name));
        auto const [at, error] = std::from_chars(value.data(), value.data() + value.size(), offset);
        if (error != std::errc{} || at != value.data() + value.size())
            return bad("after is a number.");
    }
    return offset;
}

io::Task<HttpResponse> show(BuildCall call, std::string id) {
    MERIDIAN_CO_TRY(auto const offset, offset_of(call.request));
    MERIDIAN_CO_TRY(auto const news,
                    co_await call.services.builds.news(call.caller.account, id, offset));
    json out = {{"Id", id},
                {"State", builds::name_of(news.state)},
                {"Log", news.log},
                {"LogOffset", news.log_offset}};
    if (!news.error.empty()) out["Error"] = news.error;
    if (!news.package.value().empty()) out["CodeSha256"] = news.package.value();
    co_return json_answer(out);
}

io::Task<HttpResponse> package(BuildCall call, std::string id) {
    MERIDIAN_CO_TRY(auto const found, call.services.builds.package(call.caller.account, id));
    MERIDIAN_CO_TRY(auto const zip, co_await call.services.code.get(found));
    co_return json_answer({{"CodeSha256", found.value()}, {"Zip", to_base64(zip)}});
}

}  // namespace

bool is_build_path(std::string_view path) {
    return path == kBuildsPath ||
           (path.starts_with(kBuildsPath) && path.substr(kBuildsPath.size()).starts_with('/'));
}

io::Task<HttpResponse> serve_builds(Authorizer& authorizer, BuildCall call) {
    constexpr std::string_view kPackageSuffix = "/package";
    auto rest = std::string_view(call.request.path()).substr(kBuildsPath.size());
    auto const& method = call.request.method;
    auto const allowed = [&](std::string_view id) {
        return authorizer.authorize_own(call.caller, kBuildAction, fmt::format("build/{}", id),
                                        call.origin);
    };
    if (rest.empty() && method == "POST") {
        MERIDIAN_CO_CHECK(allowed("*"));
        co_return co_await submit(std::move(call));
    }
    if (rest.starts_with('/')) {
        rest.remove_prefix(1);
        bool const of_package = rest.ends_with(kPackageSuffix);
        if (of_package) rest.remove_suffix(kPackageSuffix.size());
        std::string const id(rest);
        if (!id.empty() && !id.contains('/')) {
            MERIDIAN_CO_CHECK(allowed(id));
            if (of_package && method == "GET") co_return co_await package(std::move(call), id);
            if (!of_package && method == "GET") co_return co_await show(std::move(call), id);
            if (!of_package && method == "DELETE") {
                MERIDIAN_CO_CHECK(call.services.builds.cancel(call.caller.account, id));
                co_return json_answer(json::object());
            }
        }
    }
    co_return fail(Errc::kUnknownOperation, "There is no such operation.");
}

}  // namespace meridian::api
