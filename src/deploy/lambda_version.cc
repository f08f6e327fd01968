// AWS::Lambda::Version. An update publishes the function as it is now under the next number; the
// version before stays until the execution is over.

#include "deploy/lambda_version.h"

#include <array>

#include <fmt/format.h>

#include "deploy/provisioned_concurrency.h"
#include "deploy/resource_type.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kVersionProperties = {
    Property{"FunctionName", Form::kText, "", true, true},
    Property{"Description", Form::kText},
    Property{"CodeSha256", Form::kText},
    Property{"ProvisionedConcurrencyConfig", Form::kObject, "{}"},
    Property{kPublishedContent, Form::kObject},
};

// The settings that a version freezes.
constexpr std::array kFrozen = {"Role",       "Handler",          "Runtime",           "Timeout",
                                "MemorySize", "Environment",      "EphemeralStorage",  "Layers",
                                "VpcConfig",  "DeadLetterConfig", "FileSystemConfigs", "KmsKeyArn",
                                "SnapStart",  "TracingConfig",    "LoggingConfig"};

class LambdaVersion final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override { return "AWS::Lambda::Version"; }
    [[nodiscard]] PropertyTable properties() const noexcept override { return kVersionProperties; }
    // Without a description a version has its function's.
    [[nodiscard]] bool has_service_defaults() const noexcept override { return true; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kVersionProperties, given));
        out["FunctionName"] = short_function_name(out["FunctionName"]);
        MERIDIAN_TRY(out[kConcurrencyProperty], normal_concurrency(out[kConcurrencyProperty]));
        return out;
    }

    [[nodiscard]] bool same(std::string_view property, json const& wished,
                            json const& standing) const override {
        if (property == "CodeSha256") return true;  // PublishVersion checks it
        if (property != kPublishedContent) return wished == standing;
        auto const* const code = wished.contains(kPublishToken) ? kPublishToken : "CodeSha256";
        if (!wished.contains(code)) return false;
        return wished[code] == standing.value(code, json()) &&
               (!wished.contains("Settings") ||
                wished["Settings"] == standing.value("Settings", json()));
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        if (wish.physical_id.empty()) co_return std::nullopt;
        auto const reference = function_reference(wish.physical_id);
        if (reference.qualifier.empty()) co_return std::nullopt;  // a name to be
        MERIDIAN_CO_TRY(auto const configuration,
                        co_await bench.calls.find("GetFunctionConfiguration",
                                                  function_path(reference.name, "/configuration") +
                                                      qualifier_query(reference.qualifier)));
        if (!configuration) co_return std::nullopt;
        auto function = settings_of(*configuration, reference.name);
        if (!function) co_return std::unexpected(function.error());
        json given = {{"FunctionName", reference.name},
                      {"Description", configuration->value("Description", "")},
                      {kPublishedContent, published_content(*function, /*with_settings=*/true)}};
        // Lambda knows nothing of it.
        if (wish.before.is_object() && wish.before.contains(kPublishedContent) &&
            wish.before[kPublishedContent].contains(kPublishToken)) {
            given[kPublishedContent][kPublishToken] = wish.before[kPublishedContent][kPublishToken];
        }
        MERIDIAN_CO_TRY(
            given[kConcurrencyProperty],
            co_await read_concurrency(bench.calls, reference.name, reference.qualifier));
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        Standing out{
            .physical_id = wish.physical_id, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = wish.physical_id;
        out.attributes.attributes["Version"] = reference.qualifier;
        out.attributes.attributes["FunctionArn"] = wish.physical_id;
        co_return std::optional(std::move(out));
    }

    // AWS publishes nothing new where nothing changed, so this can be done again.
    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        auto const function = wish.properties.value("FunctionName", "");
        MERIDIAN_CO_CHECK(co_await bench.calls.wait_until_ready(function));
        json body = json::object();
        for (auto const* const member : {"Description", "CodeSha256"}) {
            if (wish.properties.contains(member)) body[member] = wish.properties[member];
        }
        MERIDIAN_CO_TRY(
            auto const made,
            co_await bench.calls.lambda("PublishVersion", "POST",
                                        function_path(function, "/versions"), std::move(body)));
        wish.physical_id = made.value("FunctionArn", "");
        auto const number = made.value("Version", "");
        MERIDIAN_CO_CHECK(co_await bench.calls.wait_until_ready(function, number));
        MERIDIAN_CO_CHECK(co_await put_concurrency(
            bench.calls, function, number, wish.properties.value(kConcurrencyProperty, json())));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        std::string const content = kPublishedContent;
        auto const wished = wish.properties.value(content, json());
        bool const publishes =
            !wished.is_null() && !same(content, wished, standing.properties[content]);
        bool const renamed = wish.properties.contains("Description") &&
                             wish.properties["Description"] != standing.properties["Description"];
        if (publishes || renamed) co_return co_await create(bench, std::move(wish));
        auto const reference = function_reference(wish.physical_id);
        MERIDIAN_CO_CHECK(
            co_await put_concurrency(bench.calls, reference.name, reference.qualifier,
                                     wish.properties.value(kConcurrencyProperty, json())));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        auto const reference = function_reference(gone.physical_id);
        if (reference.qualifier.empty()) {
            co_return fail(Errc::kInternal, fmt::format("{} is no version.", gone.physical_id));
        }
        co_return co_await bench.calls.remove(
            "DeleteFunction", function_path(reference.name) + qualifier_query(reference.qualifier));
    }

  private:
    // As lambda_function_type() normalises them.
    static Result<json> settings_of(json const& configuration, std::string const& function) {
        json given = {{"FunctionName", function},
                      {"Code", {{"CodeSha256", configuration.value("CodeSha256", "")}}},
                      {"Role", configuration.value("Role", "")}};
        for (auto const* const member : kFrozen) {
            if (configuration.contains(member)) given[member] = configuration[member];
        }
        json layers = json::array();
        for (auto const& layer : configuration.value("Layers", json::array()))
            layers.push_back(layer.value("Arn", ""));
        given["Layers"] = std::move(layers);
        if (given.contains("SnapStart"))
            given["SnapStart"] = {{"ApplyOn", given["SnapStart"].value("ApplyOn", "None")}};
        if (given.contains("Environment")) given["Environment"].erase("Error");
        return lambda_function_type().normalise(given);
    }
};

}  // namespace

json published_content(json const& function, bool with_settings) {
    json out = json::object();
    auto const code = function.value("Code", json::object());
    if (code.contains("CodeSha256")) out["CodeSha256"] = code["CodeSha256"];
    if (!with_settings) return out;
    auto& settings = out["Settings"];
    for (auto const* const member : kFrozen) {
        if (function.contains(member)) settings[member] = function[member];
    }
    return out;
}

ResourceType const& lambda_version_type() noexcept {
    static LambdaVersion const kType;
    return kType;
}

}  // namespace meridian::deploy
