#include "transfer/inventory_reader.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "transfer/function_reader.h"
#include "transfer/layer_reader.h"
#include "transfer/normal_form.h"
#include "transfer/role_reader.h"
#include "transfer/told.h"

namespace meridian::transfer {

using deploy::AwsApi;
using nlohmann::json;

namespace {

// What the two readers share while they read.
struct RegionReading {
    Lanes lanes;
    Progress progress;
    Inventory inventory;
    std::size_t done = 0;
    std::size_t total = 0;

    [[nodiscard]] AwsApi& first() const { return *lanes.front(); }
    void finished(std::string const& what) {
        ++done;
        if (progress) progress(done, total, what);
    }
};

// Answers that are JSON, but not what the API's model says.
io::Task<> checked(io::Task<> reading) {
    try {
        co_return co_await std::move(reading);
    } catch (json::exception const& error) {
        co_return fail(Errc::kIo,
                       fmt::format("An answer is not what AWS's API says: {}", error.what()));
    }
}

io::Task<> begin_reading(RegionReading& reading) {
    auto& inventory = reading.inventory;
    inventory.region = reading.first().region();
    auto account = co_await read_account(reading.first());
    if (!account && account.error().code != Errc::kAccessDenied)
        co_return std::unexpected(account.error());
    if (account)
        inventory.account = *account;
    else
        inventory.untold.push_back({"GetCallerIdentity", "the account", account.error().message});
    co_return Result<void>{};
}

io::Task<std::vector<std::string>> list_names(RegionReading& reading, Selection selection) {
    MERIDIAN_CO_TRY(auto const list,
                    co_await ask_list(reading.first(), "/2015-03-31/functions/", "Functions"));
    if (!list.present()) {
        co_return fail(Errc::kAccessDenied,
                       fmt::format("ListFunctions of {}: {}", reading.inventory.region,
                                   list.untold() ? list.reason : "there is no such operation"));
    }
    std::set<std::string> names;
    for (auto const& function : list.body) names.insert(function.value("FunctionName", ""));
    if (selection.functions.empty()) co_return std::vector(names.begin(), names.end());
    std::set<std::string> chosen;
    for (auto const& pattern : selection.functions) {
        auto const before = chosen.size();
        bool found = false;
        for (auto const& name : names) {
            if (!matches(pattern, name)) continue;
            found = true;
            chosen.insert(name);
        }
        if (!found && chosen.size() == before && !selection.missing_is_fine) {
            co_return fail(Errc::kResourceNotFound, fmt::format("Region {} has no function {}.",
                                                                reading.inventory.region, pattern));
        }
    }
    co_return std::vector(chosen.begin(), chosen.end());
}

io::Task<> read_functions(RegionReading& reading, std::vector<std::string> names) {
    auto& inventory = reading.inventory;
    inventory.functions.resize(names.size());
    reading.total += names.size();
    MERIDIAN_CO_CHECK(co_await for_each_in_lanes(
        reading.lanes, names.size(), [&](AwsApi& lane, std::size_t n) -> io::Task<> {
            MERIDIAN_CO_TRY(inventory.functions[n],
                            co_await read_function(lane, names[n], inventory.untold));
            reading.finished("function " + names[n]);
            co_return Result<void>{};
        }));
    std::vector<std::string> arns;
    for (auto const& function : inventory.functions) arns.push_back(function.arn);
    MERIDIAN_CO_TRY(auto mappings, co_await read_mappings(reading.first(), arns, inventory.untold));
    for (auto& function : inventory.functions) {
        auto const found = mappings.find(function.arn);
        if (found != mappings.end())
            function.parts["EventSourceMappings"] = std::move(found->second);
    }
    co_return Result<void>{};
}

// Calls `each` with every configuration of every function.
template <typename Each>
void for_each_configuration(Inventory const& inventory, Each each) {
    for (auto const& function : inventory.functions) {
        each(function.latest);
        for (auto const& [number, configuration] : function.versions) each(configuration);
    }
}

std::set<std::string> used_layers(Inventory const& inventory) {
    std::set<std::string> arns;
    for_each_configuration(inventory, [&](json const& configuration) {
        for (auto const& arn : configuration.value("Layers", json::array()))
            arns.insert(arn.get<std::string>());
    });
    return arns;
}

std::vector<std::string> used_roles(Inventory const& inventory) {
    std::set<std::string> arns;
    for_each_configuration(inventory, [&](json const& configuration) {
        arns.insert(configuration.value("Role", ""));
    });
    arns.erase("");
    return {arns.begin(), arns.end()};
}

io::Task<> read_layers(RegionReading& reading, std::set<std::string> wanted) {
    std::vector<std::string> const arns(wanted.begin(), wanted.end());
    reading.total += arns.size();
    auto& inventory = reading.inventory;
    MERIDIAN_CO_CHECK(co_await for_each_in_lanes(
        reading.lanes, arns.size(), [&](AwsApi& lane, std::size_t n) -> io::Task<> {
            MERIDIAN_CO_CHECK(co_await read_layer_version(lane, arns[n], inventory));
            reading.finished("layer version " + arns[n]);
            co_return Result<void>{};
        }));
    std::ranges::sort(inventory.layers, {}, [](LayerVersionRecord const& layer) {
        return std::pair(layer.layer(), layer.number());
    });
    co_return Result<void>{};
}

io::Task<> read_roles(RegionReading& reading, std::vector<std::string> arns) {
    reading.total += arns.size();
    co_return co_await for_each_in_lanes(
        reading.lanes, arns.size(), [&](AwsApi& lane, std::size_t n) -> io::Task<> {
            MERIDIAN_CO_CHECK(co_await read_role(lane, arns[n], reading.inventory));
            reading.finished("role " + last_part(arns[n]));
            co_return Result<void>{};
        });
}

io::Task<> read_everything(RegionReading& reading, Selection selection) {
    MERIDIAN_CO_CHECK(co_await begin_reading(reading));
    MERIDIAN_CO_TRY(auto const names, co_await list_names(reading, selection));
    MERIDIAN_CO_CHECK(co_await read_functions(reading, names));
    auto& inventory = reading.inventory;
    // An account that STS would not tell stands in the functions' own ARNs.
    if (inventory.account.empty() && !inventory.functions.empty()) {
        auto const before = inventory.functions.front().arn.find(":function:");
        auto const text = inventory.functions.front().arn.substr(0, before);
        inventory.account = text.substr(text.rfind(':') + 1);
    }
    auto layers = used_layers(inventory);
    if (selection.functions.empty()) {
        MERIDIAN_CO_TRY(auto const all,
                        co_await list_layer_versions(reading.first(), {}, inventory));
        layers.insert(all.begin(), all.end());
    }
    MERIDIAN_CO_CHECK(co_await read_layers(reading, std::move(layers)));
    MERIDIAN_CO_CHECK(co_await read_roles(reading, used_roles(inventory)));
    std::set<std::string> signing;
    for (auto const& function : inventory.functions)
        signing.insert(function.parts.value("CodeSigningConfigArn", ""));
    signing.erase("");
    for (auto const& arn : signing) {
        MERIDIAN_CO_CHECK(co_await read_code_signing_config(reading.first(), arn, inventory));
    }
    co_return Result<void>{};
}

io::Task<> read_same_names(RegionReading& reading, Inventory const& wanted) {
    MERIDIAN_CO_CHECK(co_await begin_reading(reading));
    Selection selection{.missing_is_fine = true};
    for (auto const& function : wanted.functions) selection.functions.push_back(function.name());
    if (!selection.functions.empty()) {
        MERIDIAN_CO_TRY(auto const names, co_await list_names(reading, selection));
        MERIDIAN_CO_CHECK(co_await read_functions(reading, names));
    }
    auto& inventory = reading.inventory;
    std::set<std::string> layer_names, layers;
    for (auto const& layer : wanted.layers) layer_names.insert(layer.layer());
    for (auto const& layer : layer_names) {
        MERIDIAN_CO_TRY(auto const arns,
                        co_await list_layer_versions(reading.first(), layer, inventory));
        layers.insert(arns.begin(), arns.end());
    }
    MERIDIAN_CO_CHECK(co_await read_layers(reading, std::move(layers)));
    std::vector<std::string> roles;
    for (auto const& [arn, role] : wanted.roles) roles.push_back(arn);
    MERIDIAN_CO_CHECK(co_await read_roles(reading, std::move(roles)));
    for (auto const& [arn, policy] : wanted.policies) {
        if (inventory.policies.contains(arn)) continue;
        MERIDIAN_CO_CHECK(co_await read_policy(reading.first(), arn, inventory));
    }
    if (!wanted.code_signing_configs.empty()) {
        MERIDIAN_CO_CHECK(co_await read_code_signing_configs(reading.first(), inventory));
    }
    co_return Result<void>{};
}

}  // namespace

io::Task<std::string> read_account(AwsApi& api) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await api.query("sts", "GetCallerIdentity", json::object()));
    if (!answer.ok()) co_return fail(Errc::kAccessDenied, error_text(answer));
    auto const account = answer.body.is_object() ? answer.body.value("Account", json()) : json();
    if (!account.is_string()) co_return fail(Errc::kAccessDenied, "there is no Account in it");
    co_return account.get<std::string>();
}

