#include "control/s3_objects.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace meridian::control {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// A server that answers each connection with the same bytes and closes it.
class S3ObjectsTest : public testing::Test {
  protected:
    void serve(std::string answer) {
        asio::co_spawn(context_, serve_all(std::move(answer)), asio::detached);
    }
    asio::awaitable<void> serve_all(std::string answer) {
        for (;;) {
            auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
            request_.clear();
            (void)co_await asio::async_read_until(socket, asio::dynamic_buffer(request_),
                                                  "\r\n\r\n", asio::use_awaitable);
            (void)co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
        }
    }
    Result<std::string> get(S3Object object, std::size_t bytes_max = 100) {
        S3Objects objects(context_.get_executor(), options_, clock_, log_);
        std::optional<Result<std::string>> out;
        asio::co_spawn(context_, objects.get(std::move(object), bytes_max),
                       [&](std::exception_ptr, Result<std::string> got) { out = std::move(got); });
        while (!out) context_.run_one();
        return std::move(*out);
    }

    asio::io_context context_;
    tcp::acceptor acceptor_{context_, {asio::ip::make_address("127.0.0.1"), 0}};
    std::string request_;
    S3Options options_{.endpoint = {"127.0.0.1", std::to_string(acceptor_.local_endpoint().port())},
                       .credentials = wire::sigv4::Credentials{"AKID", "secret", "token"}};
    ManualClock clock_;
    NullLog log_;
};

std::string answer(int status, std::string const& body) {
    return fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

TEST_F(S3ObjectsTest, AnObjectIsAskedForByPathAndSigned) {
    serve(answer(200, "PK-bytes"));
    EXPECT_EQ(get({"bucket", "a dir/k+ü", "v/1"}), "PK-bytes");
    EXPECT_TRUE(request_.starts_with("GET /bucket/a%20dir/k%2B%C3%BC?versionId=v%2F1 HTTP/1.1\r\n"))
        << request_;
    for (auto const* header : {"Authorization: AWS4-HMAC-SHA256 Credential=AKID/",
                               "/us-east-1/s3/aws4_request", "x-amz-content-sha256", "oken: token"})
        EXPECT_NE(request_.find(header), std::string::npos) << request_;
    options_.credentials.reset();
    EXPECT_TRUE(get({"bucket", "k"}));
    EXPECT_EQ(request_.find("Authorization"), std::string::npos);
}

TEST_F(S3ObjectsTest, ErrorsAreToldInLambdasWords) {
    serve(answer(404,
                 "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The specified key "
                 "does not exist.</Message><Key>k</Key></Error>"));
    auto const missing = get({"bucket", "k"});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::kInvalidParameterValue);
    EXPECT_EQ(missing.error().message,
              "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The "
              "specified key does not exist.");
    EXPECT_EQ(get({"..", "k"}).error().code, Errc::kInvalidParameterValue);
}

TEST_F(S3ObjectsTest, AnObjectThatIsTooLongIsRefused) {
    serve(answer(200, std::string(101, 'x')));
    EXPECT_EQ(get({"bucket", "k"}).error().code, Errc::kRequestTooLarge);
}

TEST_F(S3ObjectsTest, AServerThatMisbehavesIsUnavailable) {
    serve("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort");
    EXPECT_EQ(get({"bucket", "k"}).error().code, Errc::kUnavailable);
    acceptor_.close();
    EXPECT_EQ(get({"bucket", "k"}).error().code, Errc::kUnavailable);
}

TEST(S3Error, AnswersThatAreNoErrorsOfS3AreNamedByTheirStatus) {
    HttpResponse response;
    response.status = 503;
    response.body = "<html><Code";
    EXPECT_EQ(s3_error_text(response),
              "Error occurred while GetObject. S3 Error Code: 503. S3 Error Message: The answer is "
              "no error of S3's.");
    response.body = "<Code>A&amp;lt;</Code><Message>" + std::string(5000, 'x');
    EXPECT_EQ(s3_error_text(response).find("Code: A&lt;."), 41U) << s3_error_text(response);
    EXPECT_LT(s3_error_text(response).size(), 1'200U);
}

TEST(EndpointUrls, AreHostAndPort) {
    auto const http = parse_endpoint_url("http://127.0.0.1:9000/");
    ASSERT_TRUE(http);
    EXPECT_EQ((std::tuple{http->tls, http->host, http->port}),
              (std::tuple{false, "127.0.0.1", "9000"}));
    auto const https = parse_endpoint_url("https://s3.example.com");
    ASSERT_TRUE(https);
    EXPECT_EQ((std::tuple{https->tls, https->host, https->port}),
              (std::tuple{true, "s3.example.com", "443"}));
    EXPECT_EQ(parse_endpoint_url("http://[::1]:80")->host, "::1");
    for (auto const* wrong : {"", "s3.example.com", "http://", "http://a/b", "http://a:x",
                              "http://u@a", "ftp://a", "http://a b"})
        EXPECT_FALSE(parse_endpoint_url(wrong)) << wrong;
}

}  // namespace
}  // namespace meridian::control
