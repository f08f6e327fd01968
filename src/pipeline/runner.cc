#include "pipeline/runner.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/counted.h"
#include "base/encoding.h"
#include "crypto/sha256.h"
#include "io/unique_fd.h"
#include "pipeline/json_match.h"
#include "store/zip_archive.h"
#include "wire/uri.h"

namespace meridian::pipeline {
namespace {

using deploy::AwsAnswer;
using nlohmann::json;

constexpr auto kSettlePause = std::chrono::milliseconds(200);
constexpr auto kBakePause = std::chrono::seconds(1);
constexpr int kNotFound = 404;
constexpr int kConflict = 409;

std::string functions_path(std::string_view function, std::string_view rest) {
    return fmt::format("/2015-03-31/functions/{}{}", wire::percent_encoded(function), rest);
}

std::unexpected<Error> refused(std::string_view what, AwsAnswer const& answer) {
    auto const code = answer.status == kNotFound   ? Errc::kResourceNotFound
                      : answer.status == kConflict ? Errc::kResourceConflict
                                                   : Errc::kUnavailable;
    auto message = answer.message();
    if (message.empty()) message = fmt::format("status {}", answer.status);
    return fail(code, fmt::format("{}: {}", what, message));
}

}  // namespace

Runner::Runner(Parts parts, std::string pipeline, std::uint64_t number)
    : parts_(std::move(parts)), pipeline_(std::move(pipeline)), number_(number) {}

io::Task<json> Runner::ask(std::string region, std::string service, std::string method,
                           std::string target, json body) {
    auto const what = fmt::format("{} {} {}", region, method, target.substr(0, target.find('?')));
    MERIDIAN_CO_TRY(auto answer,
                    co_await parts_.api(region).rest(std::move(service), std::move(method),
                                                     std::move(target), std::move(body)));
    if (!answer.ok()) co_return refused(what, answer);
    co_return std::move(answer.body);
}

io::Task<> Runner::tell(json event) {
    MERIDIAN_CO_TRY(auto const now,
                    co_await ask(parts_.home, "meridian", "POST",
                                 fmt::format("/meridian/v1/pipelines/{}/executions/{}/events",
                                             pipeline_, number_),
                                 std::move(event)));
    MERIDIAN_CO_TRY(execution_, read_execution(now));
    co_return Result<void>{};
}

io::Task<> Runner::check_not_aborted() {
    MERIDIAN_CO_TRY(
        auto const now,
        co_await ask(parts_.home, "meridian", "GET",
                     fmt::format("/meridian/v1/pipelines/{}/executions/{}", pipeline_, number_)));
    MERIDIAN_CO_TRY(auto const execution, read_execution(now));
    if (execution.state == ExecutionState::kRunning) co_return Result<void>{};
    co_return fail(Errc::kCancelled,
                   fmt::format("{} is {}", execution.id(), name_of(execution.state)));
}

io::Task<> Runner::run() {
    MERIDIAN_CO_CHECK(co_await tell({{"Event", "Begin"}}));
    while (execution_.next_stage() < execution_.stages.size()) {
        auto const index = execution_.next_stage();
        auto const stage = execution_.stages[index];
        auto const& name = stage.definition.name;
        if (stage.definition.kind == StageKind::kApprove) {
            parts_.say(fmt::format("{}: waits for an approval", name));
            co_return co_await tell({{"Event", "Wait"},
                                     {"Stage", index},
                                     {"Message", stage.definition.settings.value("Message", "")}});
        }
        parts_.say(fmt::format("{}: begins", name));
        MERIDIAN_CO_CHECK(co_await tell({{"Event", "BeginStage"}, {"Stage", index}}));
        auto done = co_await carry_out(stage);
        if (!done && done.error().code == Errc::kCancelled) {
            parts_.say(fmt::format("{}: {}", name, done.error().message));
            co_return Result<void>{};
        }
        if (!done) {
            parts_.say(fmt::format("{}: failed: {}", name, done.error().message));
            co_return co_await tell(
                {{"Event", "Fail"}, {"Stage", index}, {"Message", done.error().message}});
        }
        parts_.say(fmt::format("{}: {}", name, done->message));
        MERIDIAN_CO_CHECK(co_await tell({{"Event", "EndStage"},
                                         {"Stage", index},
                                         {"Output", std::move(done->output)},
                                         {"Message", done->message}}));
    }
    co_return co_await tell({{"Event", "Finish"}});
}

io::Task<Runner::Done> Runner::carry_out(Stage const& stage) {
    auto const settings = stage.definition.settings;
    switch (stage.definition.kind) {
        case StageKind::kBuild:
            co_return co_await build(settings);
        case StageKind::kTest:
            co_return co_await test(settings);
        case StageKind::kDeploy:
            co_return settings.contains("Template") ? co_await deploy_template(stage)
                                                    : co_await deploy(settings);
        case StageKind::kPromote:
            co_return co_await promote(settings);
        case StageKind::kApprove:
            break;
    }
    co_return fail(Errc::kInternal, "an approval is nothing to carry out");
}

io::Task<std::string> Runner::file(std::string path) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(parts_.home, "meridian", "GET",
                                 fmt::format("/meridian/v1/repositories/{}/file?commit={}&path={}",
                                             execution_.repository, execution_.commit,
                                             wire::percent_encoded(path))));
    auto bytes = from_base64(answer.value("Bytes", std::string()));
    if (!bytes) co_return fail(Errc::kIo, fmt::format("{}: the answer is no file.", path));
    co_return std::move(*bytes);
}

