#include "cli/pipeline_commands.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "base/log.h"
#include "cli/aws_client.h"
#include "cli/source_builder.h"
#include "cli/template_source.h"
#include "crypto/system_random.h"
#include "io/sleep.h"
#include "pipeline/pipelines.h"
#include "pipeline/runner.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

constexpr auto kExecutionWatchInterval = std::chrono::milliseconds(300);
constexpr std::size_t kCommitShownChars = 12;

struct ExecutionName {
    std::string pipeline;
    std::uint64_t number = 0;

    [[nodiscard]] std::string path(std::string_view rest = {}) const {
        return fmt::format("pipelines/{}/executions/{}{}", wire::percent_encoded(pipeline), number,
                           rest);
    }
};

Result<ExecutionName> parse_id(std::string const& id) {
    ExecutionName name;
    auto const colon = id.find(':');
    if (colon != std::string::npos) {
        name.pipeline = id.substr(0, colon);
        auto const* const end = id.data() + id.size();
        auto const [stop, error] = std::from_chars(id.data() + colon + 1, end, name.number);
        if (error == std::errc{} && stop == end && name.number > 0 &&
            pipeline::is_pipeline_name(name.pipeline))
            return name;
    }
    return fail(Errc::kInvalidParameterValue,
                fmt::format("{} is no execution: one is called NAME:NUMBER, such as shop:3.", id));
}

std::string execution_id(json const& execution) {
    return fmt::format("{}:{}", execution.value("Pipeline", ""),
                       execution.value("Number", std::uint64_t{0}));
}

std::string execution_line(json const& execution) {
    return fmt::format("{:<20} {:<10} {}  {}  {}\n", execution_id(execution),
                       execution.value("State", ""),
                       execution.value("Commit", "").substr(0, kCommitShownChars),
                       execution.value("Began", ""), execution.value("Reason", ""));
}

std::string stage_line(json const& stage) {
    auto const message = stage.value("Message", "");
    return fmt::format("  {:<20} {:<10}{}{}\n", stage.value("Name", ""), stage.value("State", ""),
                       message.empty() ? "" : " ", message);
}

std::string execution_text(json const& execution) {
    auto text = execution_line(execution);
    for (auto const& stage : execution.value("Stages", json::array())) text += stage_line(stage);
    return text;
}

bool is_waiting(json const& execution) { return execution.value("State", "") == "Waiting"; }

std::string what_next(json const& execution) {
    auto const id = execution_id(execution);
    if (is_waiting(execution)) {
        return fmt::format(
            "Go on with: meridian pipeline approve {0}\nEnd it with: meridian pipeline reject "
            "{0}\n",
            id);
    }
    return {};
}

// An execution after what was asked of it.
void show_change(Output const& output, json const& execution) {
    if (output.json) {
        print_json(output, execution);
        return;
    }
    output.print(
        execution_line(execution) +
        fmt::format("Watch it with: meridian pipeline watch {}\n", execution_id(execution)));
}

// Whether nothing happens before a person decides.
Result<bool> has_come_to_rest(json const& execution) {
    MERIDIAN_TRY(auto const state, pipeline::parse_execution_state(execution.value("State", "")));
    return is_over(state) || state == pipeline::ExecutionState::kWaiting;
}

std::string names_of(json const& object) {
    std::string out;
    for (auto const& [name, _] : object.items()) out += (out.empty() ? "" : ", ") + name;
    return out;
}

std::string waves_text(json const& waves) {
    if (waves.empty()) return "the pipeline's region";
    std::string out;
    for (auto const& wave : waves) {
        if (!out.empty()) out += ", then ";
        out += fmt::format("{}", fmt::join(wave.get<std::vector<std::string>>(), " and "));
    }
    return out;
}

std::string stage_text(pipeline::StageDefinition const& stage) {
    auto const& settings = stage.settings;
    switch (stage.kind) {
        case pipeline::StageKind::kBuild:
            return names_of(settings.at("Packages"));
        case pipeline::StageKind::kTest:
            return fmt::format("{} in {}", counted(settings.at("Cases").size(), "case"),
                               settings.value("Region", "the pipeline's region"));
        case pipeline::StageKind::kDeploy:
            return fmt::format("{} to {}",
                               settings.contains("Template")
                                   ? "stack " + settings["Stack"].get<std::string>()
                                   : names_of(settings.at("Functions")),
                               waves_text(settings.at("Waves")));
        case pipeline::StageKind::kApprove:
            return settings.value("Message", "");
        case pipeline::StageKind::kPromote:
            return fmt::format("{}{}", settings.value("Alias", ""),
                               settings.value("Baseline", false) ? " and a baseline" : "");
    }
    return {};
}

// A template of a checkout, with what `meridian deploy` packages sources with.
using MakeBuilder = std::function<std::unique_ptr<deploy::Builder>(std::filesystem::path const&)>;
Result<pipeline::OpenedTemplate> open_checked_out(std::filesystem::path const& folder,
                                                  MakeBuilder const& make_builder) {
    MERIDIAN_TRY(auto source, open_template_path(folder, folder.string()));
    return pipeline::OpenedTemplate{
        .file_name = std::filesystem::path(source.file).filename().string(),
        .text = std::move(source.text),
        .builder = make_builder(source.folder)};
}

}  // namespace

