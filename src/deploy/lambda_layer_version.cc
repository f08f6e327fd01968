// AWS::Lambda::LayerVersion. Any change is a new version; the one before goes when the execution is
// over, unless its DeletionPolicy keeps it.

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/encoding.h"
#include "deploy/resource_type.h"
#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kLayerVersionProperties = {
    Property{"LayerName", Form::kText, "", true},
    Property{"Content", Form::kObject, "", true, true},
    Property{"Description", Form::kText, R"("")", true},
    Property{"LicenseInfo", Form::kText, R"("")", true},
    Property{"CompatibleRuntimes", Form::kList, "[]", true},
    Property{"CompatibleArchitectures", Form::kList, "[]", true},
};

std::string layer_path(std::string const& name) {
    return "/2018-10-31/layers/" + wire::percent_encoded(name) + "/versions";
}

// "arn:…:layer:tools:3" → tools, 3.
struct LayerReference {
    std::string name;
    std::string version;
};
LayerReference layer_reference(std::string const& arn) {
    auto const last = arn.rfind(':');
    if (last == std::string::npos || last == 0) return {arn, {}};
    auto const before = arn.rfind(':', last - 1);
    return {arn.substr(before + 1, last - before - 1), arn.substr(last + 1)};
}

class LambdaLayerVersion final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override {
        return "AWS::Lambda::LayerVersion";
    }
    [[nodiscard]] PropertyTable properties() const noexcept override {
        return kLayerVersionProperties;
    }
    [[nodiscard]] std::string_view name_property() const noexcept override { return "LayerName"; }

    [[nodiscard]] bool same(std::string_view property, json const& wished,
                            json const& standing) const override {
        if (property != "Content") return wished == standing;
        return wished.contains("CodeSha256") && wished["CodeSha256"] == standing["CodeSha256"];
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        if (!wish.physical_id.starts_with("arn:")) co_return std::nullopt;
        auto const reference = layer_reference(wish.physical_id);
        MERIDIAN_CO_TRY(auto const found,
                        co_await bench.calls.find("GetLayerVersion", layer_path(reference.name) +
                                                                         "/" + reference.version));
        if (!found) co_return std::nullopt;
        json given = {
            {"LayerName", reference.name},
            {"Content",
             {{"CodeSha256", found->value("Content", json::object()).value("CodeSha256", "")}}}};
        for (auto const* const member :
             {"Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"}) {
            if (found->contains(member)) given[member] = (*found)[member];
        }
        MERIDIAN_CO_TRY(auto properties, normalise(given));
        Standing out{
            .physical_id = wish.physical_id, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = wish.physical_id;
        out.attributes.attributes["LayerVersionArn"] = wish.physical_id;
        co_return std::optional(std::move(out));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        auto const layer = wish.properties.value("LayerName", "");
        MERIDIAN_CO_TRY(auto existing, co_await newest(bench, layer));
        if (existing && existing->physical_id != wish.physical_id &&
            is_all_same(wish.properties, existing->properties))
            co_return std::move(*existing);
        auto body = wish.properties;
        body.erase("LayerName");
        auto& content = body["Content"];
        if (content.contains("S3Bucket")) {
            content.erase("CodeSha256");
        } else {
            MERIDIAN_CO_TRY(auto const bytes,
                            co_await bench.package(content.value("CodeSha256", "")));
            content = {{"ZipFile", to_base64(bytes)}};
        }
        for (auto const* const optional :
             {"Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"}) {
            if (body[optional].empty() || body[optional] == "") body.erase(optional);
        }
        MERIDIAN_CO_TRY(auto const made,
                        co_await bench.calls.lambda("PublishLayerVersion", "POST",
                                                    layer_path(layer), std::move(body)));
        wish.physical_id = made.value("LayerVersionArn", "");
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing) const override {
        co_return co_await create(bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        auto const reference = layer_reference(gone.physical_id);
        co_return co_await bench.calls.remove("DeleteLayerVersion",
                                              layer_path(reference.name) + "/" + reference.version);
    }

  private:
    [[nodiscard]] bool is_all_same(json const& wished, json const& standing) const {
        for (auto const& property : kLayerVersionProperties) {
            if (!same(property.name, wished.value(std::string(property.name), json()),
                      standing.value(std::string(property.name), json())))
                return false;
        }
        return true;
    }

    // The last one that was published.
    io::Task<std::optional<Standing>> newest(Workbench& bench, std::string layer) const {
        MERIDIAN_CO_TRY(auto const found,
                        co_await bench.calls.find("ListLayerVersions", layer_path(layer)));
        if (!found) co_return std::nullopt;
        auto const versions = found->value("LayerVersions", json::array());
        if (versions.empty()) co_return std::nullopt;
        Wish wish{.logical_id = {},
                  .physical_id = versions.front().value("LayerVersionArn", ""),
                  .properties = {}};
        co_return co_await read(bench, std::move(wish));
    }
};

}  // namespace

ResourceType const& lambda_layer_version_type() noexcept {
    static LambdaLayerVersion const kType;
    return kType;
}

}  // namespace meridian::deploy
