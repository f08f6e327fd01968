// AWS::Lambda::EventInvokeConfig.

#include <array>

#include "deploy/resource_type.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kEventInvokeConfigProperties = {
    Property{"FunctionName", Form::kText, "", true, true},
    Property{"Qualifier", Form::kText, "", true, true},
    Property{"MaximumEventAgeInSeconds", Form::kInteger},
    Property{"MaximumRetryAttempts", Form::kInteger},
    Property{"DestinationConfig", Form::kObject, "{}"},
};

std::string event_invoke_config_target(json const& properties) {
    return function_path(properties.value("FunctionName", ""), "/event-invoke-config",
                         "2019-09-25") +
           qualifier_query(properties.value("Qualifier", ""));
}

// Without sides that say nothing.
json destinations_of(json const& given) {
    if (is_reference(given)) return given;
    json out = json::object();
    for (auto const* const side : {"OnSuccess", "OnFailure"}) {
        if (given.contains(side) && !given[side].empty()) out[side] = given[side];
    }
    return out;
}

class LambdaEventInvokeConfig final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override {
        return "AWS::Lambda::EventInvokeConfig";
    }
    [[nodiscard]] PropertyTable properties() const noexcept override {
        return kEventInvokeConfigProperties;
    }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kEventInvokeConfigProperties, given));
        out["FunctionName"] = short_function_name(out["FunctionName"]);
        out["DestinationConfig"] = destinations_of(out["DestinationConfig"]);
        return out;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto const found,
                        co_await bench.calls.find("GetFunctionEventInvokeConfig",
                                                  event_invoke_config_target(wish.properties)));
        if (!found) co_return std::nullopt;
        json given = {{"FunctionName", wish.properties["FunctionName"]},
                      {"Qualifier", wish.properties["Qualifier"]}};
        for (auto const* const member :
             {"MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig"}) {
            if (found->contains(member)) given[member] = (*found)[member];
        }
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        auto const id = wish.properties.value("FunctionName", "") + "|" +
                        wish.properties.value("Qualifier", "");
        Standing out{.physical_id = id, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = id;
        co_return std::optional(std::move(out));
    }

    // A put replaces all of it.
    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        auto body = wish.properties;
        body.erase("FunctionName");
        body.erase("Qualifier");
        if (body["DestinationConfig"].empty()) body.erase("DestinationConfig");
        MERIDIAN_CO_CHECK(co_await bench.calls.lambda("PutFunctionEventInvokeConfig", "PUT",
                                                      event_invoke_config_target(wish.properties),
                                                      std::move(body)));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing) const override {
        co_return co_await create(bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        co_return co_await bench.calls.remove("DeleteFunctionEventInvokeConfig",
                                              event_invoke_config_target(gone.properties));
    }
};

}  // namespace

ResourceType const& lambda_event_invoke_config_type() noexcept {
    static LambdaEventInvokeConfig const kType;
    return kType;
}

}  // namespace meridian::deploy
