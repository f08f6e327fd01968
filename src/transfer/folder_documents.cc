// The folder's files as values.

#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/encoding.h"
#include "transfer/folder.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

constexpr char const* kFormat = "meridian-transfer";
constexpr int kFormatVersion = 1;
constexpr std::size_t kLevelsMax = 64;
constexpr char const* kManifest = "transfer.json";

// The file's name of a thing: part of its ARN, which comes from outside.
std::string file_name(std::string const& arn) {
    std::string out;
    for (char const c : last_part(arn)) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || std::string_view("-_+=,.@").contains(c);
        out += plain ? c : '_';
    }
    if (out.empty() || out.starts_with('.')) out.insert(0, "_");
    return out;
}

std::string function_folder(FunctionRecord const& function) {
    return "functions/" + file_name(function.arn);
}

std::string layer_file(LayerVersionRecord const& layer) {
    return fmt::format("layers/{}/{}", file_name(layer.layer()), layer.number());
}

json function_document(FunctionRecord const& function) {
    auto out = function.parts;
    out["Arn"] = function.arn;
    out["Configuration"] = function.latest;
    // A mapping gets another UUID wherever it goes.
    if (out.contains("EventSourceMappings")) {
        for (auto& mapping : out["EventSourceMappings"]) mapping.erase("UUID");
    }
    return out;
}

Result<std::string> take_arn(json& document, std::string const& file) {
    auto const arn = document.find("Arn");
    if (arn == document.end() || !arn->is_string() ||
        !arn->get_ref<std::string const&>().starts_with("arn:"))
        return fail(Errc::kInvalidParameterValue, fmt::format("{}: Arn is missing.", file));
    auto out = arn->get<std::string>();
    document.erase("Arn");
    return out;
}

Result<void> check_configuration(json const& configuration, std::string const& file) {
    auto const bad = [&](std::string_view what) {
        return fail(Errc::kInvalidParameterValue, fmt::format("{}: {}", file, what));
    };
    if (!configuration.is_object()) return bad("Configuration is no object.");
    for (auto const* const member : {"Role", "CodeSha256", "ImageUri", "Handler", "Runtime"}) {
        if (configuration.contains(member) && !configuration[member].is_string())
            return bad(fmt::format("{} is no text.", member));
    }
    for (auto const& layer : configuration.value("Layers", json::array())) {
        if (!layer.is_string()) return bad("Layers holds something that is no text.");
    }
    return {};
}

Result<void> check_parts(json const& parts, std::string const& file) {
    for (auto const* const member : {"Aliases", "Policies", "FunctionUrls", "EventInvokeConfigs",
                                     "ProvisionedConcurrency", "RuntimeManagement", "Tags"}) {
        if (parts.contains(member) && !parts[member].is_object())
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{}: {} is no object.", file, member));
    }
    for (auto const* const member :
         {"Aliases", "FunctionUrls", "EventInvokeConfigs", "RuntimeManagement"}) {
        for (auto const& [name, value] : parts.value(member, json::object()).items()) {
            if (!value.is_object())
                return fail(Errc::kInvalidParameterValue,
                            fmt::format("{}: {} {} is no object.", file, member, name));
        }
    }
    auto const list_of_objects = [&](json const& list, char const* what) -> Result<void> {
        bool good = list.is_array();
        for (auto const& item : list) good = good && item.is_object();
        if (good) return {};
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{}: {} is no list of objects.", file, what));
    };
    for (auto const& [qualifier, statements] : parts.value("Policies", json::object()).items()) {
        MERIDIAN_CHECK(list_of_objects(statements, "Policies"));
    }
    if (parts.contains("EventSourceMappings")) {
        MERIDIAN_CHECK(list_of_objects(parts["EventSourceMappings"], "EventSourceMappings"));
    }
    return {};
}

