#include <gtest/gtest.h>

#include "repositories/git_request.h"
#include "repositories/http_backend.h"
#include "repositories/repository_name.h"

namespace meridian::repositories {
namespace {

TEST(RepositoryName, IsOneFolderAndNoOther) {
    for (auto const* good : {"a", "A.b-c_d", "_x", "9", "vaults", "x.gitx"})
        EXPECT_TRUE(is_repository_name(good)) << good;
    for (auto const* bad : {"", ".", "..", "a..b", ".a", "-a", "a/b", "a b", "vault", "a.git",
                            "\xc3\xa9", "a\n", "a%2e"})
        EXPECT_FALSE(is_repository_name(bad)) << bad;
    EXPECT_TRUE(is_repository_name(std::string(kRepositoryNameCharsMax, 'a')));
    EXPECT_FALSE(is_repository_name(std::string(kRepositoryNameCharsMax + 1, 'a')));
}

TEST(BranchName, IsNoOptionAndNoPath) {
    for (auto const* good : {"main", "feature/x-1", "release.2", "a/b/c"})
        EXPECT_TRUE(is_branch_name(good)) << good;
    for (auto const* bad : {"", "-x", "/a", "a/", "a//b", "a/.b", "a..b", "a.lock", "a/b.lock/c",
                            "a.", "a b", "a~1", "a^", "a:b", "a@{1}", "a/-b"})
        EXPECT_FALSE(is_branch_name(bad)) << bad;
}

TEST(CommitId, IsFortyDigits) {
    EXPECT_TRUE(is_commit_id("0123456789abcdef0123456789abcdef01234567"));
    EXPECT_FALSE(is_commit_id("0123456789abcdef0123456789abcdef0123456"));
    EXPECT_FALSE(is_commit_id("0123456789ABCDEF0123456789abcdef01234567"));
    EXPECT_FALSE(is_commit_id("--output=x"));
}

TEST(GitRequest, SaysWhatTheSmartProtocolAsks) {
    struct Case {
        char const* method;
        char const* target;
        char const* expected;  // region name remote action push
    };
    for (auto const& [method, target, expected] : {
             Case{"GET", "/git/us-east-1/demo/info/refs?service=git-upload-pack",
                  "us-east-1 demo /git/us-east-1/demo /info/refs pull"},
             Case{"GET", "/git/us-east-1/demo.git/info/refs?service=git-receive-pack",
                  "us-east-1 demo /git/us-east-1/demo.git /info/refs push"},
             Case{"POST", "/git/r/demo.git/git-upload-pack",
                  "r demo /git/r/demo.git /git-upload-pack pull"},
             Case{"POST", "/git/r/demo/git-receive-pack",
                  "r demo /git/r/demo /git-receive-pack push"},
             Case{"POST", "/git/r/../git-receive-pack", "r .. /git/r/.. /git-receive-pack push"},
             Case{"GET", "/git/r/demo/info/refs", ""},
             Case{"GET", "/git/r/demo/info/refs?service=git-upload-archive", ""},
             Case{"POST", "/git/r/demo/info/refs?service=git-upload-pack", ""},
             Case{"GET", "/git/r/demo/git-upload-pack", ""},
             Case{"POST", "/git/git-upload-pack", ""},
             Case{"POST", "/git/r/git-upload-pack", ""},
             Case{"POST", "/git/r/a/b/git-upload-pack", ""},
             Case{"POST", "/other/r/a/git-upload-pack", ""},
             Case{"GET", "/git/", ""},
         }) {
        HttpRequest request;
        request.method = method;
        request.target = target;
        auto const asked = parse_git_request(request);
        std::string got;
        if (asked) {
            for (auto const part : {asked->region, asked->name, asked->remote, asked->action})
                got += std::string(part) + " ";
            got += asked->is_push() ? "push" : "pull";
        }
        EXPECT_EQ(got, expected) << method << " " << target;
    }
}

TEST(HttpBackend, IsToldOnlyWhatARequestSays) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/git/r/demo/git-receive-pack?x=1";
    request.headers.add("Content-Type", "application/x-git-receive-pack-request");
    request.headers.add("Git-Protocol", "version=2");
    request.headers.add("Content-Encoding", "gzip\x01");
    request.headers.add("Authorization", "Basic c2VjcmV0");
    request.headers.add("Proxy", "evil");
    request.peer_address = "127.0.0.1";
    auto const asked = parse_git_request(request);
    ASSERT_TRUE(asked.has_value());
    EXPECT_EQ(cgi_variables(request, 5, *asked, "/data/1/demo.git", {"arn:x", "AIDA"}),
              (std::vector<std::string>{
                  "GATEWAY_INTERFACE=CGI/1.1", "GIT_HTTP_EXPORT_ALL=1", "GIT_PROJECT_ROOT=/data/1",
                  "PATH_INFO=/demo.git/git-receive-pack", "REQUEST_METHOD=POST",
                  "QUERY_STRING=", "SERVER_PROTOCOL=HTTP/1.1", "REMOTE_USER=arn:x",
                  "REMOTE_ADDR=127.0.0.1", "GIT_COMMITTER_NAME=arn:x", "GIT_COMMITTER_EMAIL=AIDA",
                  "CONTENT_TYPE=application/x-git-receive-pack-request", "GIT_PROTOCOL=version=2",
                  "CONTENT_LENGTH=5"}));
}

TEST(HttpBackend, AnswersWithAHead) {
    auto const head =
        parse_cgi_head(
            "Status: 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nbody")
            .value();
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(head->response.status, 404);
    EXPECT_EQ(head->response.headers.get("content-type"), "text/plain");
    EXPECT_FALSE(head->response.headers.contains("Content-Length"));  // the server's
    EXPECT_EQ(head->bytes, std::string_view("Status: 404 Not Found\r\nContent-Type: text/plain\r\n"
                                            "Content-Length: 9\r\n\r\n")
                               .size());
    EXPECT_EQ(parse_cgi_head("A: b\n\n").value()->response.status, 200);
    EXPECT_FALSE(parse_cgi_head("A: b\r\nC").value().has_value());
    for (auto const* bad :
         {"no head\n\n", ": x\n\n", "Status: 99\n\n", "Status: abc\n\n", "A: \x01\n\n"})
        EXPECT_FALSE(parse_cgi_head(bad).has_value()) << bad;
    EXPECT_FALSE(parse_cgi_head(std::string(kCgiHeadBytesMax + 1, 'a')).has_value());
}

}  // namespace
}  // namespace meridian::repositories
