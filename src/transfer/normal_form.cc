#include "transfer/normal_form.h"

#include <charconv>

#include "transfer/inventory.h"
#include "wire/uri.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

// What one server alone knows, or what changes by itself.
constexpr char const* kOfThisServer[] = {
    "FunctionName",
    "FunctionArn",
    "CodeSize",
    "LastModified",
    "Version",
    "RevisionId",
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "MasterArn",
    "RuntimeVersionConfig",
    "SigningProfileVersionArn",
    "SigningJobArn",
    "ConfigSha256",
};

// A lambda ARN's qualifier is its eighth part.
constexpr int kColonsBeforeQualifier = 7;

bool is_empty(json const& value) {
    return value.is_null() || ((value.is_object() || value.is_array()) && value.empty()) ||
           (value.is_string() && value.get_ref<std::string const&>().empty());
}

void drop_empty(json& object) {
    for (auto it = object.begin(); it != object.end();)
        it = is_empty(*it) ? object.erase(it) : std::next(it);
}

json only(json const& from, std::initializer_list<char const*> members) {
    json out = json::object();
    for (auto const* const member : members) {
        if (from.contains(member) && !is_empty(from[member])) out[member] = from[member];
    }
    return out;
}

void keep_member(json& value, char const* member, char const* inner) {
    if (!value.contains(member)) return;
    auto const& object = value[member];
    json kept = json::object();
    if (object.is_object() && object.contains(inner) && !is_empty(object[inner]))
        kept[inner] = object[inner];
    value[member] = std::move(kept);
}

std::size_t qualifier_colon(std::string const& arn) {
    std::size_t at = std::string::npos;
    for (int n = 0; n < kColonsBeforeQualifier; ++n) {
        at = arn.find(':', at + 1);
        if (at == std::string::npos) return at;
    }
    return at;
}

// Query answers are texts.
json number_or_same(json value) {
    if (!value.is_string()) return value;
    auto const& text = value.get_ref<std::string const&>();
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? json(number) : value;
}

}  // namespace

json default_configuration(std::string const& function) {
    return {{"Architectures", {"x86_64"}},
            {"Description", ""},
            {"EphemeralStorage", {{"Size", 512}}},
            {"LoggingConfig", {{"LogFormat", "Text"}, {"LogGroup", "/aws/lambda/" + function}}},
            {"MemorySize", 128},
            {"PackageType", "Zip"},
            {"SnapStart", {{"ApplyOn", "None"}}},
            {"Timeout", 3},
            {"TracingConfig", {{"Mode", "PassThrough"}}}};
}

json normal_configuration(json answer) {
    if (!answer.is_object()) return json::object();
    auto const name = answer.value("FunctionName", "");
    for (auto const* const member : kOfThisServer) answer.erase(member);
    if (answer.contains("ImageConfigResponse")) {
        answer["ImageConfig"] = answer["ImageConfigResponse"].value("ImageConfig", json::object());
        answer.erase("ImageConfigResponse");
    }
    json layers = json::array();
    for (auto const& layer : answer.value("Layers", json::array())) {
        layers.push_back(layer.is_object() ? layer.value("Arn", "") : layer.get<std::string>());
    }
    answer["Layers"] = std::move(layers);
    keep_member(answer, "Environment", "Variables");
    keep_member(answer, "SnapStart", "ApplyOn");
    keep_member(answer, "DeadLetterConfig", "TargetArn");
    if (answer.contains("VpcConfig")) {
        auto& vpc = answer["VpcConfig"];
        vpc = vpc.is_object() && !is_empty(vpc.value("SubnetIds", json::array()))
                  ? only(vpc, {"SubnetIds", "SecurityGroupIds", "Ipv6AllowedForDualStack"})
                  : json::object();
    }
    drop_empty(answer);
    auto const defaults = default_configuration(name);
    for (auto const& [member, value] : defaults.items()) {
        if (!answer.contains(member)) answer[member] = value;
    }
    if (!answer["LoggingConfig"].contains("LogGroup"))
        answer["LoggingConfig"]["LogGroup"] = defaults["LoggingConfig"]["LogGroup"];
    return answer;
}