// A package of a build stage, the same bytes each time.
io::Task<std::string> Runner::package(std::string name) {
    if (auto const kept = packages_.find(name); kept != packages_.end()) co_return kept->second;
    json package;
    std::string digest;  // that an earlier runner has found
    for (auto const& stage : execution_.stages) {
        if (stage.definition.kind != StageKind::kBuild) continue;
        auto const& packages = stage.definition.settings.at("Packages");
        if (!packages.contains(name)) continue;
        package = packages.at(name);
        if (stage.output.is_object())
            digest = stage.output.value(name, json::object()).value("CodeSha256", "");
    }
    MERIDIAN_CO_TRY(auto bytes, package.is_object() ? co_await build_package(name, package)
                                                    : co_await zip_of(package.get<std::string>()));
    // What was tested is what is deployed.
    if (!digest.empty() && crypto::sha256_base64(bytes) != digest) {
        co_return fail(Errc::kInvalidParameterValue,
                       fmt::format("The package {} comes out different each time: its build is not "
                                   "reproducible, and what was tested is gone.",
                                   name));
    }
    co_return packages_.emplace(name, std::move(bytes)).first->second;
}

io::Task<std::string> Runner::build_package(std::string name, json package) {
    MERIDIAN_CO_TRY(auto const commit, co_await checkout());
    auto const method = package.at("Method").get<std::string>();
    auto const builder = parts_.builder(commit);
    parts_.say(fmt::format("  {}: building ({})", name, method));
    co_return co_await builder->build({.logical_id = name,
                                       .type = "AWS::Lambda::Function",
                                       .path = package.at("Folder").get<std::string>(),
                                       .build_method = method,
                                       .runtime = package.value("Runtime", ""),
                                       .handler = package.value("Handler", "")});
}

io::Task<std::string> Runner::zip_of(std::string folder) {
    MERIDIAN_CO_TRY(
        auto const answer,
        co_await ask(
            parts_.home, "meridian", "GET",
            fmt::format("/meridian/v1/repositories/{}/package?commit={}&folder={}",
                        execution_.repository, execution_.commit, wire::percent_encoded(folder))));
    auto bytes = from_base64(answer.value("Bytes", std::string()));
    if (!bytes) co_return fail(Errc::kIo, "The answer is no package.");
    co_return std::move(*bytes);
}

