#include "io/connect_request.h"

#include <gtest/gtest.h>

namespace meridian::io {
namespace {

TEST(ConnectRequest, SaysWhereTo) {
    struct Case {
        std::string line;
        ConnectTarget target;
    };
    for (auto const& [line, target] :
         {Case{"CONNECT pypi.org:443 HTTP/1.1", {"pypi.org", 443}},
          Case{"CONNECT PyPI.org.:443 HTTP/1.0", {"pypi.org", 443}},
          Case{"CONNECT mirror_1.example:8443 HTTP/1.1", {"mirror_1.example", 8443}},
          Case{"CONNECT [::1]:443 HTTP/1.1", {"::1", 443}},
          Case{"CONNECT 127.0.0.1:1 HTTP/1.1", {"127.0.0.1", 1}}}) {
        auto const parsed = parse_connect(line + "\r\nHost: x\r\n\r\n");
        ASSERT_TRUE(parsed) << line << ": " << parsed.error().message;
        EXPECT_EQ(*parsed, target) << line;
    }
}

TEST(ConnectRequest, RefusesEverythingElse) {
    for (std::string const line : {"GET http://pypi.org/ HTTP/1.1",
                                   "CONNECT pypi.org HTTP/1.1",
                                   "CONNECT pypi.org:443",
                                   "CONNECT pypi.org:0 HTTP/1.1",
                                   "CONNECT pypi.org:65536 HTTP/1.1",
                                   "CONNECT pypi.org:4x HTTP/1.1",
                                   "CONNECT :443 HTTP/1.1",
                                   "CONNECT a b:443 HTTP/1.1",
                                   "CONNECT a@b:443 HTTP/1.1",
                                   "CONNECT ::1:443 HTTP/1.1",
                                   "CONNECT [x]:443 HTTP/1.1",
                                   "CONNECT pypi.org:443 GOPHER",
                                   "connect pypi.org:443 HTTP/1.1",
                                   "",
                                   "CONNECT pypi.org/x:443 HTTP/1.1",
                                   "CONNECT pypi..org:443 HTTP/1.1",
                                   "CONNECT pypi.org..:443 HTTP/1.1",
                                   "CONNECT .org:443 HTTP/1.1",
                                   "CONNECT .:443 HTTP/1.1",
                                   "CONNECT [2..]:443 HTTP/1.1",
                                   "CONNECT [1.2]:443 HTTP/1.1"}) {
        EXPECT_FALSE(parse_connect(line + "\r\n\r\n")) << line;
    }
    EXPECT_FALSE(parse_connect("CONNECT " + std::string(300, 'a') + ":443 HTTP/1.1\r\n\r\n"));
}

}  // namespace
}  // namespace meridian::io
