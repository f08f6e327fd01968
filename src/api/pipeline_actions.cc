#include "api/pipeline_actions.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "api/meridian_json.h"
#include "repositories/repository_name.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using nlohmann::json;
using pipeline::ExecutionEvent;
using pipeline::ExecutionId;

constexpr std::size_t kReasonCharsMax = 1'000;
constexpr std::size_t kOutputBytesMax = 64UL * 1024;
constexpr std::size_t kPipelineLogPageBytes = 1024UL * 1024;

std::unexpected<Error> bad_pipeline(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

std::unexpected<Error> no_operation() {
    return fail(Errc::kUnknownOperation, "There is no such operation.");
}

// What follows the prefix, taken apart and decoded: NAME, "executions", NUMBER, VERB.
struct PipelineTarget {
    std::string name = {};
    std::optional<std::uint64_t> number = std::nullopt;
    std::string verb = {};
    bool executions = false;
};

Result<PipelineTarget> pipeline_target(std::string_view path) {
    path.remove_prefix(kPipelinesPath.size());
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        if (!path.starts_with('/')) return no_operation();
        path.remove_prefix(1);
        auto const end = std::min(path.find('/'), path.size());
        parts.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    PipelineTarget target;
    constexpr std::size_t kMost = 4;
    if (parts.size() > kMost) return no_operation();
    if (!parts.empty()) {
        target.name = wire::percent_decoded_text(parts[0]);
        if (!pipeline::is_pipeline_name(target.name))
            return fail(Errc::kResourceNotFound, "That is no pipeline's name.");
    }
    if (parts.size() > 1) {
        if (parts[1] != "executions") return no_operation();
        target.executions = true;
    }
    if (parts.size() > 2) {
        std::uint64_t number = 0;
        auto const text = parts[2];
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size())
            return fail(Errc::kResourceNotFound, "That is no execution's number.");
        target.number = number;
    }
    if (parts.size() == kMost) target.verb = parts[3];
    return target;
}

Result<std::string> message_of(json const& input) {
    auto message = input.value("Message", "");
    if (message.size() > kReasonCharsMax)
        return bad_pipeline(fmt::format("Message has at most {} bytes.", kReasonCharsMax));
    return message;
}

json pipeline_json(pipeline::Pipeline const& pipeline) {
    return {{"Name", pipeline.name},
            {"Repository", pipeline.repository},
            {"Branch", pipeline.branch},
            {"LastNumber", pipeline.last_number},
            {"LastCommit", pipeline.last_commit}};
}

Result<pipeline::Pipelines::Who> starter_of(PipelineCall const& call) {
    auto by = started_by(call.caller);
    if (by.user_id == "-") {
        return fail(Errc::kAccessDenied,
                    "These credentials are narrowed by a session policy: a pipeline cannot run "
                    "with them.");
    }
    return pipeline::Pipelines::Who{call.caller.account, std::move(by)};
}

ExecutionId execution_id(PipelineCall const& call, PipelineTarget const& target) {
    return {call.caller.account, target.name, target.number.value_or(0)};
}

io::Task<HttpResponse> list_pipelines(PipelineCall const& call, PipelineTarget) {
    MERIDIAN_CO_TRY(auto const all, co_await call.pipelines.list(call.caller.account));
    json out = json::array();
    for (auto const& one : all) out.push_back(pipeline_json(one));
    co_return json_answer({{"Pipelines", std::move(out)}});
}

io::Task<HttpResponse> create_pipeline(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const input,
                    read_members(call.request, {{"Name", MemberType::string},
                                                {"Repository", MemberType::string},
                                                {"Branch", MemberType::string}}));
    MERIDIAN_CO_TRY(auto starter, starter_of(call));
    pipeline::Pipeline wanted{.name = target.name,
                              .repository = input.value("Repository", ""),
                              .branch = input.value("Branch", "main")};
    if (!repositories::is_repository_name(wanted.repository))
        co_return bad_pipeline("Repository is the name of a repository of this region.");
    if (!repositories::is_branch_name(wanted.branch))
        co_return bad_pipeline("Branch is no branch's name.");
    MERIDIAN_CO_TRY(auto const made,
                    co_await call.pipelines.create(std::move(starter), std::move(wanted)));
    co_return json_answer(pipeline_json(made));
}

io::Task<HttpResponse> show_pipeline(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const one, co_await call.pipelines.get(call.caller.account, target.name));
    co_return json_answer(pipeline_json(one));
}