Result<void> check_pipeline(std::filesystem::path const& file, Output const& output) {
    std::ifstream in(file, std::ios::binary);
    std::string const text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad())
        return fail(Errc::kInvalidParameterValue, fmt::format("Cannot read {}.", file.string()));
    MERIDIAN_TRY(auto const definition, pipeline::parse_definition(text));
    json stages = json::array();
    std::string lines;
    for (auto const& stage : definition.stages) {
        stages.push_back({{"Name", stage.name},
                          {"Kind", pipeline::name_of(stage.kind)},
                          {"Settings", stage.settings}});
        lines += fmt::format("  {:<20} {:<8} {}\n", stage.name, pipeline::name_of(stage.kind),
                             stage_text(stage));
    }
    if (output.json) {
        print_json(output, {{"Stages", std::move(stages)}});
    } else {
        output.print(fmt::format("A push would do this:\n{}", lines));
    }
    return {};
}

io::Task<> create_pipeline(Connection connection, Clock const& clock, NewPipeline wanted,
                           Output output) {
    MERIDIAN_CO_TRY(
        bool const said,
        co_await only_said(
            connection, clock, output,
            {.does = fmt::format("make the pipeline {}: a push to the branch {} of {} starts it",
                                 wanted.name, wanted.branch, wanted.repository),
             .about = "repositories/" + wire::percent_encoded(wanted.repository),
             .makes = "pipelines/" + wire::percent_encoded(wanted.name)}));
    if (said) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const made, co_await ask(std::move(connection), clock, "POST", "pipelines",
                                                  {{"Name", wanted.name},
                                                   {"Repository", wanted.repository},
                                                   {"Branch", wanted.branch}}));
    if (output.json) {
        print_json(output, made);
    } else {
        output.print(
            fmt::format("Pipeline {0} is made: a push to the branch {1} of {2} starts it.\n"
                        "Watch it with: meridian pipeline list {0}\n"
                        "Remove it with: meridian pipeline delete {0}\n",
                        wanted.name, wanted.branch, wanted.repository));
    }
    co_return Result<void>{};
}

io::Task<> delete_pipeline(Connection connection, Clock const& clock, std::string name,
                           Output output) {
    MERIDIAN_CO_TRY(
        bool const said,
        co_await only_said(connection, clock, output,
                           {.does = fmt::format("delete the pipeline {} with its executions", name),
                            .about = "pipelines/" + wire::percent_encoded(name)}));
    if (said) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const gone, co_await ask(std::move(connection), clock, "DELETE",
                                                  "pipelines/" + wire::percent_encoded(name)));
    if (output.json) {
        print_json(output, gone);
    } else {
        output.print(fmt::format(
            "Pipeline {} is deleted with its executions. Its repository stays.\n", name));
    }
    co_return Result<void>{};
}

io::Task<> list_pipelines(Connection connection, Clock const& clock, std::string name,
                          Output output) {
    auto const path = name.empty()
                          ? std::string("pipelines")
                          : fmt::format("pipelines/{}/executions", wire::percent_encoded(name));
    MERIDIAN_CO_TRY(auto const answer, co_await ask(std::move(connection), clock, "GET", path));
    if (output.json) {
        print_json(output, answer);
        co_return Result<void>{};
    }
    for (auto const& execution : answer.value("Executions", json::array()))
        output.print(execution_line(execution));
    for (auto const& one : answer.value("Pipelines", json::array())) {
        output.print(fmt::format("{:<20} {} {}  {} executions\n", one.value("Name", ""),
                                 one.value("Repository", ""), one.value("Branch", ""),
                                 one.value("LastNumber", 0U)));
    }
    co_return Result<void>{};
}

io::Task<> show_execution(Connection connection, Clock const& clock, std::string id,
                          Output output) {
    MERIDIAN_CO_TRY(auto const name, parse_id(id));
    MERIDIAN_CO_TRY(auto const execution,
                    co_await ask(std::move(connection), clock, "GET", name.path()));
    if (output.json) {
        print_json(output, execution);
    } else {
        output.print(execution_text(execution) + what_next(execution));
    }
    co_return Result<void>{};
}

io::Task<> watch_execution(Connection connection, Clock const& clock, std::string id,
                           Output output) {
    MERIDIAN_CO_TRY(auto const name, parse_id(id));
    std::string seen;
    std::map<std::string, std::string> stages;
    for (;;) {
        MERIDIAN_CO_TRY(auto const execution, co_await ask(connection, clock, "GET", name.path()));
        auto const changed = execution.value("Changed", "") + execution.value("State", "");
        if (changed != seen && output.json) output.print(execution.dump() + "\n");
        if (changed != seen && !output.json) {
            for (auto const& stage : execution.value("Stages", json::array())) {
                auto line = stage_line(stage);
                auto& last = stages[stage.value("Name", "")];
                if (last == line || (last.empty() && stage.value("State", "") == "Pending"))
                    continue;
                output.print(line);
                last = std::move(line);
            }
        }
        seen = changed;
        MERIDIAN_CO_TRY(bool const rests, has_come_to_rest(execution));
        if (rests) {
            auto const state = execution.value("State", "");
            if (!output.json) output.print(execution_line(execution) + what_next(execution));
            if (state == "Succeeded" || is_waiting(execution)) co_return Result<void>{};
            co_return fail(Errc::kUnavailable,
                           fmt::format("{} is {}: {}", id, state, execution.value("Reason", "")));
        }
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kExecutionWatchInterval));
    }
}

