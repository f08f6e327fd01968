#include "wire/sigv4.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "wire/event_time.h"
#include "wire/sigv4_vectors.h"
#include "wire/uri.h"

namespace meridian::wire::sigv4 {
namespace {

// Every case of AWS's own signing test suite, in both forms. LICENSE lies beside the cases.
TEST(SigV4, GivesTheSignaturesOfTheTestSuite) {
    int cases = 0;
    for (auto const& vector : testing::load_signing_vectors(MERIDIAN_SOURCE_DIR)) {
        SCOPED_TRACE(vector.name);
        ++cases;
        // Header form.
        HttpRequest request = vector.request;
        sign_request(request, vector.credentials, vector.options);
        auto const authorization = request.headers.get("Authorization");
        auto const list_at = authorization.find("SignedHeaders=") + 14;
        auto const signed_headers =
            authorization.substr(list_at, authorization.find(',', list_at) - list_at);
        auto const canonical = canonical_request(
            request, signed_headers, crypto::sha256_hex(request.body), vector.options.path_rules);
        EXPECT_EQ(canonical, vector.file("header-canonical-request.txt"));
        auto const amz_date = format_amz_date(vector.options.time);
        Scope const scope{std::string_view(amz_date).substr(0, 8), vector.options.region,
                          vector.options.service};
        EXPECT_EQ(string_to_sign(amz_date, scope, canonical),
                  vector.file("header-string-to-sign.txt"));
        EXPECT_EQ(authorization.substr(authorization.find("Signature=") + 10),
                  vector.file("header-signature.txt"));

        // Query form.
        HttpRequest presigned = vector.request;
        presigned.target =
            presigned_target(vector.request, vector.credentials, vector.options, vector.lifetime,
                             crypto::sha256_hex(vector.request.body));
        auto const signature_at = presigned.target.find("X-Amz-Signature=");
        EXPECT_EQ(presigned.target.substr(signature_at + 16), vector.file("query-signature.txt"));
        auto const expected = vector.file("query-signed-request.txt");
        auto const target_at = expected.find(' ') + 1;
        EXPECT_EQ(presigned.target,
                  expected.substr(target_at, expected.find(" HTTP/1.1") - target_at));
    }
    EXPECT_EQ(cases, 38);
}

TEST(SigV4, EncodesTheArnInAPathTwice) {
    EXPECT_EQ(canonical_path("/2015-03-31/functions/arn%3Aaws/invocations"),
              "/2015-03-31/functions/arn%253Aaws/invocations");
    EXPECT_EQ(canonical_path("/bucket/a%20b", {.double_encode = false, .normalize = false}),
              "/bucket/a%20b");
}

TEST(SigV4, ResolvesPaths) {
    struct {
        char const* path;
        char const* resolved;
    } const cases[] = {
        {"", "/"},           {"/", "/"},           {"//", "/"},       {"/..", "/"},
        {"/../..", "/"},     {"/a/./b", "/a/b"},   {"/a/../b", "/b"}, {"/a/b/..", "/a/"},
        {"/a/b/.", "/a/b/"}, {"/a//b//", "/a/b/"}, {"a", "/a"},
    };
    for (auto const& c : cases) EXPECT_EQ(canonical_path(c.path), c.resolved) << c.path;
}

TEST(SigV4, SortsAQueryByNameThenValue) {
    EXPECT_EQ(canonical_query("b=2&a=2&a=1&c&&d=x%2Fy&X-Amz-Signature=0"),
              "a=1&a=2&b=2&c=&d=x%2Fy");
    EXPECT_EQ(canonical_query(""), "");
    EXPECT_EQ(canonical_query("a=%zz"), "a=%25zz");
}

}  // namespace
}  // namespace meridian::wire::sigv4
