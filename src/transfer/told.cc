#include "transfer/told.h"

#include <fmt/format.h>

#include "wire/uri.h"

namespace meridian::transfer {

using deploy::AwsAnswer;
using deploy::AwsApi;
using nlohmann::json;

namespace {

// A listing that never ends is an endpoint that is broken.
constexpr int kPagesMax = 10'000;
constexpr std::size_t kMessageBytesMax = 300;

constexpr int kNotFound = 404;

void append(json& all, json const& body, std::string const& member) {
    if (!body.is_object()) return;
    auto const found = body.find(member);
    if (found == body.end() || !found->is_array()) return;
    for (auto const& item : *found) all.push_back(item);
}

// AWS leaves out what there is none of; others say null.
void drop_nulls(json& value) {
    if (value.is_object()) {
        for (auto it = value.begin(); it != value.end();)
            it = it->is_null() ? value.erase(it) : std::next(it);
    }
    if (!value.is_structured()) return;
    for (auto& inner : value) drop_nulls(inner);
}

std::string text_of(json const& body, char const* member) {
    auto const found = body.is_object() ? body.find(member) : body.end();
    return body.is_object() && found != body.end() && found->is_string() ? found->get<std::string>()
                                                                         : std::string();
}

}  // namespace

std::string error_text(AwsAnswer const& answer) {
    auto message = answer.body.is_null() ? std::string() : answer.message();
    // A page for browsers says nothing of use.
    if (message.starts_with('<')) message = "a page instead of the API's own words";
    for (auto& c : message) {
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    if (message.size() > kMessageBytesMax) message = message.substr(0, kMessageBytesMax) + "…";
    auto const type = answer.error_type.empty() ? "an error" : answer.error_type;
    return message.empty() ? fmt::format("{} ({})", type, answer.status)
                           : fmt::format("{} ({}): {}", type, answer.status, message);
}

Told told(AwsAnswer answer) {
    if (answer.ok()) {
        drop_nulls(answer.body);
        return {.body = std::move(answer.body)};
    }
    // A server that does not know the operation answers 404, too, but not in the API's own words.
    bool const in_words = answer.body.is_object() || answer.error_type == "NoSuchEntity";
    if (answer.status == kNotFound && in_words && answer.error_type != "UnknownOperationException")
        return {.kind = Told::Kind::kAbsent};
    if (answer.error_type == "NoSuchEntity") return {.kind = Told::Kind::kAbsent};
    return {.kind = Told::Kind::kUntold, .reason = error_text(answer)};
}

io::Task<Told> ask(AwsApi& api, std::string target) {
    MERIDIAN_CO_TRY(auto answer, co_await api.rest("lambda", "GET", std::move(target)));
    co_return told(std::move(answer));
}

io::Task<Told> ask_list(AwsApi& api, std::string target, std::string member) {
    json all = json::array();
    std::string marker;
    for (int page = 0; page < kPagesMax; ++page) {
        auto where = target;
        if (!marker.empty()) {
            where += fmt::format("{}Marker={}", target.find('?') == std::string::npos ? '?' : '&',
                                 wire::percent_encoded(marker));
        }
        MERIDIAN_CO_TRY(auto one, co_await ask(api, std::move(where)));
        if (!one.present()) co_return one;
        append(all, one.body, member);
        auto next = text_of(one.body, "NextMarker");
        if (next.empty()) co_return Told{.body = std::move(all)};
        marker = std::move(next);
    }
    co_return fail(Errc::kIo, fmt::format("The listing of {} does not end.", target));
}

io::Task<Told> ask_iam(AwsApi& api, std::string action, json parameters) {
    MERIDIAN_CO_TRY(auto answer,
                    co_await api.query("iam", std::move(action), std::move(parameters)));
    co_return told(std::move(answer));
}

io::Task<Told> ask_iam_list(AwsApi& api, std::string action, json parameters, std::string member) {
    json all = json::array();
    for (int page = 0; page < kPagesMax; ++page) {
        MERIDIAN_CO_TRY(auto one, co_await ask_iam(api, action, parameters));
        if (!one.present()) co_return one;
        append(all, one.body, member);
        auto next = text_of(one.body, "Marker");
        if (text_of(one.body, "IsTruncated") != "true" || next.empty())
            co_return Told{.body = std::move(all)};
        parameters["Marker"] = std::move(next);
    }
    co_return fail(Errc::kIo, fmt::format("The listing of {} does not end.", action));
}

std::string qualifier_query(std::string const& qualifier) {
    if (qualifier.empty() || qualifier == "$LATEST") return {};
    return "?Qualifier=" + wire::percent_encoded(qualifier);
}

std::string function_path(std::string_view date, std::string const& name, std::string_view rest) {
    return fmt::format("/{}/functions/{}{}", date, wire::percent_encoded(name), rest);
}

}  // namespace meridian::transfer
