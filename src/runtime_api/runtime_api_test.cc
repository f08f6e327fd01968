#include "runtime_api/runtime_api.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace meridian::runtime_api {
namespace {

// Grants what it is told to and records what it was called with.
class FakeHost final : public RuntimeHost {
  public:
    std::optional<Refusal> refusal;
    std::vector<std::string> calls;
    InvocationEvent event;

    asio::awaitable<Answer<Result<InvocationEvent>>> next() override {
        calls.emplace_back("next");
        if (refusal) co_return std::unexpected(*refusal);
        co_return Result<InvocationEvent>(event);
    }
    Answer<void> respond(std::string_view id, std::string_view invocation,
                         std::string payload) override {
        return record("respond", id, invocation, payload);
    }
    Answer<void> respond_too_large(std::string_view id, std::string_view invocation) override {
        return record("respond_too_large", id, invocation, "");
    }
    Answer<void> fail_invocation(std::string_view id, std::string_view invocation,
                                 ReportedError error) override {
        return record("fail_invocation", id, invocation, error.type + "|" + error.body);
    }
    Answer<void> fail_init(ReportedError error) override {
        return record("fail_init", "", "", error.type + "|" + error.body);
    }
    std::string_view state_name() const override { return "Ready"; }

  private:
    Answer<void> record(std::string_view what, std::string_view id, std::string_view invocation,
                        std::string const& rest) {
        calls.push_back(std::string(what) + " " + std::string(id) + " " + std::string(invocation) +
                        " " + rest);
        if (refusal) return std::unexpected(*refusal);
        return {};
    }
};

HttpResponse send(FakeHost& host, HttpRequest request) {
    boost::asio::io_context context;
    HttpResponse out;
    boost::asio::co_spawn(context, handle(host, std::move(request)),
                          [&](std::exception_ptr e, HttpResponse response) {
                              EXPECT_FALSE(e);
                              out = std::move(response);
                          });
    context.run();
    return out;
}

HttpRequest request(std::string method, std::string target, std::string body = {}) {
    HttpRequest r;
    r.method = std::move(method);
    r.target = std::move(target);
    r.body = std::move(body);
    return r;
}

TEST(RuntimeApi, NextCarriesTheEventAndItsHeadersAndNoEmptyOnes) {
    FakeHost host;
    host.event = {model::RequestId{"rid"}, 123, "arn:f", "Root=1", "", "inv", "{\"a\": 1}"};
    auto const response = send(host, request("GET", "/2018-06-01/runtime/invocation/next"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "{\"a\": 1}");
    EXPECT_EQ(response.headers.get("lambda-runtime-aws-request-id"), "rid");
    EXPECT_EQ(response.headers.get("lambda-runtime-deadline-ms"), "123");
    EXPECT_EQ(response.headers.get("lambda-runtime-invocation-id"), "inv");
    EXPECT_FALSE(response.headers.contains("lambda-runtime-client-context"));
}

TEST(RuntimeApi, RoutesPostsAndAnswersAsLambdaDoes) {
    struct Case {
        char const* name;
        HttpRequest sent;
        std::optional<Refusal> refusal;
        int status;
        char const* body_part;
        char const* call;
    };
    auto with = [](HttpRequest r,
                   std::initializer_list<std::pair<char const*, char const*>> headers) {
        for (auto const& [name, value] : headers) r.headers.add(name, value);
        return r;
    };
    auto too_large = request("POST", "/2018-06-01/runtime/invocation/r1/response");
    too_large.body_too_large = true;
    std::string const p = "/2018-06-01/runtime/";
    Case const cases[] = {
        {"response",
         with(request("POST", p + "invocation/r1/response", "x"),
              {{"Lambda-Runtime-Invocation-Id", "i1"}}),
         {},
         202,
         "{\"status\":\"OK\"}",
         "respond r1 i1 x"},
        {"stale id", request("POST", p + "invocation/r0/response", "x"), Refusal::kInvalidRequestId,
         400, "\"errorType\":\"InvalidRequestID\"", "respond r0  x"},
        {"stale attempt", request("POST", p + "invocation/r1/response", "x"),
         Refusal::kInvalidInvocationId, 400, "InvalidInvocationId", "respond r1  x"},
        {"wrong state", request("POST", p + "invocation/r1/error", "e"), Refusal::kInvalidState,
         403, "State transition from Ready to InvocationErrorResponse failed",
         "fail_invocation r1  |e"},
        {"error",
         with(request("POST", p + "invocation/r1/error", "{}"),
              {{"Lambda-Runtime-Function-Error-Type", "Runtime.X"}}),
         {},
         202,
         "OK",
         "fail_invocation r1  Runtime.X|{}"},
        {"init error", request("POST", p + "init/error", "{}"), {}, 202, "OK", "fail_init   |{}"},
        {"too large",
         too_large,
         {},
         413,
         "Exceeded maximum allowed payload size (6291556 bytes).",
         "respond_too_large r1  "},
        {"bad mode",
         with(request("POST", p + "invocation/r1/response"),
              {{"Lambda-Runtime-Function-Response-Mode", "telepathy"}}),
         {},
         400,
         "InvalidFunctionResponseMode",
         nullptr},
        {"failed stream",
         with(request("POST", p + "invocation/r1/response", "half"),
              {{"Lambda-Runtime-Function-Response-Mode", "streaming"},
               {"Lambda-Runtime-Function-Error-Type", "E"},
               {"Lambda-Runtime-Function-Error-Body", "e30="}}),
         {},
         202,
         "OK",
         "fail_invocation r1  E|{}"},
        {"unknown path", request("POST", p + "invocation/r1/answer"), {}, 404, "", nullptr},
        {"wrong method", request("POST", p + "invocation/next"), {}, 404, "", nullptr},
        {"restore", request("GET", p + "restore/next"), {}, 404, "", nullptr},
        {"extensions",
         request("POST", "/2020-01-01/extension/register"),
         {},
         501,
         "Extension.NotSupported",
         nullptr},
        {"ping", request("GET", "/ping"), {}, 200, "pong", nullptr},
    };
    for (auto const& c : cases) {
        FakeHost host;
        host.refusal = c.refusal;
        auto const response = send(host, c.sent);
        EXPECT_EQ(response.status, c.status) << c.name;
        EXPECT_NE(response.body.find(c.body_part), std::string::npos)
            << c.name << ": " << response.body;
        if (c.call == nullptr) {
            EXPECT_TRUE(host.calls.empty()) << c.name;
        } else {
            EXPECT_EQ(host.calls, (std::vector<std::string>{c.call})) << c.name;
        }
    }
}

}  // namespace
}  // namespace meridian::runtime_api
