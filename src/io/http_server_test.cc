#include "io/http_server.h"

#include <filesystem>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include "io/blocking_pool.h"
#include "io/http_client.h"
#include "io/system_clock.h"

namespace meridian::io {
namespace {

using asio::ip::tcp;

// Gives two pieces, and then an end or an error.
class TwoPieces final : public BodySource {
  public:
    explicit TwoPieces(bool whole) : whole_(whole) {}
    Task<std::string> read() override {
        ++reads_;
        if (reads_ < 3) co_return reads_ == 1 ? "first," : "second";
        if (whole_) co_return std::string();
        co_return fail(Errc::kIo, "broken");
    }

  private:
    bool const whole_;
    int reads_ = 0;
};

asio::awaitable<StreamedResponse> answer_streamed(StreamedRequest request) {
    StreamedResponse response;
    auto const path = std::string(request.request.path());
    if (path.starts_with("/pieces")) {
        response.body = std::make_shared<TwoPieces>(path == "/pieces");
    } else if (request.body) {
        std::string text(request.body->bytes, ' ');
        auto const size = ::read(request.body->file.get(), text.data(), text.size());
        response.head.body = "in a file: " + std::to_string(size) + " " + text.substr(0, 3) +
                             text.substr(text.size() - 3);
    } else {
        response.head.body = "no body";
    }
    co_return response;
}

// A server on a thread of its own that echoes method, target and body size; "/slow" takes 200 ms.
class HttpServerTest : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directory(spool_directory_);
        HttpServerOptions options;
        options.header_bytes_max = 4096;
        options.header_fields_max = 20;
        options.connections_max = 8;
        options.body_bytes_max = [](HttpRequest const& head) {
            return std::size_t{head.path() == "/spool" ? 1'000'000U : 1'000U};
        };
        options.streaming = {.wanted =
                                 [](HttpRequest const& head) {
                                     return head.path() == "/spool" || head.path() == "/closed" ||
                                            head.path().starts_with("/pieces");
                                 },
                             .early_answer =
                                 [](HttpRequest const& head) {
                                     return head.path() == "/closed"
                                                ? std::optional(HttpResponse{.status = 401})
                                                : std::nullopt;
                                 },
                             .handler = answer_streamed,
                             .directory = spool_directory_,
                             .pool = &pool_};
        options.discarded_bytes_max = 100'000;
        options.bodies_bytes_max = 1500;
        options.idle_timeout = std::chrono::seconds(5);
        options.head_timeout = std::chrono::milliseconds(300);
        options.body_stall_timeout = std::chrono::milliseconds(300);
        server_ = std::make_unique<HttpServer>(
            context_.get_executor(), clock_, log_, std::move(options),
            [this](HttpRequest request) -> asio::awaitable<HttpResponse> {
                if (request.path() == "/slow") {
                    asio::steady_timer timer(context_, std::chrono::milliseconds(200));
                    co_await timer.async_wait(kNoThrow);
                }
                HttpResponse response;
                response.headers.add("X-Large", request.body_too_large ? "yes" : "no");
                response.body = request.method + " " + request.target + " " +
                                std::to_string(request.body.size());
                co_return response;
            });
        port_ = server_->listen("127.0.0.1", 0).value();
        thread_ = std::jthread([this] { context_.run(); });
    }

    void TearDown() override {
        asio::co_spawn(context_, server_->stop(std::chrono::milliseconds(500)), asio::use_future)
            .get();
        work_.reset();
        thread_.join();
        server_.reset();
        std::filesystem::remove_all(spool_directory_);
    }

    tcp::socket connect() {
        tcp::socket socket(client_context_);
        socket.connect({asio::ip::make_address("127.0.0.1"), port_});
        return socket;
    }

    // Sends `bytes` and reads until the server closes or `until` has come.
    std::string exchange(tcp::socket& socket, std::string const& bytes,
                         std::string const& until = {}) {
        boost::system::error_code error;
        asio::write(socket, asio::buffer(bytes), error);
        std::string answer;
        std::array<char, 1024> piece{};
        while (until.empty() || answer.find(until) == std::string::npos) {
            auto const n = socket.read_some(asio::buffer(piece), error);
            if (error) break;
            answer.append(piece.data(), n);
        }
        return answer;
    }

