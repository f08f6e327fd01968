#include "transfer/renaming.h"

#include <fmt/format.h>

namespace meridian::transfer {

using nlohmann::json;

namespace {

void rename_keys(std::map<std::string, json>& things, Renaming const& renaming) {
    std::map<std::string, json> out;
    for (auto& [arn, value] : things) {
        rename_in(value, renaming);
        out[renamed(arn, renaming)] = std::move(value);
    }
    things = std::move(out);
}

// The part of an ARN after "arn:".
std::string partition(Inventory const& inventory) {
    if (inventory.functions.empty()) return "aws";
    auto const& arn = inventory.functions.front().source_arn;
    auto const begin = arn.find(':') + 1;
    return arn.substr(begin, arn.find(':', begin) - begin);
}

}  // namespace

Result<Renaming> read_renaming(std::vector<std::string> const& pairs) {
    Renaming out;
    for (auto const& pair : pairs) {
        auto const equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(Errc::kInvalidParameterValue, "--map is FROM=TO.");
        out.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return out;
}

Renaming own_arns(Inventory const& from, std::string const& region, std::string const& account) {
    if (from.account.empty() || account.empty()) return {};
    auto const of = partition(from);
    return {{fmt::format("arn:{}:lambda:{}:{}:", of, from.region, from.account),
             fmt::format("arn:{}:lambda:{}:{}:", of, region, account)},
            {fmt::format("arn:{}:iam::{}:", of, from.account),
             fmt::format("arn:{}:iam::{}:", of, account)}};
}

std::string renamed(std::string text, Renaming const& renaming) {
    for (auto const& [from, to] : renaming) {
        if (from == to) continue;
        for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
            text.replace(at, from.size(), to);
    }
    return text;
}

void rename_in(json& value, Renaming const& renaming) {
    if (value.is_string()) {
        value = renamed(value.get<std::string>(), renaming);
    } else if (value.is_structured()) {
        for (auto& inner : value) rename_in(inner, renaming);
    }
}

void rename_in(Inventory& inventory, Renaming const& renaming) {
    for (auto& function : inventory.functions) {
        function.arn = renamed(std::move(function.arn), renaming);
        rename_in(function.latest, renaming);
        for (auto& [number, configuration] : function.versions) rename_in(configuration, renaming);
        rename_in(function.parts, renaming);
    }
    for (auto& layer : inventory.layers) {
        layer.arn = renamed(std::move(layer.arn), renaming);
        rename_in(layer.properties, renaming);
    }
    rename_keys(inventory.roles, renaming);
    rename_keys(inventory.policies, renaming);
    rename_keys(inventory.code_signing_configs, renaming);
}

}  // namespace meridian::transfer