Result<FunctionRecord> read_function_document(json document, std::string const& file) {
    FunctionRecord function;
    MERIDIAN_TRY(function.arn, take_arn(document, file));
    function.source_arn = function.arn;
    function.latest = document.value("Configuration", json());
    document.erase("Configuration");
    MERIDIAN_CHECK(check_configuration(function.latest, file));
    MERIDIAN_CHECK(check_parts(document, file));
    function.parts = std::move(document);
    return function;
}

Result<std::uint64_t> version_of(std::string const& file) {
    auto const slash = file.rfind('/');
    auto const text = file.substr(slash + 1, file.size() - slash - 1 - std::string(".json").size());
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0)
        return fail(Errc::kInvalidParameterValue, fmt::format("{}: no version's file.", file));
    return number;
}

Result<void> read_manifest(json const& manifest, Inventory& inventory) {
    if (!manifest.is_object() || manifest.value("Format", json()) != kFormat)
        return fail(Errc::kInvalidParameterValue,
                    "This is no folder that `meridian export zip` wrote: transfer.json does not "
                    "say so.");
    if (manifest.value("FormatVersion", json()) != kFormatVersion)
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("transfer.json: format version {} is not known here.",
                                manifest.value("FormatVersion", json()).dump()));
    for (auto const& [member, to] :
         {std::pair("Region", &inventory.region), std::pair("Account", &inventory.account)}) {
        auto const value = manifest.value(member, json());
        if (!value.is_string())
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("transfer.json: {} is missing.", member));
        *to = value.get<std::string>();
    }
    return {};
}

}  // namespace

std::map<std::string, json> folder_documents(Inventory const& inventory) {
    std::map<std::string, json> out;
    out[kManifest] = {{"Format", kFormat},
                      {"FormatVersion", kFormatVersion},
                      {"Region", inventory.region},
                      {"Account", inventory.account},
                      {"Untold", untold_json(inventory.untold)},
                      {"NeverTold", never_told()}};
    for (auto const& function : inventory.functions) {
        auto const folder = function_folder(function);
        out[folder + "/function.json"] = function_document(function);
        for (auto const& [number, configuration] : function.versions)
            out[fmt::format("{}/versions/{}.json", folder, number)] = configuration;
    }
    for (auto const& layer : inventory.layers) {
        auto document = layer.properties;
        document["Arn"] = layer.arn;
        out[layer_file(layer) + ".json"] = std::move(document);
    }
    auto const put = [&](char const* folder, std::map<std::string, json> const& things) {
        for (auto const& [arn, properties] : things) {
            auto document = properties;
            document["Arn"] = arn;
            out[fmt::format("{}/{}.json", folder, file_name(arn))] = std::move(document);
        }
    };
    put("roles", inventory.roles);
    put("policies", inventory.policies);
    put("code-signing-configs", inventory.code_signing_configs);
    return out;
}

Result<Inventory> read_documents(std::map<std::string, json> documents) {
    Inventory inventory;
    MERIDIAN_CHECK(read_manifest(documents[kManifest], inventory));
    documents.erase(kManifest);
    std::map<std::string, FunctionRecord> functions;  // by folder
    std::map<std::string, std::map<std::uint64_t, json>> versions;
    for (auto& [file, document] : documents) {
        auto const folder = file.substr(0, file.find('/', file.find('/') + 1));
        if (file.starts_with("functions/") && file.ends_with("/function.json")) {
            MERIDIAN_TRY(functions[folder], read_function_document(std::move(document), file));
        } else if (file.starts_with(folder + "/versions/")) {
            MERIDIAN_TRY(auto const number, version_of(file));
            MERIDIAN_CHECK(check_configuration(document, file));
            versions[folder][number] = std::move(document);
        } else if (file.starts_with("layers/")) {
            LayerVersionRecord layer;
            MERIDIAN_TRY(layer.arn, take_arn(document, file));
            layer.source_arn = layer.arn;
            if (layer.number() == 0)
                return fail(Errc::kInvalidParameterValue,
                            fmt::format("{}: Arn is no layer version's.", file));
            layer.properties = std::move(document);
            inventory.layers.push_back(std::move(layer));
        } else if (file.starts_with("roles/")) {
            MERIDIAN_TRY(auto const arn, take_arn(document, file));
            inventory.roles[arn] = std::move(document);
        } else if (file.starts_with("policies/")) {
            MERIDIAN_TRY(auto const arn, take_arn(document, file));
            inventory.policies[arn] = std::move(document);
        } else if (file.starts_with("code-signing-configs/")) {
            MERIDIAN_TRY(auto const arn, take_arn(document, file));
            inventory.code_signing_configs[arn] = std::move(document);
        } else {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{}: no file of this format.", file));
        }
    }
    for (auto& [folder, numbers] : versions) {
        auto const found = functions.find(folder);
        if (found == functions.end())
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{}/function.json is missing.", folder));
        found->second.versions = std::move(numbers);
    }
    for (auto& [folder, function] : functions) inventory.functions.push_back(std::move(function));
    std::ranges::sort(inventory.functions, {},
                      [](FunctionRecord const& function) { return function.name(); });
    std::ranges::sort(inventory.layers, {}, [](LayerVersionRecord const& layer) {
        return std::pair(layer.layer(), layer.number());
    });
    return inventory;
}