io::Task<> show_execution_log(Connection connection, Clock const& clock, std::string id,
                              bool follow, Output output) {
    MERIDIAN_CO_TRY(auto const name, parse_id(id));
    std::string cursor;
    for (;;) {
        // Before the page: what it ended with is then on one of the pages that follow.
        MERIDIAN_CO_TRY(auto const execution, co_await ask(connection, clock, "GET", name.path()));
        MERIDIAN_CO_TRY(bool const rests, has_come_to_rest(execution));
        for (bool more = true; more;) {
            MERIDIAN_CO_TRY(
                auto const page,
                co_await ask(connection, clock, "GET",
                             name.path("/log?cursor=" + wire::percent_encoded(cursor))));
            for (auto const& event : page.value("events", json::array())) {
                WallTime const time{
                    std::chrono::milliseconds(event.value("timestamp", std::int64_t{0}))};
                output.print(output.json ? event.dump() + "\n"
                                         : fmt::format("{} {}\n", wire::format_iso8601_ms(time),
                                                       event.value("message", "")));
            }
            cursor = page.value("nextCursor", cursor);
            more = page.value("more", false);
        }
        if (!follow || rests) co_return Result<void>{};
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kExecutionWatchInterval));
    }
}

io::Task<> decide_execution(Connection connection, Clock const& clock, std::string id,
                            std::string verb, std::string message, Output output) {
    MERIDIAN_CO_TRY(auto const name, parse_id(id));
    MERIDIAN_CO_TRY(bool const said,
                    co_await only_said(connection, clock, output,
                                       {.does = fmt::format("{} the execution {}", verb, id),
                                        .about = name.path()}));
    if (said) co_return Result<void>{};
    json body = json::object();
    if (!message.empty()) body["Message"] = message;
    MERIDIAN_CO_TRY(auto const execution, co_await ask(std::move(connection), clock, "POST",
                                                       name.path("/" + verb), std::move(body)));
    show_change(output, execution);
    co_return Result<void>{};
}

io::Task<> start_execution(Connection connection, Clock const& clock, std::string name,
                           std::string commit, Output output) {
    MERIDIAN_CO_TRY(bool const said,
                    co_await only_said(
                        connection, clock, output,
                        {.does = fmt::format("start an execution of the pipeline {} with {}", name,
                                             commit.empty() ? "what its branch is at" : commit),
                         .about = "pipelines/" + wire::percent_encoded(name)}));
    if (said) co_return Result<void>{};
    json body = json::object();
    if (!commit.empty()) body["Commit"] = commit;
    MERIDIAN_CO_TRY(auto const execution, co_await ask(std::move(connection), clock, "POST",
                                                       fmt::format("pipelines/{}/executions",
                                                                   wire::percent_encoded(name)),
                                                       std::move(body)));
    show_change(output, execution);
    co_return Result<void>{};
}

io::Task<> run_execution(Connection connection, Clock const& clock, std::string id,
                         std::filesystem::path folder, Output output) {
    MERIDIAN_CO_TRY(auto const name, parse_id(id));
    std::map<std::string, std::unique_ptr<AwsClient>> clients;
    crypto::SystemRandom random;
    NullLog log;
    auto const api = [&](std::string const& region) -> deploy::AwsApi& {
        auto& client = clients[region];
        if (!client) {
            auto there = connection;
            there.region = region;
            client = std::make_unique<AwsClient>(std::move(there), clock);
        }
        return *client;
    };
    RegionBuilds builds(api(connection.region));
    MakeBuilder const make_builder = [&](std::filesystem::path const& root) {
        return std::make_unique<SourceBuilder>(root, &builds);
    };
    // A stage that builds says so itself; one that deploys a template does not know.
    MakeBuilder const make_telling_builder = [&](std::filesystem::path const& root) {
        auto builder = std::make_unique<SourceBuilder>(root, &builds);
        builder->on_step = [&](std::string_view step) {
            output.print(fmt::format("  building {} in {}\n", step, builds.region()));
        };
        return builder;
    };
    pipeline::Runner runner(
        {.api = api,
         .home = connection.region,
         .clock = clock,
         .pause = [](std::chrono::milliseconds time) { return io::sleep_for(time); },
         .say = [&](std::string const& line) { output.print(line + "\n"); },
         .open_template =
             [&](std::filesystem::path const& checkout) {
                 return open_checked_out(checkout, make_telling_builder);
             },
         .builder = make_builder,
         .directory = std::move(folder),
         .random = random,
         .log = log},
        name.pipeline, name.number);
    co_return co_await runner.run();
}

}  // namespace meridian::cli