    SystemClock clock_;
    NullLog log_;
    std::filesystem::path const spool_directory_ =
        testing::TempDir() + "meridian-spool-" + std::to_string(::getpid());
    BlockingPool pool_{{.threads = 1}};
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_ =
        asio::make_work_guard(context_);
    asio::io_context client_context_;
    std::unique_ptr<HttpServer> server_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

TEST_F(HttpServerTest, AnswersTwoRequestsSentTogetherInOrder) {
    auto socket = connect();
    auto const answer = exchange(socket,
                                 "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                                 "GET /b?q=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    auto const first = answer.find("POST /a 3");
    auto const second = answer.find("GET /b?q=1 0");
    ASSERT_NE(first, std::string::npos) << answer;
    ASSERT_NE(second, std::string::npos) << answer;
    EXPECT_LT(first, second);
    EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
}

TEST_F(HttpServerTest, KeepsLongBodiesInFiles) {
    auto socket = connect();
    auto const body = "abc" + std::string(600'000, 'x') + "xyz";
    auto answer = exchange(socket,
                           "POST /spool HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n" + body,
                           "xyz");
    EXPECT_NE(answer.find("in a file: 600006 abcxyz"), std::string::npos) << answer;
    std::string chunked = "POST /spool HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 300; ++i) chunked += "3e8\r\n" + std::string(1000, 'q') + "\r\n";
    answer = exchange(socket, chunked + "0\r\n\r\n", "qqq");
    EXPECT_NE(answer.find("in a file: 300000 qqqqqq"), std::string::npos) << answer;
    answer = exchange(socket,
                      "POST /spool HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
                      "POST /spool HTTP/1.1\r\nHost: h\r\nContent-Length: 1000001\r\n\r\n");
    EXPECT_NE(answer.find("no body"), std::string::npos) << answer;
    EXPECT_NE(answer.find("HTTP/1.1 413"), std::string::npos) << answer;
}

// Each read ends with a chunk: the parser wants the next chunk's size every time, and what it has
// must go to the file all the same. Here it cannot, which is answered long before the body's end.
TEST_F(HttpServerTest, KeepsWhatCameThoughTheParserWantsMore) {
    std::filesystem::remove(spool_directory_);
    auto socket = connect();
    auto const went_on =
        exchange(socket,
                 "POST /spool HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                 "Expect: 100-continue\r\n\r\n",
                 "\r\n\r\n");
    ASSERT_TRUE(went_on.starts_with("HTTP/1.1 100 ")) << went_on;
    constexpr std::size_t kReadBytes = 65'536;
    auto const chunk = "fff8\r\n" + std::string(kReadBytes - 8, 'x') + "\r\n";
    for (int i = 0; i < 5; ++i) {
        boost::system::error_code error;
        asio::write(socket, asio::buffer(chunk), error);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it has been read
    }
    auto const answer = exchange(socket, "");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 507 ")) << answer;
}

TEST_F(HttpServerTest, AnswersByTheHeadAloneBeforeABody) {
    auto socket = connect();
    auto const answer = exchange(socket,
                                 "GET /closed HTTP/1.1\r\nHost: h\r\n\r\n"
                                 "POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
    EXPECT_NE(answer.find("HTTP/1.1 401", answer.find("HTTP/1.1 401") + 1), std::string::npos)
        << answer;
    EXPECT_NE(answer.find("Connection: keep-alive"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
}

TEST_F(HttpServerTest, SendsABodyPieceByPiece) {
    auto socket = connect();
    auto answer = exchange(socket,
                           "GET /pieces HTTP/1.1\r\nHost: h\r\n\r\n"
                           "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_NE(answer.find("6\r\nfirst,\r\n6\r\nsecond\r\n0\r\n\r\nHTTP/1.1 200"), std::string::npos)
        << answer;
    EXPECT_NE(answer.find("GET /b 0"), std::string::npos) << answer;
    auto old = connect();
    answer = exchange(old, "GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("\r\n\r\nfirst,second")) << answer;
    auto broken = connect();
    answer = exchange(broken, "GET /pieces-broken HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("second\r\n")) << answer;
}

TEST_F(HttpServerTest, RefusesAHeaderFlood) {
    auto socket = connect();
    EXPECT_TRUE(exchange(socket, "GET / HTTP/1.1\r\nX: " + std::string(8000, 'a') + "\r\n\r\n")
                    .starts_with("HTTP/1.1 431"));
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 30; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
    auto second = connect();
    EXPECT_TRUE(exchange(second, many + "\r\n").starts_with("HTTP/1.1 431"));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
    for (auto const* bytes :
         {"\x16\x03\x01\x02garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nA b: c\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        auto socket = connect();
        EXPECT_TRUE(exchange(socket, bytes).starts_with("HTTP/1.1 400")) << bytes;
    }
}

TEST_F(HttpServerTest, ReadsAndDropsABodyOverTheLimitAndTellsTheHandler) {
    auto socket = connect();
    auto const answer = exchange(socket, "POST /big HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" +
                                             std::string(5000, 'x') +
                                             "GET /next HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_NE(answer.find("X-Large: yes"), std::string::npos) << answer;
    EXPECT_NE(answer.find("GET /next 0"), std::string::npos) << answer;
}

TEST_F(HttpServerTest, RefusesABodyTooLongToDropAndAnEndlessOne) {
    auto socket = connect();
    EXPECT_TRUE(exchange(socket, "POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n")
                    .starts_with("HTTP/1.1 413"));
    auto chunked = connect();
    std::string body = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 20; ++i) body += "64\r\n" + std::string(100, 'x') + "\r\n";
    auto const answer = exchange(chunked, body + "0\r\n\r\n");
    EXPECT_NE(answer.find("X-Large: yes"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(HttpServerTest, DisconnectsSlowClients) {
    auto head = connect();
    EXPECT_EQ(exchange(head, "GET / HT"), "");
    auto body = connect();
    EXPECT_EQ(exchange(body, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"), "");
}

TEST_F(HttpServerTest, ForgetsARequestCutOffInTheMiddle) {
    auto socket = connect();
    asio::write(socket,
                asio::buffer(std::string("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")));
    socket.close();
    auto after = connect();
    EXPECT_NE(exchange(after, "GET /ok HTTP/1.1\r\nConnection: close\r\n\r\n").find("GET /ok 0"),
              std::string::npos);
}

TEST_F(HttpServerTest, Sends100ContinueBeforeTheBody) {
    auto socket = connect();
    auto const go = exchange(
        socket, "POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", "\r\n\r\n");
    EXPECT_EQ(go, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_NE(exchange(socket, "ok", "POST / 2").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, HeadHasALengthAndNoBody) {
    auto socket = connect();
    auto const answer = exchange(socket, "HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_NE(answer.find("Content-Length: 9\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, StopLetsARequestInProgressFinish) {
    auto socket = connect();
    asio::write(socket, asio::buffer(std::string("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    auto stopped =
        asio::co_spawn(context_, server_->stop(std::chrono::milliseconds(2000)), asio::use_future);
    auto const answer = exchange(socket, "");
    EXPECT_NE(answer.find("GET /slow 0"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    stopped.get();
    tcp::socket late(client_context_);
    boost::system::error_code error;
    late.connect({asio::ip::make_address("127.0.0.1"), port_}, error);
    EXPECT_TRUE(error);
}

TEST_F(HttpServerTest, TheClientReadsWhatTheServerWrites) {
    auto future = asio::co_spawn(
        context_,
        [this]() -> asio::awaitable<void> {
            HttpClient client(context_.get_executor(), {"127.0.0.1", std::to_string(port_)});
            for (int i = 0; i < 3; ++i) {
                HttpRequest request;
                request.method = "POST";
                request.target = "/c";
                request.body = std::string(static_cast<std::size_t>(i), 'x');
                auto const response =
                    co_await client.send(std::move(request), std::chrono::seconds(2));
                EXPECT_EQ(response.value().body, "POST /c " + std::to_string(i));
            }
        },
        asio::use_future);
    future.get();
}

TEST_F(HttpServerTest, HoldsOnlySoManyBytesOfBodiesAtOnce) {
    std::string const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n";
    auto first = connect();
    asio::write(first, asio::buffer(head + "Expect: 100-continue\r\n\r\n"));
    std::array<char, 25> interim{};
    asio::read(first, asio::buffer(interim));  // its 900 bytes are reserved
    auto second = connect();
    EXPECT_TRUE(exchange(second, head + "\r\n").starts_with("HTTP/1.1 503 "));
    auto chunked = connect();  // may become 1000
    EXPECT_TRUE(
        exchange(chunked, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            .starts_with("HTTP/1.1 503 "));
    auto without = connect();
    EXPECT_TRUE(exchange(without, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / 0")
                    .starts_with("HTTP/1.1 200 "));
    EXPECT_NE(exchange(first, std::string(900, 'x'), "POST / 900").find("POST / 900"),
              std::string::npos);
    auto third = connect();
    EXPECT_NE(
        exchange(third, head + "\r\n" + std::string(900, 'x'), "POST / 900").find("POST / 900"),
        std::string::npos);
}

}  // namespace
}  // namespace meridian::io
