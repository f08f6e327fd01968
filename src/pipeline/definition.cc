#include "pipeline/definition.h"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include "deploy/template.h"
#include "model/rollout_names.h"
#include "pipeline/yaml_fields.h"

namespace meridian::pipeline {
namespace {

using nlohmann::json;

struct KindName {
    StageKind kind;
    std::string_view name;
};
constexpr std::array kKinds = {
    KindName{StageKind::kBuild, "build"},     KindName{StageKind::kTest, "test"},
    KindName{StageKind::kDeploy, "deploy"},   KindName{StageKind::kApprove, "approve"},
    KindName{StageKind::kPromote, "promote"},
};

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kNameCharsMax = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of a stage, a package, a function, an alias.
Result<std::string> plain_name(YAML::Node const& node, std::string_view what) {
    MERIDIAN_TRY(auto name, YamlFields::text(node, what));
    if (name.size() > kNameCharsMax || !std::ranges::all_of(name, [](char c) {
            return is_letter(c) || is_digit(c) || c == '-' || c == '_';
        })) {
        return yaml_error(node.Mark(), fmt::format("{} has up to {} letters, digits, '-' and '_'.",
                                                   what, kNameCharsMax));
    }
    return name;
}

// A file or folder inside the repository; "." is all of it.
Result<std::string> path_text(YAML::Node const& node, std::string_view what) {
    MERIDIAN_TRY(auto path, YamlFields::text(node, what));
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    auto rest = std::string_view(path);
    bool good = !path.contains('\n');
    while (good && path != "." && !rest.empty()) {
        auto const end = std::min(rest.find('/'), rest.size());
        auto const part = rest.substr(0, end);
        good = !part.empty() && part != "." && part != ".." && part != ".git";
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!good) {
        return yaml_error(
            node.Mark(),
            fmt::format("{} is a path from the repository's root, without '..'.", what));
    }
    return path;
}

Result<std::string> region_text(YAML::Node const& node) {
    MERIDIAN_TRY(auto region, YamlFields::text(node, "A region"));
    bool const good = kLower.contains(region.front()) && std::ranges::all_of(region, [](char c) {
                          return kLower.contains(c) || is_digit(c) || c == '-';
                      });
    if (!good) return yaml_error(node.Mark(), fmt::format("{} is no region.", region));
    return region;
}

// A folder as it is, or what a build step makes of one.
Result<json> read_package(YAML::Node const& node) {
    if (!node.IsMap()) return path_text(node, "A package's folder");
    MERIDIAN_TRY(auto const fields,
                 YamlFields::read(node, "a package", {"folder", "method", "runtime", "handler"}));
    json out;
    MERIDIAN_TRY(auto const folder, fields.need("folder"));
    MERIDIAN_TRY(out["Folder"], path_text(folder, "A package's folder"));
    MERIDIAN_TRY(out["Method"], fields.need_text("method"));
    for (auto const& [yaml, name] :
         {std::pair{"runtime", "Runtime"}, std::pair{"handler", "Handler"}}) {
        if (!fields.has(yaml)) continue;
        MERIDIAN_TRY(out[name], fields.need_text(yaml));
    }
    return out;
}

Result<json> read_build(YAML::Node const& node) {
    MERIDIAN_TRY(auto const pairs, YamlFields::pairs(node, "build", kPackagesMax));
    if (pairs.empty()) return yaml_error(node.Mark(), "build names a package at least.");
    json packages = json::object();
    for (auto const& pair : node) {
        MERIDIAN_TRY(auto const name, plain_name(pair.first, "A package's name"));
        MERIDIAN_TRY(packages[name], read_package(pair.second));
    }
    return json{{"Packages", std::move(packages)}};
}

Result<json> read_case(YAML::Node const& node) {
    MERIDIAN_TRY(auto const fields,
                 YamlFields::read(node, "a test case",
                                  {"function", "qualifier", "event", "expect", "match"}));
    json out;
    MERIDIAN_TRY(auto const function, fields.need("function"));
    MERIDIAN_TRY(out["Function"], plain_name(function, "function"));
    if (fields.has("qualifier")) {
        MERIDIAN_TRY(auto const qualifier, fields.need("qualifier"));
        if (qualifier.IsScalar() && qualifier.Scalar() == "$LATEST") {
            out["Qualifier"] = "$LATEST";
        } else {
            MERIDIAN_TRY(out["Qualifier"], plain_name(qualifier, "qualifier"));
        }
    }
    for (auto const& [yaml, name] : {std::pair{"event", "Event"}, std::pair{"expect", "Expect"}}) {
        MERIDIAN_TRY(auto const file, fields.need(yaml));
        MERIDIAN_TRY(out[name], path_text(file, yaml));
    }
    MERIDIAN_TRY(auto const match, fields.text_or("match", "exact"));
    if (match != "exact" && match != "subset")
        return yaml_error(fields.need("match")->Mark(), "match is exact or subset.");
    out["Match"] = match;
    return out;
}

Result<json> read_test(YAML::Node const& node) {
    MERIDIAN_TRY(auto const fields, YamlFields::read(node, "test", {"region", "cases"}));
    json out;
    if (fields.has("region")) {
        MERIDIAN_TRY(auto const region, fields.need("region"));
        MERIDIAN_TRY(out["Region"], region_text(region));
    }
    MERIDIAN_TRY(auto const cases_node, fields.need("cases"));
    MERIDIAN_TRY(auto const cases, YamlFields::list(cases_node, "cases", kTestCasesMax));
    out["Cases"] = json::array();
    for (auto const& one : cases) {
        MERIDIAN_TRY(auto read, read_case(one));
        out["Cases"].push_back(std::move(read));
    }
    return out;
}

Result<json> read_waves(YAML::Node const& node) {
    MERIDIAN_TRY(auto const waves, YamlFields::list(node, "waves", kWavesMax));
    json out = json::array();
    std::set<std::string> seen;
    for (auto const& wave : waves) {
        MERIDIAN_TRY(auto const regions, YamlFields::list(wave, "A wave", kRegionsMax));
        json names = json::array();
        for (auto const& region : regions) {
            MERIDIAN_TRY(auto name, region_text(region));
            if (!seen.insert(name).second)
                return yaml_error(region.Mark(), fmt::format("{} is in two waves.", name));
            names.push_back(std::move(name));
        }
        out.push_back(std::move(names));
    }
    return out;
}

Result<void> read_functions(YamlFields const& fields, json& out) {
    for (auto const* const name : {"stack", "parameters"}) {
        if (fields.has(name))
            return yaml_error(fields.mark(), fmt::format("{} goes with template.", name));
    }
    MERIDIAN_TRY(auto const functions, fields.need("functions"));
    MERIDIAN_TRY(auto const pairs, YamlFields::pairs(functions, "functions", kPackagesMax));
    if (pairs.empty()) return yaml_error(functions.Mark(), "functions names one at least.");
    out["Functions"] = json::object();
    for (auto const& pair : functions) {
        MERIDIAN_TRY(auto const name, plain_name(pair.first, "A function's name"));
        MERIDIAN_TRY(out["Functions"][name], plain_name(pair.second, "A package's name"));
    }
    return {};
}

// As CloudFormation has it.
Result<std::string> stack_name(YAML::Node const& node) {
    MERIDIAN_TRY(auto name, YamlFields::text(node, "stack"));
    if (model::is_stack_name(name)) return name;
    return yaml_error(node.Mark(), fmt::format("a stack's name is letters, digits and '-', a "
                                               "letter first, {} at most.",
                                               model::kStackNameCharsMax));
}

Result<void> read_template(YamlFields const& fields, json& out) {
    MERIDIAN_TRY(auto const folder, fields.need("template"));
    MERIDIAN_TRY(out["Template"], path_text(folder, "template"));
    MERIDIAN_TRY(auto const stack, fields.need("stack"));
    MERIDIAN_TRY(out["Stack"], stack_name(stack));
    out["Parameters"] = json::object();
    if (!fields.has("parameters")) return {};
    MERIDIAN_TRY(auto const parameters, fields.need("parameters"));
    MERIDIAN_TRY(auto const pairs,
                 YamlFields::pairs(parameters, "parameters", deploy::kParametersMax));
    for (auto const& [name, value] : pairs) {
        MERIDIAN_TRY(out["Parameters"][name],
                     YamlFields::text(value, fmt::format("The parameter {}", name)));
    }
    return {};
}

Result<json> read_deploy(YAML::Node const& node) {
    MERIDIAN_TRY(auto const fields, YamlFields::read(node, "deploy",
                                                     {"functions", "template", "stack",
                                                      "parameters", "waves", "bake"}));
    if (fields.has("functions") == fields.has("template"))
        return yaml_error(node.Mark(), "deploy needs functions or template, and not both.");
    json out{{"Waves", json::array()}};
    MERIDIAN_CHECK(fields.has("functions") ? read_functions(fields, out)
                                           : read_template(fields, out));
    if (fields.has("waves")) {
        MERIDIAN_TRY(auto const waves, fields.need("waves"));
        MERIDIAN_TRY(out["Waves"], read_waves(waves));
    }
    MERIDIAN_TRY(out["BakeSeconds"], fields.number_or("bake", 0, kBakeSecondsMax, 0));
    return out;
}

Result<json> read_approve(YAML::Node const& node) {
    if (node.IsNull()) return json{{"Message", ""}};
    MERIDIAN_TRY(auto const fields, YamlFields::read(node, "approve", {"message"}));
    json out;
    MERIDIAN_TRY(out["Message"], fields.text_or("message", ""));
    return out;
}

Result<json> read_promote(YAML::Node const& node) {
    MERIDIAN_TRY(auto const fields, YamlFields::read(node, "promote", {"alias", "baseline"}));
    json out;
    if (fields.has("alias")) {
        MERIDIAN_TRY(auto const alias, fields.need("alias"));
        MERIDIAN_TRY(out["Alias"], plain_name(alias, "alias"));
    }
    MERIDIAN_TRY(bool const baseline, fields.flag_or("baseline", false));
    if (!baseline && !out.contains("Alias"))
        return yaml_error(node.Mark(), "promote needs alias, baseline: true, or both.");
    out["Baseline"] = baseline;
    return out;
}

Result<json> read_settings(StageKind kind, YAML::Node const& node) {
    switch (kind) {
        case StageKind::kBuild:
            return read_build(node);
        case StageKind::kTest:
            return read_test(node);
        case StageKind::kDeploy:
            return read_deploy(node);
        case StageKind::kApprove:
            return read_approve(node);
        case StageKind::kPromote:
            return read_promote(node);
    }
    return fail(Errc::kInternal, "a stage without a kind");
}

Result<StageDefinition> read_stage(YAML::Node const& node) {
    MERIDIAN_TRY(auto const fields,
                 YamlFields::read(node, "a stage",
                                  {"name", "build", "test", "deploy", "approve", "promote"}));
    StageDefinition stage;
    std::size_t kinds = 0;
    for (auto const& known : kKinds) {
        if (!fields.has(known.name)) continue;
        ++kinds;
        stage.kind = known.kind;
        stage.name = known.name;
    }
    if (kinds != 1)
        return yaml_error(node.Mark(),
                          "a stage is one of build, test, deploy, approve and promote.");
    MERIDIAN_TRY(auto const settings, fields.need(name_of(stage.kind)));
    MERIDIAN_TRY(stage.settings, read_settings(stage.kind, settings));
    if (fields.has("name")) {
        MERIDIAN_TRY(auto const name, fields.need("name"));
        MERIDIAN_TRY(stage.name, plain_name(name, "A stage's name"));
    }
    return stage;
}

// What a stage uses must have been made by one before it.
class Order {
  public:
    Result<void> take(StageDefinition const& stage, YAML::Mark const& mark) {
        if (!names_.insert(stage.name).second)
            return yaml_error(
                mark, fmt::format("two stages are called {}: give one a name.", stage.name));
        if (stage.kind == StageKind::kBuild) {
            for (auto const& [name, folder] : stage.settings["Packages"].items()) {
                if (!packages_.insert(name).second)
                    return yaml_error(mark, fmt::format("the package {} is built twice.", name));
            }
        }
        if (stage.kind == StageKind::kDeploy) {
            deployed_ = true;
            auto const functions = stage.settings.value("Functions", json::object());
            for (auto const& [function, package] : functions.items()) {
                if (packages_.contains(package.get<std::string>())) continue;
                return yaml_error(mark, fmt::format("no stage before builds the package {}.",
                                                    package.get<std::string>()));
            }
        }
        if (stage.kind == StageKind::kPromote && !deployed_)
            return yaml_error(mark, "promote needs a deploy before it.");
        return {};
    }

