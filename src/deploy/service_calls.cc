#include "deploy/service_calls.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int kAttemptsMax = 8;
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5'000};
// The SDKs' waiters give up after five minutes.
constexpr milliseconds kReadyMax{300'000};
constexpr milliseconds kFirstReadyPause{20};
constexpr milliseconds kLongestReadyPause{1'000};

bool is_absent(AwsAnswer const& answer) {
    return answer.status == 404 || answer.error_type == "ResourceNotFoundException" ||
           answer.error_type == "NoSuchEntity" || answer.error_type == "NoSuchEntityException";
}

Errc code_of(AwsAnswer const& answer) {
    if (is_absent(answer)) return Errc::kResourceNotFound;
    if (answer.status == 409) return Errc::kResourceConflict;
    if (answer.status == 403) return Errc::kAccessDenied;
    if (answer.status == 429) return Errc::kTooManyRequests;
    return answer.status >= 500 ? Errc::kUnavailable : Errc::kInvalidParameterValue;
}

}  // namespace

Error error_of(std::string_view call, AwsAnswer const& answer) {
    auto const type =
        answer.error_type.empty() ? fmt::format("HTTP {}", answer.status) : answer.error_type;
    return {code_of(answer), fmt::format("{}: {}: {}", call, type, answer.message()), {}};
}

bool is_transient(AwsAnswer const& answer) {
    if (answer.ok()) return false;
    if (answer.status == 429 || answer.error_type.starts_with("Throttling")) return true;
    if (answer.status >= 500) return answer.status != 501;
    auto const text = answer.message();
    if (answer.error_type == "ResourceConflictException") {
        return text.contains("in progress") || text.contains("Pending") ||
               text.contains("currently in the following state");
    }
    if (answer.error_type == "ResourceInUseException") return true;
    // IAM reaches Lambda a little later.
    return answer.error_type == "InvalidParameterValueException" &&
           text.contains("cannot be assumed by Lambda");
}

io::Task<AwsAnswer> ServiceCalls::ask(std::string name, std::string method, std::string target,
                                      json body) {
    auto wait = kFirstPause;
    for (int attempt = 1;; ++attempt) {
        auto answer = co_await api_.rest("lambda", method, target, body);
        bool const again = answer ? is_transient(*answer)
                                  // A connection that was closed meanwhile; reads only are safe.
                                  : method == "GET" && answer.error().code == Errc::kIo;
        if (!again || attempt == kAttemptsMax) {
            if (!answer)
                co_return fail(answer.error().code,
                               fmt::format("{}: {}", name, answer.error().message));
            co_return std::move(*answer);
        }
        MERIDIAN_CO_CHECK(co_await pause_(wait));
        wait = std::min(wait * 2, kLongestPause);
    }
}

io::Task<AwsAnswer> ServiceCalls::ask_iam(std::string action, json parameters) {
    auto wait = kFirstPause;
    for (int attempt = 1;; ++attempt) {
        auto answer = co_await api_.query("iam", action, parameters);
        if (!answer || !is_transient(*answer) || attempt == kAttemptsMax) co_return answer;
        MERIDIAN_CO_CHECK(co_await pause_(wait));
        wait = std::min(wait * 2, kLongestPause);
    }
}

io::Task<json> ServiceCalls::lambda(std::string name, std::string method, std::string target,
                                    json body) {
    MERIDIAN_CO_TRY(auto answer,
                    co_await ask(name, std::move(method), std::move(target), std::move(body)));
    if (!answer.ok()) co_return std::unexpected(error_of(name, answer));
    co_return std::move(answer.body);
}

io::Task<std::optional<json>> ServiceCalls::find(std::string name, std::string target) {
    MERIDIAN_CO_TRY(auto answer, co_await ask(name, "GET", std::move(target), nullptr));
    if (is_absent(answer)) co_return std::nullopt;
    if (!answer.ok()) co_return std::unexpected(error_of(name, answer));
    co_return std::optional(std::move(answer.body));
}

io::Task<> ServiceCalls::remove(std::string name, std::string target) {
    MERIDIAN_CO_TRY(auto const answer, co_await ask(name, "DELETE", std::move(target), nullptr));
    if (!answer.ok() && !is_absent(answer)) co_return std::unexpected(error_of(name, answer));
    co_return Result<void>{};
}

io::Task<json> ServiceCalls::iam(std::string action, json parameters) {
    MERIDIAN_CO_TRY(auto answer, co_await ask_iam(action, std::move(parameters)));
    if (!answer.ok()) co_return std::unexpected(error_of(action, answer));
    co_return std::move(answer.body);
}

io::Task<std::optional<json>> ServiceCalls::find_iam(std::string action, json parameters) {
    MERIDIAN_CO_TRY(auto answer, co_await ask_iam(action, std::move(parameters)));
    if (is_absent(answer)) co_return std::nullopt;
    if (!answer.ok()) co_return std::unexpected(error_of(action, answer));
    co_return std::optional(std::move(answer.body));
}

io::Task<json> ServiceCalls::list_iam(std::string action, std::string member, json parameters) {
    json out = json::array();
    for (;;) {
        MERIDIAN_CO_TRY(auto const page, co_await iam(action, parameters));
        auto const found = page.find(member);
        if (found != page.end() && found->is_array()) {
            for (auto const& item : *found) out.push_back(item);
        }
        auto const marker = page.find("Marker");
        if (marker == page.end() || *marker == "") co_return out;
        parameters["Marker"] = *marker;
    }
}

io::Task<> ServiceCalls::remove_iam(std::string action, json parameters) {
    MERIDIAN_CO_TRY(auto const answer, co_await ask_iam(action, std::move(parameters)));
    if (!answer.ok() && !is_absent(answer)) co_return std::unexpected(error_of(action, answer));
    co_return Result<void>{};
}

io::Task<> ServiceCalls::wait_until_ready(std::string function, std::string qualifier) {
    auto const target = function_path(function, "/configuration") + qualifier_query(qualifier);
    milliseconds waited{0};
    for (auto wait = kFirstReadyPause;; wait = std::min(wait * 2, kLongestReadyPause)) {
        MERIDIAN_CO_TRY(auto const now, co_await lambda("GetFunctionConfiguration", "GET", target));
        auto const state = now.value("State", "Active");
        auto const update = now.value("LastUpdateStatus", "Successful");
        if (state == "Failed" || update == "Failed") {
            co_return fail(
                Errc::kResourceConflict,
                fmt::format("{} failed: {}", function,
                            state == "Failed" ? now.value("StateReason", "no reason given")
                                              : now.value("LastUpdateStatusReason",
                                                          "no reason "
                                                          "given")));
        }
        if ((state == "Active" || state == "Inactive") && update == "Successful")
            co_return Result<void>{};
        if (waited >= kReadyMax) {
            co_return fail(Errc::kDeadlineExceeded,
                           fmt::format("{} is {} ({}) after {} s.", function, state, update,
                                       kReadyMax.count() / 1000));
        }
        MERIDIAN_CO_CHECK(co_await pause_(wait));
        waited += wait;
    }
}

std::string function_path(std::string_view function, std::string_view rest,
                          std::string_view version) {
    return fmt::format("/{}/functions/{}{}", version, wire::percent_encoded(function), rest);
}

std::string qualifier_query(std::string_view qualifier) {
    if (qualifier.empty()) return {};
    return "?Qualifier=" + wire::percent_encoded(qualifier);
}

FunctionReference function_reference(std::string_view text) {
    constexpr std::string_view kFunction = ":function:";
    constexpr std::string_view kPartial = "function:";
    if (auto const at = text.find(kFunction); at != text.npos) {
        text.remove_prefix(at + kFunction.size());
    } else if (text.starts_with(kPartial)) {
        text.remove_prefix(kPartial.size());
    }
    auto const colon = text.find(':');
    if (colon == text.npos) return {std::string(text)};
    return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

json short_function_name(json const& name) {
    if (!name.is_string()) return name;
    auto const reference = function_reference(name.get_ref<std::string const&>());
    return reference.qualifier.empty() ? reference.name
                                       : reference.name + ":" + reference.qualifier;
}

}  // namespace meridian::deploy
