// AWS::Lambda::Permission: one statement of a function's resource policy.

#include <array>

#include "deploy/resource_type.h"
#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kPermissionProperties = {
    Property{"FunctionName", Form::kText, "", true, true},
    Property{"Action", Form::kText, "", true, true},
    Property{"Principal", Form::kText, "", true, true},
    Property{"SourceArn", Form::kText, "", true},
    Property{"SourceAccount", Form::kText, "", true},
    Property{"EventSourceToken", Form::kText, "", true},
    Property{"FunctionUrlAuthType", Form::kText, "", true},
    Property{"PrincipalOrgID", Form::kText, "", true},
    Property{"InvokedViaFunctionUrl", Form::kBoolean, "", true},
};

// A condition's value, whatever its operator.
json condition_of(json const& statement, std::string_view key) {
    for (auto const& [operation, tests] : statement.value("Condition", json::object()).items()) {
        for (auto const& [name, value] : tests.items()) {
            if (name == key) return value;
        }
    }
    return nullptr;
}

json principal_of(json const& statement) {
    auto principal = statement.value("Principal", json());
    if (!principal.is_object()) return principal;
    for (auto const* const kind : {"Service", "AWS"}) {
        if (principal.contains(kind)) return principal[kind];
    }
    return principal;
}

// An account's id is kept as its root's ARN.
bool same_principal(std::string const& wished, std::string const& standing) {
    return wished == standing ||
           (standing.starts_with("arn:") && standing.ends_with("::" + wished + ":root"));
}

class LambdaPermission final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override {
        return "AWS::Lambda::Permission";
    }
    [[nodiscard]] PropertyTable properties() const noexcept override {
        return kPermissionProperties;
    }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kPermissionProperties, given));
        out["FunctionName"] = short_function_name(out["FunctionName"]);
        return out;
    }

    [[nodiscard]] bool same(std::string_view property, json const& wished,
                            json const& standing) const override {
        if (property == "Principal" && wished.is_string() && standing.is_string())
            return same_principal(wished.get<std::string>(), standing.get<std::string>());
        return wished == standing;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        auto const reference = function_reference(wish.properties.value("FunctionName", ""));
        MERIDIAN_CO_TRY(
            auto const found,
            co_await bench.calls.find("GetPolicy", function_path(reference.name, "/policy") +
                                                       qualifier_query(reference.qualifier)));
        if (!found) co_return std::nullopt;
        auto const policy = json::parse(found->value("Policy", "{}"), nullptr, false);
        if (!policy.is_object()) co_return std::nullopt;
        for (auto const& statement : policy.value("Statement", json::array())) {
            if (statement.value("Sid", "") == wish.physical_id)
                co_return standing_of(wish, statement);
        }
        co_return std::nullopt;
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto existing, co_await read(bench, wish));
        if (existing) co_return std::move(*existing);
        auto const reference = function_reference(wish.properties.value("FunctionName", ""));
        auto body = wish.properties;
        body.erase("FunctionName");
        body["StatementId"] = wish.physical_id;
        MERIDIAN_CO_CHECK(co_await bench.calls.lambda(
            "AddPermission", "POST",
            function_path(reference.name, "/policy") + qualifier_query(reference.qualifier),
            std::move(body)));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    // Somebody changed it by hand: statements can only be made anew.
    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        MERIDIAN_CO_CHECK(co_await remove(bench, wish));
        co_return co_await create(bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        auto const reference = function_reference(gone.properties.value("FunctionName", ""));
        co_return co_await bench.calls.remove(
            "RemovePermission",
            function_path(reference.name, "/policy/" + wire::percent_encoded(gone.physical_id)) +
                qualifier_query(reference.qualifier));
    }

  private:
    Result<std::optional<Standing>> standing_of(Wish const& wish, json const& statement) const {
        json given = {{"FunctionName", wish.properties.value("FunctionName", "")},
                      {"Action", statement.value("Action", "")},
                      {"Principal", principal_of(statement)}};
        struct Member {
            char const* property;
            char const* key;
        };
        constexpr Member kMembers[] = {
            {"SourceArn", "AWS:SourceArn"},
            {"SourceAccount", "AWS:SourceAccount"},
            {"EventSourceToken", "lambda:EventSourceToken"},
            {"FunctionUrlAuthType", "lambda:FunctionUrlAuthType"},
            {"PrincipalOrgID", "aws:PrincipalOrgID"},
            {"InvokedViaFunctionUrl", "lambda:InvokedViaFunctionUrl"},
        };
        for (auto const& [property, key] : kMembers) {
            if (auto const value = condition_of(statement, key); !value.is_null())
                given[property] = value;
        }
        MERIDIAN_TRY(auto properties, normalise(given));
        Standing out{
            .physical_id = wish.physical_id, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = wish.physical_id;
        out.attributes.attributes["Id"] = wish.physical_id;
        return std::optional(std::move(out));
    }
};

}  // namespace

ResourceType const& lambda_permission_type() noexcept {
    static LambdaPermission const kType;
    return kType;
}

}  // namespace meridian::deploy