std::string package_name(std::string const& sha256) {
    return to_hex(from_base64(sha256).value_or("")) + ".zip";
}

std::vector<PackageFile> package_files(Inventory const& inventory) {
    std::vector<PackageFile> out;
    for (auto const& function : inventory.functions) {
        std::set<std::string> seen;
        auto const add = [&](std::string qualifier, json const& configuration) {
            auto const sha256 = configuration.value("CodeSha256", "");
            if (configuration.contains("ImageUri") || sha256.empty()) return;
            if (!seen.insert(sha256).second) return;
            out.push_back(
                {fmt::format("{}/code/{}", function_folder(function), package_name(sha256)),
                 {.arn = function.source_arn,
                  .qualifier = std::move(qualifier),
                  .sha256 = sha256}});
        };
        add(kLatest, function.latest);
        for (auto const& [number, configuration] : function.versions)
            add(std::to_string(number), configuration);
    }
    for (auto const& layer : inventory.layers) {
        out.push_back({layer_file(layer) + ".zip",
                       {.arn = layer.source_arn,
                        .qualifier = {},
                        .sha256 = layer.properties.value("CodeSha256", "")}});
    }
    return out;
}

void withhold_environment(Inventory& inventory) {
    auto const withhold = [](json& configuration) {
        auto const variables = json::json_pointer("/Environment/Variables");
        if (!configuration.contains(variables)) return;
        for (auto& [name, value] : configuration[variables].items()) value = nullptr;
    };
    for (auto& function : inventory.functions) {
        withhold(function.latest);
        for (auto& [number, configuration] : function.versions) withhold(configuration);
    }
}

Result<json> parse_document(std::string_view text) {
    std::vector<std::set<std::string>> keys;
    std::string problem;
    auto const watch = [&](int, json::parse_event_t event, json& parsed) {
        if (event == json::parse_event_t::object_start ||
            event == json::parse_event_t::array_start) {
            keys.emplace_back();
            if (keys.size() > kLevelsMax && problem.empty()) problem = "it is too deep";
        } else if (event == json::parse_event_t::object_end ||
                   event == json::parse_event_t::array_end) {
            keys.pop_back();
        } else if (event == json::parse_event_t::key) {
            if (!keys.back().insert(parsed.get<std::string>()).second && problem.empty())
                problem = fmt::format("{} stands there twice", parsed.dump());
        }
        return problem.empty();
    };
    json document;
    try {
        document = json::parse(text, watch);
    } catch (json::exception const& error) {
        return fail(Errc::kInvalidParameterValue, error.what());
    }
    if (!problem.empty()) return fail(Errc::kInvalidParameterValue, problem);
    if (!document.is_object()) return fail(Errc::kInvalidParameterValue, "it is no JSON object");
    return document;
}

}  // namespace meridian::transfer