  private:
    std::set<std::string> names_;
    std::set<std::string> packages_;
    bool deployed_ = false;
};

Result<Definition> read_definition(YAML::Node const& root) {
    MERIDIAN_TRY(auto const fields, YamlFields::read(root, "the pipeline", {"version", "stages"}));
    MERIDIAN_CHECK(fields.need("version"));
    MERIDIAN_CHECK(fields.number_or("version", 1, 1, 1));
    MERIDIAN_TRY(auto const stages_node, fields.need("stages"));
    MERIDIAN_TRY(auto const stages, YamlFields::list(stages_node, "stages", kStagesMax));
    Definition definition;
    Order order;
    for (auto const& node : stages) {
        MERIDIAN_TRY(auto stage, read_stage(node));
        MERIDIAN_CHECK(order.take(stage, node.Mark()));
        definition.stages.push_back(std::move(stage));
    }
    return definition;
}

class Nowhere final : public YAML::EventHandler {
  public:
    void OnDocumentStart(YAML::Mark const& /*mark*/) override {}
    void OnDocumentEnd() override {}
    void OnNull(YAML::Mark const& /*mark*/, YAML::anchor_t /*anchor*/) override {}
    void OnAlias(YAML::Mark const& /*mark*/, YAML::anchor_t /*anchor*/) override {}
    void OnScalar(YAML::Mark const& /*mark*/, std::string const& /*tag*/, YAML::anchor_t /*anchor*/,
                  std::string const& /*value*/) override {}
    void OnSequenceStart(YAML::Mark const& /*mark*/, std::string const& /*tag*/,
                         YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(YAML::Mark const& /*mark*/, std::string const& /*tag*/,
                    YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
    void OnMapEnd() override {}
};

// YAML::LoadAll() goes on for ever, and takes memory for each, where a document takes nothing of
// the text: ",a" is no end of empty ones.
bool is_one_document(std::string const& text) {
    std::istringstream in(text);
    YAML::Parser parser(in);
    Nowhere nowhere;
    return parser.HandleNextDocument(nowhere) && !parser.HandleNextDocument(nowhere);
}

}  // namespace

std::string_view name_of(StageKind kind) noexcept {
    auto const* const found = std::ranges::find(kKinds, kind, &KindName::kind);
    return found == kKinds.end() ? "?" : found->name;
}

Result<StageKind> parse_stage_kind(std::string_view name) {
    auto const* const found = std::ranges::find(kKinds, name, &KindName::name);
    if (found == kKinds.end())
        return fail(Errc::kCorrupt, fmt::format("{} is no kind of stage", name));
    return found->kind;
}

Result<Definition> parse_definition(std::string_view text) {
    if (text.size() > kDefinitionBytesMax) {
        return fail(
            Errc::kInvalidParameterValue,
            fmt::format("{} has more than {} bytes.", kDefinitionFile, kDefinitionBytesMax));
    }
    // An alias may stand for what holds it, or for a hundred copies: nothing here needs one.
    try {
        std::string const whole(text);
        if (!is_one_document(whole))
            return yaml_error(YAML::Mark(), "the file holds one document.");
        return read_definition(YAML::Load(whole));
    } catch (YAML::Exception const& error) {
        return yaml_error(error.mark, error.msg);
    }
}

}  // namespace meridian::pipeline