io::Task<HttpResponse> delete_pipeline(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_CHECK(co_await call.pipelines.remove({call.caller.account, started_by(call.caller)},
                                                     target.name));
    co_return json_answer({{"Name", target.name}});
}

io::Task<HttpResponse> list_executions(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const all,
                    co_await call.pipelines.executions(call.caller.account, target.name));
    json out = json::array();
    for (auto const& one : all) out.push_back(pipeline::to_json(one));
    co_return json_answer({{"Executions", std::move(out)}});
}

io::Task<HttpResponse> start_execution(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const input, read_members(call.request, {{"Commit", MemberType::string}}));
    auto const commit = input.value("Commit", "");
    if (!commit.empty() && !repositories::is_commit_id(commit))
        co_return bad_pipeline("Commit is 40 hexadecimal digits.");
    MERIDIAN_CO_TRY(auto starter, starter_of(call));
    MERIDIAN_CO_TRY(auto const made,
                    co_await call.pipelines.start(std::move(starter), target.name, commit));
    co_return json_answer(pipeline::to_json(made));
}

io::Task<HttpResponse> show_execution(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const one, co_await call.pipelines.execution(execution_id(call, target)));
    co_return json_answer(pipeline::to_json(one));
}

io::Task<HttpResponse> rerun_execution(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const one, co_await call.pipelines.execution(execution_id(call, target)));
    MERIDIAN_CO_TRY(auto starter, starter_of(call));
    MERIDIAN_CO_TRY(auto const made,
                    co_await call.pipelines.start(std::move(starter), target.name, one.commit));
    co_return json_answer(pipeline::to_json(made));
}

template <ExecutionEvent kEvent>
io::Task<HttpResponse> decide_execution(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const input,
                    read_members(call.request, {{"Message", MemberType::string}}));
    MERIDIAN_CO_TRY(auto message, message_of(input));
    auto const by = fmt::format("by {}", call.caller.arn);
    auto const text = message.empty() ? by : fmt::format("{}: {}", by, message);
    MERIDIAN_CO_TRY(auto const now, co_await call.pipelines.update(
                                        call.caller.arn, execution_id(call, target),
                                        [text](pipeline::Execution& execution, WallTime at) {
                                            return apply(execution,
                                                         {.event = kEvent, .message = text}, at);
                                        }));
    co_return json_answer(pipeline::to_json(now));
}

// What a runner tells.
Result<pipeline::Pipelines::ExecutionChange> read_event(json const& input) {
    MERIDIAN_TRY(auto message, message_of(input));
    auto const name = input.value("Event", "");
    std::optional<std::size_t> stage;
    if (input.contains("Stage")) stage = input["Stage"].get<std::size_t>();
    auto const output = input.value("Output", json());
    if (output.dump().size() > kOutputBytesMax)
        return bad_pipeline(fmt::format("Output has at most {} bytes.", kOutputBytesMax));
    if (name == "BeginStage" || name == "EndStage") {
        if (!stage) return bad_pipeline("Stage is missing.");
        bool const begins = name == "BeginStage";
        return [=](pipeline::Execution& execution, WallTime at) {
            return begins ? begin_stage(execution, *stage, at)
                          : end_stage(execution, *stage, output, message, at);
        };
    }
    for (auto const event : {ExecutionEvent::kBegin, ExecutionEvent::kWait, ExecutionEvent::kFail,
                             ExecutionEvent::kFinish}) {
        if (name != name_of(event)) continue;
        return [=](pipeline::Execution& execution, WallTime at) {
            return apply(execution, {.event = event, .stage = stage, .message = message}, at);
        };
    }
    return bad_pipeline("Event is one of Begin, BeginStage, EndStage, Wait, Fail and Finish.");
}

io::Task<HttpResponse> take_event(PipelineCall const& call, PipelineTarget target) {
    auto const body = json::parse(call.request.body, nullptr, false);
    bool const has_output = body.is_object() && body.contains("Output");
    MERIDIAN_CO_TRY(auto const input,
                    read_members(call.request, {{"Event", MemberType::string},
                                                {"Stage", MemberType::number_unsigned},
                                                {"Message", MemberType::string},
                                                {"Output", has_output ? body["Output"].type()
                                                                      : MemberType::null}}));
    MERIDIAN_CO_TRY(auto change, read_event(input));
    MERIDIAN_CO_TRY(auto const now,
                    co_await call.pipelines.update(call.caller.arn, execution_id(call, target),
                                                   std::move(change)));
    co_return json_answer(pipeline::to_json(now));
}