void keep_what_is_used(Inventory& inventory) {
    auto const layers = used_layers(inventory);
    std::erase_if(inventory.layers,
                  [&](LayerVersionRecord const& layer) { return !layers.contains(layer.arn); });
    auto const roles = used_roles(inventory);
    std::erase_if(inventory.roles, [&](auto const& role) {
        return std::ranges::find(roles, role.first) == roles.end();
    });
    std::set<std::string> policies, signing;
    for (auto const& [arn, role] : inventory.roles) {
        for (auto const& policy : role.value("ManagedPolicies", json::array()))
            policies.insert(policy.get<std::string>());
        policies.insert(role.value("PermissionsBoundary", ""));
    }
    std::erase_if(inventory.policies,
                  [&](auto const& policy) { return !policies.contains(policy.first); });
    for (auto const& function : inventory.functions)
        signing.insert(function.parts.value("CodeSigningConfigArn", ""));
    std::erase_if(inventory.code_signing_configs,
                  [&](auto const& config) { return !signing.contains(config.first); });
}

bool matches(std::string_view pattern, std::string_view name) {
    std::size_t p = 0, n = 0;
    auto star = std::string_view::npos;
    std::size_t after_star = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            after_star = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++after_star;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

io::Task<Inventory> read_inventory(Lanes lanes, Selection selection, Progress progress) {
    RegionReading reading{
        .lanes = std::move(lanes), .progress = std::move(progress), .inventory = {}};
    MERIDIAN_CO_CHECK(co_await checked(read_everything(reading, std::move(selection))));
    co_return std::move(reading.inventory);
}

io::Task<Inventory> read_counterparts(Lanes lanes, Inventory const& wanted, Progress progress) {
    RegionReading reading{
        .lanes = std::move(lanes), .progress = std::move(progress), .inventory = {}};
    MERIDIAN_CO_CHECK(co_await checked(read_same_names(reading, wanted)));
    co_return std::move(reading.inventory);
}

}  // namespace meridian::transfer
