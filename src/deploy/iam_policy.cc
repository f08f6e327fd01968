// AWS::IAM::Policy: one inline policy of roles, users and groups.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "deploy/policy_holder.h"
#include "deploy/policy_text.h"
#include "deploy/resource_type.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kPolicyProperties = {
    Property{"PolicyName", Form::kText, "", true, true},
    Property{"PolicyDocument", Form::kAny, "", false, true},
    Property{"Roles", Form::kList, "[]"},
    Property{"Users", Form::kList, "[]"},
    Property{"Groups", Form::kList, "[]"},
};

std::string action_of(char const* verb, PolicyHolder const& holder) {
    return fmt::format("{}{}Policy", verb, holder.noun);
}

class IamPolicy final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override { return "AWS::IAM::Policy"; }
    [[nodiscard]] PropertyTable properties() const noexcept override { return kPolicyProperties; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kPolicyProperties, given));
        out["PolicyDocument"] = policy_document(out["PolicyDocument"]);
        for (auto const& holder : kPolicyHolders) {
            if (auto& names = out[holder.property]; names.is_array())
                std::sort(names.begin(), names.end());
        }
        return out;
    }

    // A holder counts as one only if it has the very document; one with another stands for it.
    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        if (!wish.before.is_object()) co_return std::nullopt;
        auto const policy = wish.before.value("PolicyName", "");
        json given = {{"PolicyName", policy}, {"PolicyDocument", wish.before["PolicyDocument"]}};
        for (auto const& holder : kPolicyHolders) {
            json holding = json::array();
            for (auto const& who : wish.before.value(holder.property, json::array())) {
                json input = {{holder.parameter, who}, {"PolicyName", policy}};
                MERIDIAN_CO_TRY(auto const found, co_await bench.calls.find_iam(
                                                      action_of("Get", holder), std::move(input)));
                if (!found) continue;
                auto const document = policy_document(found->value("PolicyDocument", ""));
                if (document != wish.before["PolicyDocument"]) given["PolicyDocument"] = document;
                holding.push_back(who);
            }
            given[holder.property] = std::move(holding);
        }
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        co_return std::optional(standing_of(policy, std::move(properties)));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        co_return co_await put(bench, std::move(wish), json::object());
    }
    io::Task<Standing> update(Workbench& bench, Wish wish, Standing) const override {
        auto before = wish.before;
        co_return co_await put(bench, std::move(wish), std::move(before));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        co_return co_await remove_from(bench, gone.properties, json::object());
    }

  private:
    static Standing standing_of(std::string const& policy, json properties) {
        Standing out{.physical_id = policy, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = policy;
        return out;
    }

    io::Task<Standing> put(Workbench& bench, Wish wish, json before) const {
        auto const policy = wish.properties.value("PolicyName", "");
        for (auto const& holder : kPolicyHolders) {
            for (auto const& who : wish.properties[holder.property]) {
                json input = {{holder.parameter, who},
                              {"PolicyName", policy},
                              {"PolicyDocument", wish.properties["PolicyDocument"].dump()}};
                MERIDIAN_CO_CHECK(
                    co_await bench.calls.iam(action_of("Put", holder), std::move(input)));
            }
        }
        if (before.is_object()) {
            MERIDIAN_CO_CHECK(co_await remove_from(bench, std::move(before), wish.properties));
        }
        co_return standing_of(policy, wish.properties);
    }

    // Takes it from those in `before` that are not in `kept`.
    static io::Task<> remove_from(Workbench& bench, json before, json kept) {
        bool const same_name =
            kept.value("PolicyName", json()) == before.value("PolicyName", json());
        for (auto const& holder : kPolicyHolders) {
            auto const still =
                same_name ? kept.value(holder.property, json::array()) : json::array();
            for (auto const& who : before.value(holder.property, json::array())) {
                if (std::ranges::find(still, who) != still.end()) continue;
                json input = {{holder.parameter, who}, {"PolicyName", before["PolicyName"]}};
                MERIDIAN_CO_CHECK(
                    co_await bench.calls.remove_iam(action_of("Delete", holder), std::move(input)));
            }
        }
        co_return Result<void>{};
    }
};

}  // namespace

ResourceType const& iam_policy_type() noexcept {
    static IamPolicy const kType;
    return kType;
}

}  // namespace meridian::deploy