io::Task<HttpResponse> read_pipeline_log(PipelineCall const& call, PipelineTarget target) {
    MERIDIAN_CO_TRY(auto const one, co_await call.pipelines.execution(execution_id(call, target)));
    std::string cursor;
    for (auto const& [name, value] : wire::split_query(call.request.query())) {
        if (name == "cursor") cursor = wire::percent_decoded_text(value);
    }
    auto const group = telemetry::accounts_group(
        call.caller.account, fmt::format("{}/{}", kPipelineLogGroup, target.name));
    MERIDIAN_CO_TRY(auto const page,
                    co_await call.logs.read(group, std::move(cursor), kPipelineLogPageBytes));
    json events = json::array();
    for (auto const& [stream, event] : page.events) {
        if (stream != one.id()) continue;
        events.push_back(
            {{"timestamp",
              std::chrono::floor<std::chrono::milliseconds>(event.time).time_since_epoch().count()},
             {"message", event.message}});
    }
    co_return json_answer({{"events", std::move(events)},
                           {"nextCursor", page.next_cursor},
                           {"more", !page.events.empty()}});
}

struct PipelineRoute {
    std::string_view action;
    io::Task<HttpResponse> (*run)(PipelineCall const& call, PipelineTarget target);
};

struct ExecutionVerb {
    std::string_view method;
    std::string_view name;
    PipelineRoute route;
};
constexpr ExecutionVerb kVerbs[] = {
    {"GET", "", {"codepipeline:GetPipelineExecution", show_execution}},
    {"GET", "log", {"codepipeline:GetPipelineExecution", read_pipeline_log}},
    {"POST", "rerun", {"codepipeline:StartPipelineExecution", rerun_execution}},
    {"POST",
     "approve",
     {"codepipeline:PutApprovalResult", decide_execution<ExecutionEvent::kApprove>}},
    {"POST",
     "reject",
     {"codepipeline:PutApprovalResult", decide_execution<ExecutionEvent::kReject>}},
    {"POST",
     "abort",
     {"codepipeline:StopPipelineExecution", decide_execution<ExecutionEvent::kAbort>}},
    {"POST", "events", {"codepipeline:PutJobSuccessResult", take_event}},
};

Result<PipelineRoute> pipeline_route(HttpRequest const& request, PipelineTarget const& target) {
    auto const& method = request.method;
    bool const get = method == "GET";
    bool const post = method == "POST";
    if (target.number) {
        for (auto const& verb : kVerbs) {
            if (verb.method == method && verb.name == target.verb) return verb.route;
        }
        return no_operation();
    }
    if (target.executions) {
        if (get) return PipelineRoute{"codepipeline:ListPipelineExecutions", list_executions};
        if (post) return PipelineRoute{"codepipeline:StartPipelineExecution", start_execution};
        return no_operation();
    }
    if (get)
        return target.name.empty() ? PipelineRoute{"codepipeline:ListPipelines", list_pipelines}
                                   : PipelineRoute{"codepipeline:GetPipeline", show_pipeline};
    if (!target.name.empty() && method == "DELETE")
        return PipelineRoute{"codepipeline:DeletePipeline", delete_pipeline};
    if (post) return PipelineRoute{"codepipeline:CreatePipeline", create_pipeline};
    return no_operation();
}

}  // namespace

pipeline::StartedBy started_by(auth::Caller const& caller) {
    bool const narrowed =
        caller.principal.session_policy != nullptr || !caller.principal.source_function_arn.empty();
    return {.arn = caller.arn, .user_id = narrowed ? "-" : caller.user_id};
}

io::Task<HttpResponse> serve_pipelines(Authorizer& authorizer, PipelineCall call) {
    MERIDIAN_CO_TRY(auto target, pipeline_target(call.request.path()));
    bool const creates = target.name.empty() && call.request.method == "POST";
    if (creates) {
        // Looked at again when it is carried out.
        auto const body = json::parse(call.request.body, nullptr, false);
        if (body.is_object() && body.contains("Name") && body["Name"].is_string())
            target.name = body["Name"].get<std::string>();
        if (!pipeline::is_pipeline_name(target.name))
            co_return bad_pipeline("Name is 1 to 100 letters, digits, '-' and '_'.");
    } else if (call.request.method == "POST" && !target.executions) {
        co_return no_operation();
    }
    MERIDIAN_CO_TRY(auto const route, pipeline_route(call.request, target));
    MERIDIAN_CO_CHECK(
        authorizer.authorize_pipeline(call.caller, route.action, target.name, call.origin));
    co_return co_await route.run(call, std::move(target));
}

}  // namespace meridian::api
