// AWS::Lambda::Alias.

#include <array>

#include <fmt/format.h>

#include "deploy/provisioned_concurrency.h"
#include "deploy/resource_type.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kAliasProperties = {
    Property{"FunctionName", Form::kText, "", true, true},
    Property{"Name", Form::kText, "", true, true},
    Property{"FunctionVersion", Form::kText, "", false, true},
    Property{"Description", Form::kText, R"("")"},
    Property{"RoutingConfig", Form::kObject, "{}"},
    Property{"ProvisionedConcurrencyConfig", Form::kObject, "{}"},
};

// The template's list of {FunctionVersion, FunctionWeight} as the API's map.
json weights_of(json const& routing) {
    auto given = routing.value("AdditionalVersionWeights", json());
    if (given.is_object()) return given;
    json out = json::object();
    if (!given.is_array()) return out;
    for (auto const& weight : given) {
        if (!weight.is_object() || !weight.contains("FunctionVersion")) continue;
        auto const& version = weight["FunctionVersion"];
        out[version.is_string() ? version.get<std::string>() : version.dump()] =
            weight.value("FunctionWeight", json(0));
    }
    return out;
}

class LambdaAlias final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override { return "AWS::Lambda::Alias"; }
    [[nodiscard]] PropertyTable properties() const noexcept override { return kAliasProperties; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kAliasProperties, given));
        out["FunctionName"] = short_function_name(out["FunctionName"]);
        MERIDIAN_TRY(out[kConcurrencyProperty], normal_concurrency(out[kConcurrencyProperty]));
        auto& routing = out["RoutingConfig"];
        if (is_resolved(routing)) {
            auto weights = weights_of(routing);
            routing = json::object();
            if (!weights.empty()) routing["AdditionalVersionWeights"] = std::move(weights);
        }
        return out;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        auto const function = wish.properties.value("FunctionName", "");
        auto const alias = wish.properties.value("Name", "");
        MERIDIAN_CO_TRY(
            auto const found,
            co_await bench.calls.find("GetAlias", function_path(function, "/aliases/" + alias)));
        if (!found) co_return std::nullopt;
        json given = {{"FunctionName", function},
                      {"Name", alias},
                      {"FunctionVersion", found->value("FunctionVersion", "")},
                      {"Description", found->value("Description", "")}};
        auto const routing = found->value("RoutingConfig", json());
        if (routing.is_object()) given["RoutingConfig"] = routing;
        MERIDIAN_CO_TRY(given[kConcurrencyProperty],
                        co_await read_concurrency(bench.calls, function, alias));
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        auto const arn = found->value("AliasArn", "");
        Standing out{.physical_id = arn, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = arn;
        out.attributes.attributes["AliasArn"] = arn;
        co_return std::optional(std::move(out));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto existing, co_await read(bench, wish));
        if (existing) co_return co_await update(bench, std::move(wish), std::move(*existing));
        auto const function = wish.properties.value("FunctionName", "");
        auto const alias = wish.properties.value("Name", "");
        auto body = wish.properties;
        body.erase("FunctionName");
        body.erase(kConcurrencyProperty);
        MERIDIAN_CO_CHECK(co_await bench.calls.lambda(
            "CreateAlias", "POST", function_path(function, "/aliases"), std::move(body)));
        MERIDIAN_CO_CHECK(co_await put_concurrency(
            bench.calls, function, alias, wish.properties.value(kConcurrencyProperty, json())));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        auto const function = wish.properties.value("FunctionName", "");
        auto const alias = wish.properties.value("Name", "");
        json body = json::object();
        for (auto const* const member : {"FunctionVersion", "Description", "RoutingConfig"}) {
            if (wish.properties[member] != standing.properties[member])
                body[member] = wish.properties[member];
        }
        // An empty map is what removes the weights.
        if (body.contains("RoutingConfig") && body["RoutingConfig"].empty())
            body["RoutingConfig"] = {{"AdditionalVersionWeights", json::object()}};
        if (!body.empty()) {
            MERIDIAN_CO_CHECK(co_await bench.calls.lambda(
                "UpdateAlias", "PUT", function_path(function, "/aliases/" + alias),
                std::move(body)));
        }
        MERIDIAN_CO_CHECK(co_await put_concurrency(
            bench.calls, function, alias, wish.properties.value(kConcurrencyProperty, json())));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        co_return co_await bench.calls.remove(
            "DeleteAlias", function_path(gone.properties.value("FunctionName", ""),
                                         "/aliases/" + gone.properties.value("Name", "")));
    }
};

}  // namespace

ResourceType const& lambda_alias_type() noexcept {
    static LambdaAlias const kType;
    return kType;
}

}  // namespace meridian::deploy