io::Task<Runner::Done> Runner::build(json settings) {
    json output = json::object();
    for (auto const& [name, what] : settings.at("Packages").items()) {
        MERIDIAN_CO_TRY(auto const zip, co_await package(name));
        auto const digest = crypto::sha256_base64(zip);
        parts_.say(fmt::format("  {}: {} bytes of {}, CodeSha256 {}", name, zip.size(),
                               (what.is_object() ? what.at("Folder") : what).get<std::string>(),
                               digest));
        output[name] = {{"CodeSha256", digest}, {"Bytes", zip.size()}};
    }
    auto const message = counted(output.size(), "package");
    co_return Done{std::move(output), message};
}

// What is wrong with the answer; nothing: it is the recorded one.
io::Task<std::string> Runner::test_one(std::string region, json test) {
    MERIDIAN_CO_TRY(auto const event, co_await file(test.at("Event").get<std::string>()));
    MERIDIAN_CO_TRY(auto const expected_text, co_await file(test.at("Expect").get<std::string>()));
    auto const input = json::parse(event, nullptr, false);
    auto const expected = json::parse(expected_text, nullptr, false);
    if (input.is_discarded())
        co_return fmt::format("{} is not JSON", test.at("Event").get<std::string>());
    if (expected.is_discarded())
        co_return fmt::format("{} is not JSON", test.at("Expect").get<std::string>());
    auto const function = test.at("Function").get<std::string>();
    auto target = functions_path(function, "/invocations");
    if (test.contains("Qualifier"))
        target += "?Qualifier=" + wire::percent_encoded(test["Qualifier"].get<std::string>());
    MERIDIAN_CO_TRY(auto const answer,
                    co_await parts_.api(region).rest("lambda", "POST", target, input));
    if (!answer.ok()) co_return fmt::format("{} ({})", answer.message(), answer.status);
    auto const match = test.value("Match", "exact") == "subset" ? Match::kSubset : Match::kExact;
    co_return difference(expected, answer.body, match).value_or("");
}

io::Task<Runner::Done> Runner::test(json settings) {
    auto const region = settings.value("Region", parts_.home);
    std::size_t failed = 0;
    std::string first;
    auto const& cases = settings.at("Cases");
    for (auto const& one : cases) {
        auto const label = fmt::format("{} {}", one.at("Function").get<std::string>(),
                                       one.at("Event").get<std::string>());
        MERIDIAN_CO_TRY(auto const wrong, co_await test_one(region, one));
        parts_.say(fmt::format("  {}: {}", label, wrong.empty() ? "as recorded" : wrong));
        if (wrong.empty()) continue;
        if (failed++ == 0) first = fmt::format("{}: {}", label, wrong);
    }
    if (failed > 0) {
        co_return fail(
            Errc::kInvalidParameterValue,
            fmt::format("{} of {} failed; {}", failed, counted(cases.size(), "case"), first));
    }
    co_return Done{nullptr, fmt::format("{} as recorded", counted(cases.size(), "case"))};
}

// Until no change of the function is under way.
io::Task<> Runner::settle(std::string region, std::string function) {
    auto const until = parts_.clock.monotonic_now() + kSettleMax;
    for (;;) {
        MERIDIAN_CO_TRY(auto const now, co_await ask(region, "lambda", "GET",
                                                     functions_path(function, "/configuration")));
        auto const state = now.value("State", "");
        auto const update = now.value("LastUpdateStatus", "");
        if (state == "Failed" || update == "Failed") {
            co_return fail(Errc::kUnavailable,
                           fmt::format("{}: {}", function,
                                       now.value("LastUpdateStatusReason",
                                                 now.value("StateReason", "it failed"))));
        }
        if (state != "Pending" && update != "InProgress") co_return Result<void>{};
        if (parts_.clock.monotonic_now() >= until)
            co_return fail(Errc::kDeadlineExceeded, fmt::format("{} does not settle", function));
        MERIDIAN_CO_CHECK(co_await parts_.pause(kSettlePause));
    }
}

