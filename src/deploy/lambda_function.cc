// AWS::Lambda::Function.

#include <array>

#include <fmt/format.h>

#include "base/encoding.h"
#include "deploy/resource_type.h"
#include "deploy/tag_list.h"
#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kFunctionProperties = {
    Property{"FunctionName", Form::kText, "", true},
    Property{"Code", Form::kObject, "", false, true},
    Property{"Role", Form::kText, "", false, true},
    Property{"Handler", Form::kText, R"("")"},
    Property{"Runtime", Form::kText, R"("")"},
    Property{"Description", Form::kText, R"("")"},
    Property{"Timeout", Form::kInteger, "3"},
    Property{"MemorySize", Form::kInteger, "128"},
    Property{"PackageType", Form::kText, R"("Zip")", true},
    Property{"Architectures", Form::kList, R"(["x86_64"])"},
    Property{"Environment", Form::kObject, R"({"Variables":{}})"},
    Property{"EphemeralStorage", Form::kObject, R"({"Size":512})"},
    Property{"Layers", Form::kList, "[]"},
    Property{"Tags", Form::kList, "[]"},
    Property{"TracingConfig", Form::kObject, R"({"Mode":"PassThrough"})"},
    Property{"SnapStart", Form::kObject, R"({"ApplyOn":"None"})"},
    Property{"LoggingConfig", Form::kObject, R"({"LogFormat":"Text"})"},
    Property{"VpcConfig", Form::kObject, "{}"},
    Property{"DeadLetterConfig", Form::kObject, "{}"},
    Property{"FileSystemConfigs", Form::kList, "[]"},
    Property{"KmsKeyArn", Form::kText, R"("")"},
    Property{"ImageConfig", Form::kObject},
    Property{"CodeSigningConfigArn", Form::kText, R"("")"},
    Property{"ReservedConcurrentExecutions", Form::kInteger},
    Property{"RecursiveLoop", Form::kText, R"("Terminate")"},
    Property{"RuntimeManagementConfig", Form::kObject, R"({"UpdateRuntimeOn":"Auto"})"},
};

// Properties of UpdateFunctionConfiguration, with the API's names.
constexpr std::array kConfiguration = {
    "Role",       "Handler",       "Runtime",          "Description",      "Timeout",
    "MemorySize", "Environment",   "EphemeralStorage", "Layers",           "TracingConfig",
    "SnapStart",  "LoggingConfig", "VpcConfig",        "DeadLetterConfig", "FileSystemConfigs",
    "KmsKeyArn",  "ImageConfig",
};

json without_empty(json const& object, std::initializer_list<char const*> members) {
    json out = json::object();
    for (auto const* const member : members) {
        if (!object.is_object() || !object.contains(member)) continue;
        auto const& value = object[member];
        bool const empty = value.is_null() || value == "" || value == false ||
                           (value.is_structured() && value.empty());
        if (!empty) out[member] = value;
    }
    return out;
}

Result<json> texts_in_variables(json environment) {
    if (!environment.is_object() || is_reference(environment)) return environment;
    if (!environment.contains("Variables")) environment["Variables"] = json::object();
    auto& variables = environment["Variables"];
    if (!variables.is_object() || is_reference(variables)) return environment;
    for (auto& [name, value] : variables.items()) {
        MERIDIAN_TRY(value, coerce(Form::kText, value, "Environment.Variables." + name));
    }
    return environment;
}

