// Any bytes as a series of model-shaped requests of all operations against a control plane: no
// answer is a 5xx (but 501 by name), and what was accepted reads back equal.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "api/action_test_support.h"
#include "api/code_location.h"
#include "api/model_shaped.h"
#include "control/fakes.h"
#include "wire/errors.h"
#include "wire/query_xml.h"
#include "wire/rest_json.h"

namespace {

using namespace meridian;
using nlohmann::json;
using Id = wire::OperationId;

constexpr std::size_t kRequestsMax = 64;
constexpr int kServerError = 500;

// What reads the thing that an operation wrote: by these members of the write's input, or, where it
// made one up, of its output.
struct ReadBack {
    Id write;
    Id read;
    std::vector<std::string> by;
    std::string from_output = {};
    std::string within = {};  // both answers hold it under this member
};

std::vector<ReadBack> const& read_backs() {
    static std::vector<ReadBack> const kAll = {
        {Id::kLambdaCreateFunction, Id::kLambdaGetFunctionConfiguration, {"FunctionName"}},
        {Id::kLambdaUpdateFunctionConfiguration,
         Id::kLambdaGetFunctionConfiguration,
         {"FunctionName"}},
        {Id::kLambdaCreateAlias, Id::kLambdaGetAlias, {"FunctionName", "Name"}},
        {Id::kLambdaUpdateAlias, Id::kLambdaGetAlias, {"FunctionName", "Name"}},
        {Id::kLambdaPutFunctionConcurrency, Id::kLambdaGetFunctionConcurrency, {"FunctionName"}},
        {Id::kLambdaPutFunctionEventInvokeConfig,
         Id::kLambdaGetFunctionEventInvokeConfig,
         {"FunctionName", "Qualifier"}},
        {Id::kLambdaCreateFunctionUrlConfig,
         Id::kLambdaGetFunctionUrlConfig,
         {"FunctionName", "Qualifier"}},
        {Id::kLambdaUpdateFunctionUrlConfig,
         Id::kLambdaGetFunctionUrlConfig,
         {"FunctionName", "Qualifier"}},
        {Id::kLambdaPutFunctionRecursionConfig,
         Id::kLambdaGetFunctionRecursionConfig,
         {"FunctionName"}},
        {Id::kLambdaPutRuntimeManagementConfig,
         Id::kLambdaGetRuntimeManagementConfig,
         {"FunctionName", "Qualifier"}},
        {Id::kLambdaCreateEventSourceMapping, Id::kLambdaGetEventSourceMapping, {}, "UUID"},
        {Id::kIamCreateUser, Id::kIamGetUser, {"UserName"}, {}, "User"},
        {Id::kIamCreateRole, Id::kIamGetRole, {"RoleName"}, {}, "Role"},
        {Id::kIamCreateGroup, Id::kIamGetGroup, {"GroupName"}, {}, "Group"},
    };
    return kAll;
}

// What changes by itself, or on the way.
bool is_volatile(std::string const& member) {
    static std::set<std::string> const kMembers = {"State",
                                                   "StateReason",
                                                   "StateReasonCode",
                                                   "LastUpdateStatus",
                                                   "RevisionId",
                                                   "LastModified",
                                                   "ResponseMetadata",
                                                   "LastUpdateStatusReason",
                                                   "LastUpdateStatusReasonCode",
                                                   "RuntimeVersionConfig"};
    return kMembers.contains(member);
}

[[noreturn]] void report(std::string const& what, HttpRequest const& request,
                         std::string const& more) {
    std::fprintf(stderr, "%s\n%s %s\n%s\n%s\n", what.c_str(), request.method.c_str(),
                 request.target.c_str(), request.body.c_str(), more.c_str());
    std::abort();
}

class Server : public control::ControlHarness {
  public:
    // A function with a version and an alias, a user: most operations need one.
    Server() {
        make_role();
        make_function("f");
        (void)run(control->publish_version(who, {.name = model::FunctionName("f")}));
        settle();
        (void)run(identities.manager.create_user(who, {.name = "ann"}));
        context_.caller.account = model::AccountId(control::kTestAccount);
        context_.caller.arn = "arn:aws:iam::123456789012:root";
        context_.caller.user_id = control::kTestAccount;
        context_.region = model::RegionName("us-east-1");
        context_.caller.region = context_.region;
        context_.endpoint = "http://127.0.0.1:4566";
        context_.code_locations = &locations_;
    }