// Its version. Doing it again changes nothing: the same code makes no new version.
io::Task<std::string> Runner::deploy_function(std::string region, std::string function,
                                              std::string package_name) {
    MERIDIAN_CO_TRY(auto const zip, co_await package(package_name));
    auto const digest = crypto::sha256_base64(zip);
    MERIDIAN_CO_CHECK(co_await settle(region, function));
    MERIDIAN_CO_CHECK(co_await ask(region, "lambda", "PUT", functions_path(function, "/code"),
                                   {{"ZipFile", to_base64(zip)}}));
    MERIDIAN_CO_CHECK(co_await settle(region, function));
    MERIDIAN_CO_TRY(
        auto const version,
        co_await ask(region, "lambda", "POST", functions_path(function, "/versions"),
                     {{"CodeSha256", digest},
                      {"Description", fmt::format("pipeline {}:{}, commit {}", pipeline_, number_,
                                                  execution_.commit.substr(0, 12))}}));
    co_return version.value("Version", "");
}

io::Task<Runner::Done> Runner::deploy(json settings) {
    auto waves = settings.at("Waves");
    if (waves.empty()) waves = json::array({json::array({parts_.home})});
    json output = json::object();
    for (std::size_t wave = 0; wave < waves.size(); ++wave) {
        for (auto const& region_name : waves[wave]) {
            auto const region = region_name.get<std::string>();
            for (auto const& [function, package_name] : settings.at("Functions").items()) {
                MERIDIAN_CO_CHECK(co_await check_not_aborted());
                MERIDIAN_CO_TRY(
                    auto const version,
                    co_await deploy_function(region, function, package_name.get<std::string>()));
                parts_.say(fmt::format("  {}: {} is version {}", region, function, version));
                output[region][function] = version;
            }
        }
        if (wave + 1 == waves.size()) break;
        auto const until =
            parts_.clock.monotonic_now() + std::chrono::seconds(settings.value("BakeSeconds", 0));
        while (parts_.clock.monotonic_now() < until) {
            MERIDIAN_CO_CHECK(co_await check_not_aborted());
            MERIDIAN_CO_CHECK(co_await parts_.pause(kBakePause));
        }
    }
    auto const message =
        fmt::format("{} in {}", counted(settings.at("Functions").size(), "function"),
                    counted(output.size(), "region"));
    co_return Done{std::move(output), message};
}

