// AWS::Lambda::Url.

#include <array>

#include "deploy/resource_type.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kUrlProperties = {
    Property{"TargetFunctionArn", Form::kText, "", true, true},
    Property{"Qualifier", Form::kText, "", true},
    Property{"AuthType", Form::kText, "", false, true},
    Property{"Cors", Form::kObject, "{}"},
    Property{"InvokeMode", Form::kText, R"("BUFFERED")"},
};

std::string url_target(json const& properties) {
    auto const reference = function_reference(properties.value("TargetFunctionArn", ""));
    return function_path(reference.name, "/url", "2021-10-31") +
           qualifier_query(properties.value("Qualifier", ""));
}

class LambdaUrl final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override { return "AWS::Lambda::Url"; }
    [[nodiscard]] PropertyTable properties() const noexcept override { return kUrlProperties; }

    // The qualifier may be part of the function's name.
    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kUrlProperties, given));
        auto const& target = out["TargetFunctionArn"];
        if (target.is_string()) {
            auto const reference = function_reference(target.get_ref<std::string const&>());
            out["TargetFunctionArn"] = reference.name;
            if (!reference.qualifier.empty()) out["Qualifier"] = reference.qualifier;
        }
        auto& cors = out["Cors"];
        if (cors.is_object() && cors.contains("MaxAge")) {
            MERIDIAN_TRY(cors["MaxAge"], coerce(Form::kInteger, cors["MaxAge"], "MaxAge"));
        }
        if (cors.is_object() && cors.contains("AllowCredentials")) {
            MERIDIAN_TRY(cors["AllowCredentials"],
                         coerce(Form::kBoolean, cors["AllowCredentials"], "AllowCredentials"));
        }
        return out;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto const found, co_await bench.calls.find("GetFunctionUrlConfig",
                                                                    url_target(wish.properties)));
        if (!found) co_return std::nullopt;
        json given = {{"TargetFunctionArn", wish.properties.value("TargetFunctionArn", "")},
                      {"AuthType", found->value("AuthType", "")},
                      {"InvokeMode", found->value("InvokeMode", "BUFFERED")}};
        if (found->contains("Cors")) given["Cors"] = (*found)["Cors"];
        if (wish.properties.contains("Qualifier"))
            given["Qualifier"] = wish.properties["Qualifier"];
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        auto const arn = found->value("FunctionArn", "");
        Standing out{.physical_id = arn, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = arn;
        out.attributes.attributes["FunctionArn"] = arn;
        out.attributes.attributes["FunctionUrl"] = found->value("FunctionUrl", "");
        co_return std::optional(std::move(out));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto existing, co_await read(bench, wish));
        if (existing) co_return co_await update(bench, std::move(wish), std::move(*existing));
        json body = {{"AuthType", wish.properties["AuthType"]},
                     {"InvokeMode", wish.properties["InvokeMode"]}};
        if (!wish.properties["Cors"].empty()) body["Cors"] = wish.properties["Cors"];
        MERIDIAN_CO_CHECK(co_await bench.calls.lambda(
            "CreateFunctionUrlConfig", "POST", url_target(wish.properties), std::move(body)));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        json body = json::object();
        for (auto const* const member : {"AuthType", "Cors", "InvokeMode"}) {
            if (wish.properties[member] != standing.properties[member])
                body[member] = wish.properties[member];
        }
        if (!body.empty()) {
            MERIDIAN_CO_CHECK(co_await bench.calls.lambda(
                "UpdateFunctionUrlConfig", "PUT", url_target(wish.properties), std::move(body)));
        }
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        co_return co_await bench.calls.remove("DeleteFunctionUrlConfig",
                                              url_target(gone.properties));
    }
};

}  // namespace

ResourceType const& lambda_url_type() noexcept {
    static LambdaUrl const kType;
    return kType;
}

}  // namespace meridian::deploy
