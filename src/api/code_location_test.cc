#include "api/code_location.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "control/fakes.h"

namespace meridian::api {
namespace {

constexpr char const* kEndpoint = "http://127.0.0.1:4566";

class CodeLocationTest : public testing::Test, protected control::ControlHarness {
  protected:
    CodeLocationTest() {
        auto const stored = run(code.put(zip));
        package = {model::AccountId("123456789012"), "my-function_1", stored->sha256};
    }
    // The request that a plain client makes of a link.
    static HttpRequest follow(std::string const& link) {
        HttpRequest request;
        request.method = "GET";
        request.target = link.substr(std::string_view(kEndpoint).size());
        request.headers.add("Host", "127.0.0.1:4566");
        request.headers.add("User-Agent", "Wget/1.21.3");
        return request;
    }
    HttpResponse serve(HttpRequest request) {
        std::optional<HttpResponse> response;
        asio::co_spawn(context,
                       locations.serve(*control, std::move(request), model::RequestId("req-1")),
                       [&](std::exception_ptr exception, HttpResponse answer) {
                           if (exception) std::rethrow_exception(exception);
                           response = std::move(answer);
                       });
        run_until([&] { return response.has_value(); });
        return *response;
    }

    std::string const zip = std::string("PK\0\xff\n zip bytes", 15);
    CodeLocations locations{clock, model::RegionName("us-east-1"), "secret"};
    CodePackageName package;
};

TEST_F(CodeLocationTest, ALinkGivesTheExactBytes) {
    auto const link = locations.link(kEndpoint, package);
    EXPECT_TRUE(
        link.starts_with("http://127.0.0.1:4566/_code/us-east-1/123456789012/my-function_1-"))
        << link;
    EXPECT_NE(link.find("X-Amz-Expires=600"), std::string::npos) << link;
    auto const response = serve(follow(link));
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.headers.get("Content-Type"), "application/zip");
    EXPECT_EQ(response.body, zip);
}

TEST_F(CodeLocationTest, ALinkEndsAfterTenMinutes) {
    auto const request = follow(locations.link(kEndpoint, package));
    clock.advance(std::chrono::seconds(599));
    EXPECT_EQ(serve(request).status, 200);
    clock.advance(std::chrono::seconds(1));
    auto const response = serve(request);
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/xml");
    EXPECT_NE(response.body.find(
                  "<Code>AccessDenied</Code><Message>Request has expired</Message>"
                  "<X-Amz-Expires>600</X-Amz-Expires><Expires>2023-11-14T22:23:20Z</Expires>"
                  "<ServerTime>2023-11-14T22:23:20Z</ServerTime>"),
              std::string::npos)
        << response.body;
}

TEST_F(CodeLocationTest, WhatWasChangedIsRefused) {
    auto const link = locations.link(kEndpoint, package);
    auto const replaced = [&](std::string const& from, std::string const& to) {
        auto text = link;
        auto const at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return follow(text.replace(at, from.size(), to));
    };
    auto other_host = follow(link);
    other_host.headers.set("Host", "example.com");
    auto const hash = to_hex(*from_base64(package.sha256.value()));
    auto flipped = hash;
    flipped[0] = flipped[0] == '0' ? '1' : '0';
    struct Case {
        char const* name;
        HttpRequest request;
        char const* code;
    };
    Case const cases[] = {
        {"lifetime", replaced("X-Amz-Expires=600", "X-Amz-Expires=60000"), "SignatureDoesNotMatch"},
        {"package", replaced("versionId=" + hash, "versionId=" + flipped), "SignatureDoesNotMatch"},
        {"function", replaced("my-function_1", "my-function_2"), "SignatureDoesNotMatch"},
        {"host", other_host, "SignatureDoesNotMatch"},
        {"another region's path", replaced("/us-east-1/", "/sa-east-1/"), "AccessDenied"},
        {"more signed headers",
         replaced("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Bx"),
         "SignatureDoesNotMatch"},
        {"another parameter", follow(link + "&x=1"), "SignatureDoesNotMatch"},
        {"the package twice", follow(link + "&versionId=" + hash), "SignatureDoesNotMatch"},
        {"no signature", follow(link.substr(0, link.find("X-Amz-Signature"))), "AccessDenied"},
        {"no query", follow(link.substr(0, link.find('?'))), "AccessDenied"},
        {"a lifetime that is no number", replaced("X-Amz-Expires=600", "X-Amz-Expires=6x0"),
         "AccessDenied"},
    };
    for (auto const& test : cases) {
        auto const response = serve(test.request);
        EXPECT_EQ(response.status, 403) << test.name;
        EXPECT_NE(response.body.find(std::string("<Code>") + test.code + "</Code>"),
                  std::string::npos)
            << test.name << ": " << response.body;
        EXPECT_EQ(response.body.find("zip bytes"), std::string::npos) << test.name;
    }
}

TEST_F(CodeLocationTest, RegionsDoNotTakeEachOthersLinks) {
    CodeLocations const other(clock, model::RegionName("sa-east-1"), "secret");
    EXPECT_FALSE(other.verify(follow(locations.link(kEndpoint, package))));
    CodeLocations const stranger(clock, model::RegionName("us-east-1"), "another secret");
    EXPECT_EQ(stranger.verify(follow(locations.link(kEndpoint, package))).error().code,
              "SignatureDoesNotMatch");
}

TEST_F(CodeLocationTest, APackageThatIsGoneIsNoSuchKey) {
    auto const request = follow(locations.link(kEndpoint, package));
    code.packages.clear();
    auto const response = serve(request);
    EXPECT_EQ(response.status, 404);
    EXPECT_NE(response.body.find("<Code>NoSuchKey</Code>"), std::string::npos);
}

TEST_F(CodeLocationTest, OnlyGetIsServed) {
    auto request = follow(locations.link(kEndpoint, package));
    request.method = "PUT";
    EXPECT_EQ(serve(request).status, 405);
}

TEST(CodeLocationPaths, NameTheirRegion) {
    EXPECT_EQ(CodeLocations::region_of("/_code/us-east-1/1/f"), model::RegionName("us-east-1"));
    for (auto const* path :
         {"/", "/_code/", "/_code/us-east-1", "/_code//1/f", "/2015-03-31/functions"}) {
        EXPECT_EQ(CodeLocations::region_of(path), std::nullopt) << path;
    }
}

}  // namespace
}  // namespace meridian::api
