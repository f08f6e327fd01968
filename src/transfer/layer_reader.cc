#include "transfer/layer_reader.h"

#include <fmt/format.h>

#include "transfer/normal_form.h"
#include "transfer/told.h"
#include "wire/uri.h"

namespace meridian::transfer {

using deploy::AwsApi;
using nlohmann::json;

namespace {

constexpr char const* kLayers = "/2018-10-31/layers";
constexpr char const* kSigning = "/2020-04-22/code-signing-configs";

std::string policy_path(LayerVersionRecord const& layer) {
    return fmt::format("{}/{}/versions/{}/policy", kLayers, wire::percent_encoded(layer.layer()),
                       layer.number());
}

bool of_account(std::string const& arn, std::string const& account) {
    return arn.find(":" + account + ":layer:") != std::string::npos;
}

}  // namespace

std::string layer_version_target(std::string const& arn, std::string const& account) {
    LayerVersionRecord const layer{.arn = arn};
    if (of_account(arn, account)) {
        return fmt::format("{}/{}/versions/{}", kLayers, wire::percent_encoded(layer.layer()),
                           layer.number());
    }
    return fmt::format("{}?find=LayerVersion&Arn={}", kLayers, wire::percent_encoded(arn));
}

io::Task<> read_layer_version(AwsApi& api, std::string arn, Inventory& inventory) {
    LayerVersionRecord layer{.arn = arn, .source_arn = arn};
    auto const note = [&](char const* what, std::string reason) {
        inventory.untold.push_back({what, "layer version " + arn, std::move(reason)});
    };
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(api, layer_version_target(arn, inventory.account)));
    if (!answer.present()) {
        note("GetLayerVersion",
             answer.untold() ? answer.reason : "it was deleted, but functions name it");
        co_return Result<void>{};
    }
    layer.properties = normal_layer_version(answer.body);
    if (of_account(arn, inventory.account)) {
        MERIDIAN_CO_TRY(auto const policy, co_await ask(api, policy_path(layer)));
        if (policy.untold()) note("GetLayerVersionPolicy", policy.reason);
        if (policy.present() && policy.body.is_object()) {
            auto statements = normal_statements(policy.body.value("Policy", ""));
            if (!statements.empty()) layer.properties["Policy"] = std::move(statements);
        }
    }
    inventory.layers.push_back(std::move(layer));
    co_return Result<void>{};
}

io::Task<std::vector<std::string>> list_layer_versions(AwsApi& api, std::string layer,
                                                       Inventory& inventory) {
    std::vector<std::string> layers = {layer};
    if (layer.empty()) {
        layers.clear();
        MERIDIAN_CO_TRY(auto const all, co_await ask_list(api, kLayers, "Layers"));
        if (all.untold())
            inventory.untold.push_back({"ListLayers", "region " + api.region(), all.reason});
        if (all.present()) {
            for (auto const& one : all.body) layers.push_back(one.value("LayerName", ""));
        }
    }
    std::vector<std::string> arns;
    for (auto const& name : layers) {
        MERIDIAN_CO_TRY(
            auto const versions,
            co_await ask_list(api,
                              fmt::format("{}/{}/versions", kLayers, wire::percent_encoded(name)),
                              "LayerVersions"));
        if (versions.untold())
            inventory.untold.push_back({"ListLayerVersions", "layer " + name, versions.reason});
        if (!versions.present()) continue;
        for (auto const& version : versions.body)
            arns.push_back(version.value("LayerVersionArn", ""));
    }
    co_return arns;
}

io::Task<> read_code_signing_config(AwsApi& api, std::string arn, Inventory& inventory) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(api, fmt::format("{}/{}", kSigning, wire::percent_encoded(arn))));
    if (answer.present() && answer.body.is_object()) {
        inventory.code_signing_configs[arn] =
            normal_code_signing_config(answer.body.value("CodeSigningConfig", json::object()));
    } else {
        inventory.untold.push_back(
            {"GetCodeSigningConfig", arn, answer.untold() ? answer.reason : "it is not there"});
    }
    co_return Result<void>{};
}

io::Task<> read_code_signing_configs(AwsApi& api, Inventory& inventory) {
    MERIDIAN_CO_TRY(auto const all, co_await ask_list(api, kSigning, "CodeSigningConfigs"));
    if (all.untold())
        inventory.untold.push_back(
            {"ListCodeSigningConfigs", "region " + api.region(), all.reason});
    if (!all.present()) co_return Result<void>{};
    for (auto const& one : all.body)
        inventory.code_signing_configs[one.value("CodeSigningConfigArn", "")] =
            normal_code_signing_config(one);
    co_return Result<void>{};
}

}  // namespace meridian::transfer
