// AWS::IAM::ManagedPolicy.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "deploy/given_items.h"
#include "deploy/policy_holder.h"
#include "deploy/policy_text.h"
#include "deploy/resource_type.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

// IAM keeps five versions of a policy (IAM User Guide, quotas).
constexpr std::size_t kPolicyVersionsMax = 5;

constexpr std::array kManagedPolicyProperties = {
    Property{"ManagedPolicyName", Form::kText, "", true},
    Property{"PolicyDocument", Form::kAny, "", false, true},
    Property{"Description", Form::kText, R"("")", true},
    Property{"Path", Form::kText, R"("/")", true},
    Property{"Roles", Form::kList, "[]"},
    Property{"Users", Form::kList, "[]"},
    Property{"Groups", Form::kList, "[]"},
};

class IamManagedPolicy final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override {
        return "AWS::IAM::ManagedPolicy";
    }
    [[nodiscard]] PropertyTable properties() const noexcept override {
        return kManagedPolicyProperties;
    }
    [[nodiscard]] std::string_view name_property() const noexcept override {
        return "ManagedPolicyName";
    }
    [[nodiscard]] bool is_global() const noexcept override { return true; }
    [[nodiscard]] bool is_unique_by_name() const noexcept override { return true; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kManagedPolicyProperties, given));
        out["PolicyDocument"] = policy_document(out["PolicyDocument"]);
        for (auto const& holder : kPolicyHolders) {
            if (auto& names = out[holder.property]; names.is_array())
                std::sort(names.begin(), names.end());
        }
        return out;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        auto const arn = arn_of(bench, wish);
        json const named = {{"PolicyArn", arn}};
        MERIDIAN_CO_TRY(auto const found, co_await bench.calls.find_iam("GetPolicy", named));
        if (!found) co_return std::nullopt;
        auto const policy = found->value("Policy", json::object());
        json input = {{"PolicyArn", arn}, {"VersionId", policy.value("DefaultVersionId", "v1")}};
        MERIDIAN_CO_TRY(auto const version,
                        co_await bench.calls.iam("GetPolicyVersion", std::move(input)));
        json given = {
            {"ManagedPolicyName", policy.value("PolicyName", "")},
            {"PolicyDocument",
             policy_document(version.value("PolicyVersion", json::object()).value("Document", ""))},
            {"Path", policy.value("Path", "/")}};
        if (policy.contains("Description") && policy["Description"].is_string())
            given["Description"] = policy["Description"];
        MERIDIAN_CO_TRY(auto const entities,
                        co_await bench.calls.iam("ListEntitiesForPolicy", named));
        for (auto const& holder : kPolicyHolders) {
            json names = json::array();
            auto const listed = entities.value(holder.listed, json::array());
            if (listed.is_array()) {
                for (auto const& entity : listed)
                    names.push_back(entity.value(holder.parameter, ""));
            }
            given[holder.property] = given_by(names, wish, holder.property);
        }
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        Standing out{.physical_id = arn, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = arn;
        out.attributes.attributes["PolicyArn"] = arn;
        co_return std::optional(std::move(out));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto existing, co_await read(bench, wish));
        if (!existing) {
            json input = {{"PolicyName", wish.properties["ManagedPolicyName"]},
                          {"PolicyDocument", wish.properties["PolicyDocument"].dump()},
                          {"Path", wish.properties["Path"]}};
            if (wish.properties["Description"] != "")
                input["Description"] = wish.properties["Description"];
            auto const made = co_await bench.calls.iam("CreatePolicy", std::move(input));
            if (!made && made.error().code != Errc::kResourceConflict)
                co_return std::unexpected(made.error());
            MERIDIAN_CO_TRY(auto fresh, co_await read_again(*this, bench, wish));
            existing = std::move(fresh);
        }
        co_return co_await update(bench, std::move(wish), std::move(*existing));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        auto& calls = bench.calls;
        auto const arn = standing.physical_id;
        if (wish.properties["PolicyDocument"] != standing.properties["PolicyDocument"]) {
            MERIDIAN_CO_CHECK(co_await make_room(calls, arn));
            json input = {{"PolicyArn", arn},
                          {"PolicyDocument", wish.properties["PolicyDocument"].dump()},
                          {"SetAsDefault", true}};
            MERIDIAN_CO_CHECK(co_await calls.iam("CreatePolicyVersion", std::move(input)));
        }
        for (auto const& holder : kPolicyHolders) {
            MERIDIAN_CO_CHECK(co_await put_holders(calls, arn, holder,
                                                   wish.properties[holder.property],
                                                   standing.properties[holder.property]));
        }
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        auto& calls = bench.calls;
        auto const arn = arn_of(bench, gone);
        json const named = {{"PolicyArn", arn}};
        MERIDIAN_CO_TRY(auto const found, co_await calls.find_iam("GetPolicy", named));
        if (!found) co_return Result<void>{};
        for (auto const& holder : kPolicyHolders) {
            MERIDIAN_CO_CHECK(
                co_await put_holders(calls, arn, holder, json::array(),
                                     gone.properties.value(holder.property, json::array())));
        }
        MERIDIAN_CO_TRY(auto const versions,
                        co_await calls.list_iam("ListPolicyVersions", "Versions", named));
        for (auto const& version : versions) {
            if (is_default(version)) continue;
            json input = {{"PolicyArn", arn}, {"VersionId", version.value("VersionId", "")}};
            MERIDIAN_CO_CHECK(co_await calls.remove_iam("DeletePolicyVersion", std::move(input)));
        }
        co_return co_await calls.remove_iam("DeletePolicy", named);
    }

  private:
    static bool is_default(json const& version) {
        auto const flag = version.value("IsDefaultVersion", json(false));
        return flag == true || flag == "true";
    }

    static std::string arn_of(Workbench& bench, Wish const& wish) {
        if (wish.physical_id.starts_with("arn:")) return wish.physical_id;
        return fmt::format("arn:aws:iam::{}:policy{}{}", bench.account,
                           wish.properties.value("Path", "/"),
                           wish.properties.value("ManagedPolicyName", ""));
    }

    static io::Task<> put_holders(ServiceCalls& calls, std::string arn, PolicyHolder const& holder,
                                  json wished, json now) {
        for (auto const& who : wished) {
            if (std::ranges::find(now, who) != now.end()) continue;
            json input = {{holder.parameter, who}, {"PolicyArn", arn}};
            MERIDIAN_CO_CHECK(
                co_await calls.iam(fmt::format("Attach{}Policy", holder.noun), std::move(input)));
        }
        for (auto const& who : now) {
            if (std::ranges::find(wished, who) != wished.end()) continue;
            json input = {{holder.parameter, who}, {"PolicyArn", arn}};
            MERIDIAN_CO_CHECK(co_await calls.remove_iam(fmt::format("Detach{}Policy", holder.noun),
                                                        std::move(input)));
        }
        co_return Result<void>{};
    }

    // The oldest version goes where there is room for no other.
    static io::Task<> make_room(ServiceCalls& calls, std::string arn) {
        json const named = {{"PolicyArn", arn}};
        MERIDIAN_CO_TRY(auto const versions,
                        co_await calls.list_iam("ListPolicyVersions", "Versions", named));
        if (versions.size() < kPolicyVersionsMax) co_return Result<void>{};
        std::string oldest;
        for (auto const& version : versions) {
            auto const id = version.value("VersionId", "");
            if (is_default(version)) continue;
            if (oldest.empty() || id.size() < oldest.size() ||
                (id.size() == oldest.size() && id < oldest))
                oldest = id;
        }
        json input = {{"PolicyArn", arn}, {"VersionId", oldest}};
        co_return co_await calls.remove_iam("DeletePolicyVersion", std::move(input));
    }
};

}  // namespace

ResourceType const& iam_managed_policy_type() noexcept {
    static IamManagedPolicy const kType;
    return kType;
}

}  // namespace meridian::deploy