io::Task<std::filesystem::path> Runner::checkout() {
    if (checked_out_) co_return parts_.directory;
    MERIDIAN_CO_TRY(auto const zip, co_await zip_of("."));
    io::UniqueFd const folder(::open(parts_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid())
        co_return fail(Errc::kIo, fmt::format("cannot open {}", parts_.directory.string()));
    MERIDIAN_CO_CHECK(store::extract_zip(zip, folder.get()));
    checked_out_ = true;
    co_return parts_.directory;
}

// Whoever aborts the execution wants its rollout back, too.
io::Task<> Runner::pause_and_look(std::chrono::milliseconds time, TemplateDeploy& deploying,
                                  std::shared_ptr<bool> aborted) {
    MERIDIAN_CO_CHECK(co_await parts_.pause(time));
    if (*aborted) co_return Result<void>{};
    auto const going = co_await check_not_aborted();
    if (going || going.error().code != Errc::kCancelled) co_return Result<void>{};
    *aborted = true;
    parts_.say("  the execution was aborted: its rollout goes back");
    co_return co_await deploying.abort();
}

io::Task<Runner::Done> Runner::deploy_template(Stage stage) {
    auto const& settings = stage.definition.settings;
    auto const& name = stage.definition.name;
    MERIDIAN_CO_TRY(auto const commit, co_await checkout());
    auto waves = settings.at("Waves").get<std::vector<std::vector<std::string>>>();
    if (waves.empty()) waves = {{parts_.home}};
    deploy::RolloutStore::Apis apis;
    for (auto const& wave : waves) {
        for (auto const& region : wave) apis[region] = &parts_.api(region);
    }
    auto const aborted = std::make_shared<bool>(false);
    TemplateDeploy* deploying = nullptr;
    TemplateDeploy deployment(
        {.apis = std::move(apis),
         .open = parts_.open_template,
         .clock = parts_.clock,
         .random = parts_.random,
         .log = parts_.log,
         .pause =
             [this, &deploying, aborted](std::chrono::milliseconds time) {
                 return pause_and_look(time, *deploying, aborted);
             },
         .say = parts_.say},
        {.rollout = rollout_id_of(
             fmt::format("{}\n{}\n{}\n{}", parts_.home, execution_.id(), execution_.began, name)),
         .holder = fmt::format("pipeline {} of {}", execution_.id(), parts_.home),
         .commit = commit,
         .folder = settings.at("Template").get<std::string>(),
         .stack = settings.at("Stack").get<std::string>(),
         .parameters = settings.at("Parameters").get<std::map<std::string, std::string>>(),
         .waves = std::move(waves),
         .bake_seconds = settings.value("BakeSeconds", std::uint64_t{0}),
         .source = {{"Template", settings.at("Template")},
                    {"Repository", execution_.repository},
                    {"Ref", execution_.branch},
                    {"Commit", execution_.commit},
                    {"Pipeline", execution_.id()}}});
    deploying = &deployment;
    auto done = co_await deployment.run();
    if (!done) {
        MERIDIAN_CO_CHECK(co_await check_not_aborted());
        co_return std::unexpected(done.error());
    }
    co_return Done{std::move(done->versions), std::move(done->message)};
}

Runner::Versions Runner::deployed() const {
    Versions versions;
    for (auto const& stage : execution_.stages) {
        if (stage.definition.kind != StageKind::kDeploy || !stage.output.is_object()) continue;
        for (auto const& [region, functions] : stage.output.items()) {
            for (auto const& [function, version] : functions.items())
                versions[region][function] = version.get<std::string>();
        }
    }
    return versions;
}

io::Task<> Runner::point(std::string region, std::string function, std::string alias,
                         std::string version) {
    auto const path = functions_path(function, "/aliases");
    auto const one = fmt::format("{}/{}", path, wire::percent_encoded(alias));
    auto const there = co_await ask(region, "lambda", "GET", one);
    if (!there && there.error().code != Errc::kResourceNotFound)
        co_return std::unexpected(there.error());
    // Nothing of its traffic stays with another version.
    auto const done =
        there ? co_await ask(region, "lambda", "PUT", one,
                             {{"FunctionVersion", version},
                              {"RoutingConfig", {{"AdditionalVersionWeights", json::object()}}}})
              : co_await ask(region, "lambda", "POST", path,
                             {{"Name", alias}, {"FunctionVersion", version}});
    if (!done) co_return std::unexpected(done.error());
    parts_.say(fmt::format(
        "  {}: {}:{} is version {}{}", region, function, alias, version,
        there ? fmt::format(", it was {}", there->value("FunctionVersion", "")) : std::string()));
    co_return Result<void>{};
}

io::Task<Runner::Done> Runner::promote(json settings) {
    auto const versions = deployed();
    std::string message;
    if (settings.contains("Alias")) {
        auto const alias = settings["Alias"].get<std::string>();
        for (auto const& [region, functions] : versions) {
            for (auto const& [function, version] : functions) {
                MERIDIAN_CO_CHECK(co_await point(region, function, alias, version));
            }
        }
        message = fmt::format("alias {} in {}", alias, counted(versions.size(), "region"));
    }
    if (!settings.value("Baseline", false)) co_return Done{nullptr, message};
    auto const name = fmt::format("{}.{}", pipeline_, number_);
    for (auto const& [region, functions] : versions) {
        auto const made = co_await ask(
            region, "meridian", "POST", "/meridian/v1/baselines",
            {{"Name", name},
             {"Message",
              fmt::format("pipeline {}:{}, commit {}", pipeline_, number_, execution_.commit)}});
        // A runner before this one has made it.
        if (!made && made.error().code != Errc::kResourceConflict)
            co_return std::unexpected(made.error());
        parts_.say(fmt::format("  {}: baseline {}", region, name));
    }
    if (!message.empty()) message += ", ";
    co_return Done{json{{"Baseline", name}}, message + "baseline " + name};
}

}  // namespace meridian::pipeline