class LambdaFunction final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override {
        return "AWS::Lambda::Function";
    }
    [[nodiscard]] PropertyTable properties() const noexcept override { return kFunctionProperties; }
    [[nodiscard]] std::string_view name_property() const noexcept override {
        return "FunctionName";
    }
    [[nodiscard]] bool is_unique_by_name() const noexcept override { return true; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kFunctionProperties, given));
        MERIDIAN_TRY(out["Environment"], texts_in_variables(out["Environment"]));
        out["Tags"] = sorted_tags(out["Tags"]);
        auto& storage = out["EphemeralStorage"];
        if (storage.contains("Size")) {
            MERIDIAN_TRY(storage["Size"], coerce(Form::kInteger, storage["Size"], "Size"));
        }
        if (!is_reference(out["VpcConfig"])) {
            out["VpcConfig"] = without_empty(
                out["VpcConfig"], {"SubnetIds", "SecurityGroupIds", "Ipv6AllowedForDualStack"});
        }
        if (!is_reference(out["DeadLetterConfig"]))
            out["DeadLetterConfig"] = without_empty(out["DeadLetterConfig"], {"TargetArn"});
        auto& logging = out["LoggingConfig"];
        if (logging.is_object() && !is_reference(logging)) {
            if (!logging.contains("LogFormat")) logging["LogFormat"] = "Text";
            // What the service fills in itself.
            if (auto const function = out.value("FunctionName", json());
                function.is_string() && !logging.contains("LogGroup"))
                logging["LogGroup"] = "/aws/lambda/" + function.get<std::string>();
            if (logging["LogFormat"] == "JSON") {
                if (!logging.contains("ApplicationLogLevel"))
                    logging["ApplicationLogLevel"] = "INFO";
                if (!logging.contains("SystemLogLevel")) logging["SystemLogLevel"] = "INFO";
            }
        }
        return out;
    }

    [[nodiscard]] bool same(std::string_view property, json const& wished,
                            json const& standing) const override {
        if (property != "Code") return wished == standing;
        return wished.contains("CodeSha256") && wished["CodeSha256"] == standing["CodeSha256"];
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        auto const id = wish.physical_id;
        MERIDIAN_CO_TRY(auto const found,
                        co_await bench.calls.find("GetFunction", function_path(id)));
        if (!found) co_return std::nullopt;
        auto const configuration = found->value("Configuration", json::object());
        json given = {{"FunctionName", id},
                      {"Code", {{"CodeSha256", configuration.value("CodeSha256", "")}}},
                      {"Tags", tags_as_list(found->value("Tags", json::object()))}};
        for (auto const* const member : kConfiguration) {
            if (configuration.contains(member)) given[member] = configuration[member];
        }
        given["Architectures"] = configuration.value("Architectures", json::array({"x86_64"}));
        given["PackageType"] = configuration.value("PackageType", "Zip");
        json layers = json::array();
        for (auto const& layer : configuration.value("Layers", json::array()))
            layers.push_back(layer.value("Arn", ""));
        given["Layers"] = std::move(layers);
        if (given.contains("SnapStart"))
            given["SnapStart"] = {{"ApplyOn", given["SnapStart"].value("ApplyOn", "None")}};
        if (given.contains("Environment")) given["Environment"].erase("Error");
        auto const concurrency = found->value("Concurrency", json::object());
        if (concurrency.contains("ReservedConcurrentExecutions")) {
            given["ReservedConcurrentExecutions"] = concurrency["ReservedConcurrentExecutions"];
        }
        MERIDIAN_CO_CHECK(co_await read_options(bench.calls, id, given));
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        Standing out{.physical_id = id, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = id;
        out.attributes.attributes["Arn"] = configuration.value("FunctionArn", "");
        co_return std::optional(std::move(out));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto existing, co_await read(bench, wish));
        if (existing) co_return co_await update(bench, std::move(wish), std::move(*existing));
        auto const& properties = wish.properties;
        json body = {{"FunctionName", wish.physical_id}};
        for (auto const& property : kFunctionProperties) {
            std::string const name(property.name);
            auto const value = properties.value(name, json());
            if (value.is_null() || (value == default_of(property) && name != "Architectures"))
                continue;
            body[name] = value;
        }
        for (auto const* const later :
             {"ReservedConcurrentExecutions", "RecursiveLoop", "RuntimeManagementConfig"})
            body.erase(later);
        MERIDIAN_CO_TRY(body["Code"], co_await code_of(bench, properties));
        body["Tags"] = tags_as_map(properties.value("Tags", json::array()));
        MERIDIAN_CO_TRY(auto const made,
                        co_await bench.calls.lambda("CreateFunction", "POST",
                                                    "/2015-03-31/functions", std::move(body)));
        if (made.value("State", "Active") != "Active") {
            MERIDIAN_CO_CHECK(co_await bench.calls.wait_until_ready(wish.physical_id));
        }
        Standing fresh{
            .physical_id = wish.physical_id, .properties = json::object(), .attributes = {}};
        for (auto const* const later :
             {"ReservedConcurrentExecutions", "RecursiveLoop", "RuntimeManagementConfig"}) {
            if (auto const value = default_of(*find_property(kFunctionProperties, later));
                !value.is_null())
                fresh.properties[later] = value;
        }
        MERIDIAN_CO_CHECK(co_await put_options(bench.calls, wish, fresh.properties));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        auto const& now = standing.properties;
        auto const& properties = wish.properties;
        auto const id = wish.physical_id;
        MERIDIAN_CO_CHECK(co_await bench.calls.wait_until_ready(id));
        json configuration = json::object();
        for (auto const* const member : kConfiguration) {
            auto const value = properties.value(member, json());
            if (value != now.value(member, json()) && !value.is_null())
                configuration[member] = value;
        }
        if (!configuration.empty()) {
            MERIDIAN_CO_CHECK(co_await bench.calls.lambda("UpdateFunctionConfiguration", "PUT",
                                                          function_path(id, "/configuration"),
                                                          std::move(configuration)));
            MERIDIAN_CO_CHECK(co_await bench.calls.wait_until_ready(id));
        }
        bool const new_machine =
            properties.value("Architectures", json()) != now.value("Architectures", json());
        if (new_machine || !same("Code", properties["Code"], now["Code"])) {
            MERIDIAN_CO_TRY(auto code, co_await code_of(bench, properties));
            code["Architectures"] = properties.value("Architectures", json());
            MERIDIAN_CO_CHECK(co_await bench.calls.lambda(
                "UpdateFunctionCode", "PUT", function_path(id, "/code"), std::move(code)));
            MERIDIAN_CO_CHECK(co_await bench.calls.wait_until_ready(id));
        }
        MERIDIAN_CO_CHECK(co_await put_options(bench.calls, wish, now));
        MERIDIAN_CO_CHECK(co_await put_signing(bench.calls, wish, now));
        MERIDIAN_CO_CHECK(co_await put_tags(bench.calls, wish, standing));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        co_return co_await bench.calls.remove("DeleteFunction", function_path(gone.physical_id));
    }

  private:
    // What GetFunction does not tell. Where an endpoint has no such operation, the default holds.
    static io::Task<> read_options(ServiceCalls& calls, std::string id, json& given) {
        struct Option {
            char const* name;
            std::string target;
            char const* member;
            char const* property;
        };
        for (auto const& option : {
                 Option{"GetFunctionRecursionConfig",
                        function_path(id, "/recursion-config", "2024-08-31"), "RecursiveLoop",
                        "RecursiveLoop"},
                 Option{"GetFunctionCodeSigningConfig",
                        function_path(id, "/code-signing-config", "2020-06-30"),
                        "CodeSigningConfigArn", "CodeSigningConfigArn"},
             }) {
            auto const found = co_await calls.find(option.name, option.target);
            if (!found) {
                if (found.error().code != Errc::kUnavailable)
                    co_return std::unexpected(found.error());
                continue;
            }
            if (*found && (*found)->is_object() && (*found)->contains(option.member))
                given[option.property] = (**found)[option.member];
        }
        auto const management =
            co_await calls.find("GetRuntimeManagementConfig",
                                function_path(id, "/runtime-management-config", "2021-07-20"));
        if (!management) {
            if (management.error().code == Errc::kUnavailable) co_return Result<void>{};
            co_return std::unexpected(management.error());
        }
        if (*management && (*management)->is_object() && (*management)->contains("UpdateRuntimeOn"))
            given["RuntimeManagementConfig"] =
                without_empty(**management, {"UpdateRuntimeOn", "RuntimeVersionArn"});
        co_return Result<void>{};
    }

    // As CreateFunction's Code and UpdateFunctionCode's input have it.
    static io::Task<json> code_of(Workbench& bench, json properties) {
        auto code = properties.value("Code", json::object());
        if (code.contains("S3Bucket") || code.contains("ImageUri")) {
            code.erase("CodeSha256");
            co_return code;
        }
        MERIDIAN_CO_TRY(auto const bytes, co_await bench.package(code.value("CodeSha256", "")));
        co_return json{{"ZipFile", to_base64(bytes)}};
    }

    static io::Task<> put_options(ServiceCalls& calls, Wish const& wish, json const& now) {
        auto const id = wish.physical_id;
        auto const wished = [&](char const* name) { return wish.properties.value(name, json()); };
        auto const differs = [&](char const* name) {
            return wished(name) != now.value(name, json());
        };
        if (differs("ReservedConcurrentExecutions")) {
            auto const value = wished("ReservedConcurrentExecutions");
            auto const target = function_path(id, "/concurrency", "2017-10-31");
            if (value.is_null()) {
                MERIDIAN_CO_CHECK(co_await calls.remove("DeleteFunctionConcurrency", target));
            } else {
                json body = {{"ReservedConcurrentExecutions", value}};
                MERIDIAN_CO_CHECK(co_await calls.lambda("PutFunctionConcurrency", "PUT", target,
                                                        std::move(body)));
            }
        }
        if (differs("RecursiveLoop")) {
            json body = {{"RecursiveLoop", wished("RecursiveLoop")}};
            MERIDIAN_CO_CHECK(co_await calls.lambda(
                "PutFunctionRecursionConfig", "PUT",
                function_path(id, "/recursion-config", "2024-08-31"), std::move(body)));
        }
        if (differs("RuntimeManagementConfig")) {
            MERIDIAN_CO_CHECK(
                co_await calls.lambda("PutRuntimeManagementConfig", "PUT",
                                      function_path(id, "/runtime-management-config", "2021-07-20"),
                                      wished("RuntimeManagementConfig")));
        }
        co_return Result<void>{};
    }

    static io::Task<> put_signing(ServiceCalls& calls, Wish const& wish, json const& now) {
        auto const wished = wish.properties.value("CodeSigningConfigArn", "");
        if (wished == now.value("CodeSigningConfigArn", "")) co_return Result<void>{};
        auto const target = function_path(wish.physical_id, "/code-signing-config", "2020-06-30");
        if (wished.empty())
            co_return co_await calls.remove("DeleteFunctionCodeSigningConfig", target);
        json body = {{"CodeSigningConfigArn", wished}};
        MERIDIAN_CO_CHECK(
            co_await calls.lambda("PutFunctionCodeSigningConfig", "PUT", target, std::move(body)));
        co_return Result<void>{};
    }

    static io::Task<> put_tags(ServiceCalls& calls, Wish const& wish, Standing const& standing) {
        auto const wished = tags_as_map(wish.properties.value("Tags", json::array()));
        auto const now = tags_as_map(standing.properties.value("Tags", json::array()));
        if (wished == now) co_return Result<void>{};
        auto const target =
            "/2017-03-31/tags/" +
            wire::percent_encoded(standing.attributes.attributes.at("Arn").get<std::string>());
        std::string gone;
        for (auto const& [key, value] : now.items()) {
            if (!wished.contains(key))
                gone += (gone.empty() ? "?tagKeys=" : "&tagKeys=") + wire::percent_encoded(key);
        }
        if (!gone.empty()) {
            MERIDIAN_CO_CHECK(co_await calls.remove("UntagResource", target + gone));
        }
        if (!wished.empty()) {
            json body = {{"Tags", wished}};
            MERIDIAN_CO_CHECK(
                co_await calls.lambda("TagResource", "POST", target, std::move(body)));
        }
        co_return Result<void>{};
    }
};

}  // namespace

ResourceType const& lambda_function_type() noexcept {
    static LambdaFunction const kType;
    return kType;
}

}  // namespace meridian::deploy