json without_defaults(json configuration, std::string const& function) {
    auto const defaults = default_configuration(function);
    for (auto const& [member, value] : defaults.items()) {
        if (configuration.contains(member) && configuration[member] == value)
            configuration.erase(member);
    }
    return configuration;
}

json normal_alias(json const& answer) {
    auto out = only(answer, {"FunctionVersion", "Description", "RoutingConfig"});
    if (out.contains("RoutingConfig")) {
        keep_member(out, "RoutingConfig", "AdditionalVersionWeights");
        drop_empty(out);
    }
    return out;
}

json normal_url(json const& answer) {
    auto out = only(answer, {"AuthType", "Cors", "InvokeMode"});
    if (!out.contains("InvokeMode")) out["InvokeMode"] = "BUFFERED";
    return out;
}

json normal_event_invoke_config(json const& answer) {
    auto out =
        only(answer, {"MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"});
    if (out.contains("DestinationConfig")) {
        drop_empty(out["DestinationConfig"]);
        drop_empty(out);
    }
    return out;
}

json normal_mapping(json answer) {
    auto const state = answer.value("State", "Enabled");
    auto const qualifier = qualifier_of(answer.value("FunctionArn", ""));
    for (auto const* const member :
         {"FunctionArn", "FunctionName", "LastModified", "LastProcessingResult", "State",
          "StateTransitionReason", "EventSourceMappingArn", "FilterCriteriaError"})
        answer.erase(member);
    drop_empty(answer);
    answer["Enabled"] =
        state == "Enabled" || state == "Enabling" || state == "Creating" || state == "Updating";
    if (qualifier != kLatest) answer["Qualifier"] = qualifier;
    return answer;
}

json normal_layer_version(json const& answer) {
    auto out = only(
        answer, {"Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"});
    out["CodeSha256"] = answer.value("Content", json::object()).value("CodeSha256", "");
    return out;
}

json normal_code_signing_config(json const& answer) {
    return only(answer, {"Description", "AllowedPublishers", "CodeSigningPolicies"});
}

json normal_statements(std::string const& policy) {
    auto const document = json::parse(policy, nullptr, false);
    json out = json::array();
    if (!document.is_object()) return out;
    auto statements = document.value("Statement", json::array());
    if (statements.is_object()) statements = json::array({statements});
    for (auto statement : statements) {
        if (!statement.is_object()) continue;
        statement.erase("Resource");
        drop_empty(statement);
        out.push_back(std::move(statement));
    }
    return out;
}

std::string qualifier_of(std::string const& arn) {
    auto const colon = qualifier_colon(arn);
    if (colon == std::string::npos || colon + 1 == arn.size()) return kLatest;
    return arn.substr(colon + 1);
}

std::string unqualified(std::string const& arn) { return arn.substr(0, qualifier_colon(arn)); }

json tags_of(json const& list) {
    json out = json::object();
    if (!list.is_array()) return out;
    for (auto const& tag : list) out[tag.value("Key", "")] = tag.value("Value", "");
    return out;
}

json policy_document(std::string const& encoded) {
    auto text = wire::percent_decoded_text(encoded);
    auto document = json::parse(text, nullptr, false);
    return document.is_discarded() ? json(std::move(text)) : document;
}

json normal_role(json const& answer) {
    constexpr int kSessionSecondsDefault = 3600;
    auto out = only(answer, {"Path", "Description"});
    if (!out.contains("Path")) out["Path"] = "/";
    out["AssumeRolePolicyDocument"] = policy_document(answer.value("AssumeRolePolicyDocument", ""));
    out["MaxSessionDuration"] =
        number_or_same(answer.value("MaxSessionDuration", json(kSessionSecondsDefault)));
    auto const boundary = answer.value("PermissionsBoundary", json());
    if (boundary.is_object()) {
        auto arn = boundary.value("PermissionsBoundaryArn", "");
        if (!arn.empty()) out["PermissionsBoundary"] = std::move(arn);
    }
    return out;
}

json normal_policy(json const& answer) {
    auto out = only(answer, {"Path", "Description"});
    if (!out.contains("Path")) out["Path"] = "/";
    return out;
}

}  // namespace meridian::transfer
