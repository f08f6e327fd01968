#include "transfer/function_reader.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "transfer/normal_form.h"
#include "transfer/told.h"
#include "wire/uri.h"

namespace meridian::transfer {

using deploy::AwsApi;
using nlohmann::json;

namespace {

// One function, while it is being read.
struct FunctionReading {
    AwsApi& api;
    FunctionRecord& record;
    std::vector<Untold>& untold;

    [[nodiscard]] std::string path(std::string_view date, std::string_view rest) const {
        return function_path(date, record.name(), rest);
    }
    void note(std::string what, std::string reason) const {
        untold.push_back({std::move(what), "function " + record.name(), std::move(reason)});
    }
};

// The answer's body, or null where there is none of it; what is untold is noted.
io::Task<json> optional_part(FunctionReading& reading, std::string what, std::string target) {
    MERIDIAN_CO_TRY(auto one, co_await ask(reading.api, std::move(target)));
    if (one.untold()) reading.note(std::move(what), std::move(one.reason));
    co_return one.present() && one.body.is_object() ? std::move(one.body) : json();
}

io::Task<json> optional_list(FunctionReading& reading, std::string what, std::string target,
                             std::string member) {
    MERIDIAN_CO_TRY(auto list, co_await ask_list(reading.api, std::move(target), member));
    if (list.untold()) reading.note(std::move(what), std::move(list.reason));
    co_return list.present() ? std::move(list.body) : json::array();
}

std::uint64_t version_number(std::string const& text) {
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

void note_hidden_environment(FunctionReading& reading, json const& configuration) {
    auto const environment = configuration.value("Environment", json::object());
    if (!environment.is_object() || !environment.contains("Error")) return;
    auto const& error = environment["Error"];
    reading.note("Environment",
                 error.is_object() ? error.value("Message", error.dump()) : error.dump());
}

io::Task<> read_versions(FunctionReading& reading) {
    MERIDIAN_CO_TRY(auto const versions,
                    co_await optional_list(reading, "ListVersionsByFunction",
                                           reading.path(kFunctionsDate, "/versions"), "Versions"));
    for (auto const& version : versions) {
        auto const number = version_number(version.value("Version", ""));
        if (number == 0) continue;
        note_hidden_environment(reading, version);
        auto configuration = version;
        configuration["FunctionName"] = reading.record.name();
        reading.record.versions[number] = normal_configuration(std::move(configuration));
    }
    co_return Result<void>{};
}

io::Task<> read_aliases(FunctionReading& reading) {
    MERIDIAN_CO_TRY(auto const aliases,
                    co_await optional_list(reading, "ListAliases",
                                           reading.path(kFunctionsDate, "/aliases"), "Aliases"));
    for (auto const& alias : aliases)
        reading.record.parts["Aliases"][alias.value("Name", "")] = normal_alias(alias);
    co_return Result<void>{};
}

// Everything that may stand after the function's name.
std::vector<std::string> qualifiers(FunctionRecord const& record) {
    std::vector<std::string> out = {kLatest};
    for (auto const& [number, configuration] : record.versions)
        out.push_back(std::to_string(number));
    for (auto const& [name, alias] : record.parts.value("Aliases", json::object()).items())
        out.push_back(name);
    return out;
}

io::Task<> read_policies(FunctionReading& reading) {
    for (auto const& qualifier : qualifiers(reading.record)) {
        MERIDIAN_CO_TRY(auto const answer,
                        co_await optional_part(
                            reading, "GetPolicy",
                            reading.path(kFunctionsDate, "/policy") + qualifier_query(qualifier)));
        if (!answer.is_object()) continue;
        auto statements = normal_statements(answer.value("Policy", ""));
        if (!statements.empty())
            reading.record.parts["Policies"][qualifier] = std::move(statements);
    }
    co_return Result<void>{};
}

io::Task<> read_runtime_management(FunctionReading& reading) {
    for (auto const& qualifier : qualifiers(reading.record)) {
        if (qualifier != kLatest && version_number(qualifier) == 0) continue;
        MERIDIAN_CO_TRY(
            auto const answer,
            co_await optional_part(reading, "GetRuntimeManagementConfig",
                                   reading.path("2021-07-20", "/runtime-management-config") +
                                       qualifier_query(qualifier)));
        if (!answer.is_object()) continue;
        auto const when = answer.value("UpdateRuntimeOn", "Auto");
        if (when == "Auto") continue;
        json kept = {{"UpdateRuntimeOn", when}};
        if (answer.contains("RuntimeVersionArn") && answer["RuntimeVersionArn"].is_string())
            kept["RuntimeVersionArn"] = answer["RuntimeVersionArn"];
        reading.record.parts["RuntimeManagement"][qualifier] = std::move(kept);
    }
    co_return Result<void>{};
}

// Lists whose items say by FunctionArn which qualifier they belong to.
io::Task<> read_by_qualifier(FunctionReading& reading, std::string what, std::string target,
                             std::string member, char const* part, json (*normal)(json const&)) {
    MERIDIAN_CO_TRY(auto const items,
                    co_await optional_list(reading, std::move(what), std::move(target), member));
    for (auto const& item : items) {
        reading.record.parts[part][qualifier_of(item.value("FunctionArn", ""))] = normal(item);
    }
    co_return Result<void>{};
}

io::Task<> read_configs(FunctionReading& reading) {
    MERIDIAN_CO_CHECK(co_await read_by_qualifier(reading, "ListFunctionUrlConfigs",
                                                 reading.path("2021-10-31", "/urls"),
                                                 "FunctionUrlConfigs", "FunctionUrls", normal_url));
    MERIDIAN_CO_CHECK(co_await read_by_qualifier(
        reading, "ListFunctionEventInvokeConfigs",
        reading.path("2019-09-25", "/event-invoke-config/list"), "FunctionEventInvokeConfigs",
        "EventInvokeConfigs", [](json const& item) { return normal_event_invoke_config(item); }));
    MERIDIAN_CO_CHECK(co_await read_by_qualifier(
        reading, "ListProvisionedConcurrencyConfigs",
        reading.path("2019-09-30", "/provisioned-concurrency?List=ALL"),
        "ProvisionedConcurrencyConfigs", "ProvisionedConcurrency", [](json const& item) {
            return json(item.value("RequestedProvisionedConcurrentExecutions", 0));
        }));
    co_return Result<void>{};
}

io::Task<> read_options(FunctionReading& reading) {
    auto& parts = reading.record.parts;
    if (!parts.contains("ReservedConcurrency")) {
        MERIDIAN_CO_TRY(auto const concurrency,
                        co_await optional_part(reading, "GetFunctionConcurrency",
                                               reading.path("2019-09-30", "/concurrency")));
        if (concurrency.is_object() && concurrency.contains("ReservedConcurrentExecutions"))
            parts["ReservedConcurrency"] = concurrency["ReservedConcurrentExecutions"];
    }
    MERIDIAN_CO_TRY(auto const signing,
                    co_await optional_part(reading, "GetFunctionCodeSigningConfig",
                                           reading.path("2020-06-30", "/code-signing-config")));
    if (signing.is_object() && !signing.value("CodeSigningConfigArn", "").empty())
        parts["CodeSigningConfigArn"] = signing["CodeSigningConfigArn"];
    MERIDIAN_CO_TRY(auto const recursion,
                    co_await optional_part(reading, "GetFunctionRecursionConfig",
                                           reading.path("2024-08-31", "/recursion-config")));
    if (recursion.is_object() && recursion.value("RecursiveLoop", "Terminate") != "Terminate")
        parts["RecursiveLoop"] = recursion["RecursiveLoop"];
    co_return co_await read_runtime_management(reading);
}

}  // namespace

io::Task<FunctionRecord> read_function(AwsApi& api, std::string name, std::vector<Untold>& untold) {
    MERIDIAN_CO_TRY(auto whole, co_await ask(api, function_path(kFunctionsDate, name, "")));
    if (whole.kind == Told::Kind::kAbsent)
        co_return fail(Errc::kResourceNotFound, fmt::format("There is no function {}.", name));
    if (whole.untold())
        co_return fail(Errc::kAccessDenied, fmt::format("Function {}: {}", name, whole.reason));
    if (!whole.body.is_object() || !whole.body.contains("Configuration"))
        co_return fail(Errc::kIo, fmt::format("Function {}: the answer is none.", name));
    auto const& configuration = whole.body["Configuration"];
    FunctionRecord record;
    record.arn = unqualified(configuration.value("FunctionArn", ""));
    if (record.name() != name)
        co_return fail(Errc::kIo, fmt::format("Function {}: the answer is of another one, {}.",
                                              name, record.arn));
    record.source_arn = record.arn;
    FunctionReading reading{.api = api, .record = record, .untold = untold};
    note_hidden_environment(reading, configuration);
    record.latest = normal_configuration(configuration);
    auto const image = whole.body.value("Code", json::object()).value("ImageUri", "");
    if (!image.empty()) record.latest["ImageUri"] = image;
    auto tags = whole.body.value("Tags", json::object());
    if (tags.is_object() && !tags.empty()) record.parts["Tags"] = std::move(tags);
    auto const concurrency = whole.body.value("Concurrency", json::object());
    if (concurrency.is_object() && concurrency.contains("ReservedConcurrentExecutions"))
        record.parts["ReservedConcurrency"] = concurrency["ReservedConcurrentExecutions"];

    MERIDIAN_CO_CHECK(co_await read_versions(reading));
    MERIDIAN_CO_CHECK(co_await read_aliases(reading));
    MERIDIAN_CO_CHECK(co_await read_policies(reading));
    MERIDIAN_CO_CHECK(co_await read_configs(reading));
    MERIDIAN_CO_CHECK(co_await read_options(reading));
    co_return record;
}

io::Task<Mappings> read_mappings(AwsApi& api, std::vector<std::string> function_arns,
                                 std::vector<Untold>& untold) {
    constexpr char const* kMappings = "/2015-03-31/event-source-mappings/";
    MERIDIAN_CO_TRY(auto list, co_await ask_list(api, kMappings, "EventSourceMappings"));
    if (list.untold()) {
        untold.push_back({"ListEventSourceMappings", "region " + api.region(), list.reason});
        co_return Mappings{};
    }
    Mappings out;
    if (!list.present()) co_return out;
    for (auto const& item : list.body) {
        auto const function = unqualified(item.value("FunctionArn", ""));
        if (std::ranges::find(function_arns, function) == function_arns.end()) continue;
        auto mapping = normal_mapping(item);
        auto const arn = item.value("EventSourceMappingArn", "");
        if (!arn.empty()) {
            MERIDIAN_CO_TRY(auto tags,
                            co_await ask(api, "/2017-03-31/tags/" + wire::percent_encoded(arn)));
            if (tags.untold())
                untold.push_back({"ListTags", "mapping " + last_part(arn), tags.reason});
            if (tags.present() && tags.body.is_object()) {
                auto const found = tags.body.value("Tags", json::object());
                if (found.is_object() && !found.empty()) mapping["Tags"] = found;
            }
        }
        out[function].push_back(std::move(mapping));
    }
    co_return out;
}

}  // namespace meridian::transfer