    // The output, or nothing where it was refused.
    std::optional<json> send(wire::Operation const& operation, HttpRequest const& request) {
        auto output = answer(operation, request);
        if (!output) {
            auto const response =
                wire::encode_error(operation.service, output.error(), model::RequestId("r"));
            bool const honest = output.error().code == Errc::kNotImplemented;
            if (response.status >= kServerError && !honest)
                report("a 5xx", request, output.error().message);
            return std::nullopt;
        }
        auto kept = *output;
        if (operation.service == wire::Service::kLambda) {
            (void)wire::encode_output(operation, std::move(*output));
        } else {
            (void)wire::encode_query_output(operation, *output, model::RequestId("r"));
        }
        return kept;
    }

    void check(ReadBack const& rule, json const& input, json const& written,
               HttpRequest const& request) {
        json asked = json::object();
        for (auto const& member : rule.by) {
            if (input.contains(member)) asked[member] = input[member];
        }
        if (!rule.from_output.empty()) asked[rule.from_output] = written[rule.from_output];
        auto const& read = wire::operation(rule.read);
        auto const found = send(read, api::request_of(read, asked));
        if (!found) report("what was accepted is not there", request, written.dump());
        auto const& one = rule.within.empty() ? written : written[rule.within];
        auto const& other = rule.within.empty() ? *found : (*found)[rule.within];
        for (auto const& [member, value] : one.items()) {
            if (is_volatile(member) || !other.contains(member)) continue;
            if (other[member] != value) {
                report("what was accepted reads back otherwise: " + member, request,
                       one.dump() + "\n" + other.dump());
            }
        }
    }

  private:
    Result<json> answer(wire::Operation const& operation, HttpRequest const& request) {
        json input;
        if (operation.service == wire::Service::kLambda) {
            MERIDIAN_TRY(auto const route,
                         wire::find_route(request.method, request.path(), request.query()));
            if (route.operation->id != operation.id) return json::object();  // an odd label
            MERIDIAN_TRY(input, wire::decode_input(route, request));
        } else {
            MERIDIAN_TRY(auto call, wire::decode_query(operation.service, request));
            input = std::move(call.input);
        }
        auto const action = api::find_action(operation.id);
        MERIDIAN_TRY(context_.account, run(authorizer_.authorize(context_.caller, operation, input,
                                                                 context_.origin)));
        return api::members_of(*action,
                               {.control = *control,
                                .iam = identities.manager,
                                .tokens = identities.tokens,
                                .authorizer = authorizer_},
                               context_, std::move(input),
                               [this](auto task) { return run(std::move(task)); });
    }

    api::Authorizer authorizer_{{*control, identities.directory, identities.authority, clock}};
    api::CodeLocations locations_{clock, model::RegionName("us-east-1"), "secret"};
    api::ActionContext context_;
};

std::vector<wire::Operation const*> operations_here() {
    std::vector<wire::Operation const*> out;
    for (auto const& operation : wire::operations()) {
        if (api::find_action(operation.id)) out.push_back(&operation);
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const operations = operations_here();
    api::Choices choices({data, size});
    Server server;
    for (std::size_t i = 0; i < kRequestsMax && !choices.done(); ++i) {
        auto const& operation = *operations[choices.below(operations.size())];
        auto const input = api::model_shaped_input(operation, choices);
        auto const request = api::request_of(operation, input);
        auto const written = server.send(operation, request);
        if (choices.below(2) == 1) server.settle();
        if (!written || written->empty()) continue;
        for (auto const& rule : read_backs()) {
            if (rule.write == operation.id) server.check(rule, input, *written, request);
        }
    }
    return 0;
}
