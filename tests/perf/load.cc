// The load generator of script/bench: sends the bytes of one file, an HTTP/1.1 request, again and
// again over keep-alive connections to a port of 127.0.0.1, one request at a time on each, and
// prints every latency's place in the distribution as JSON. The same program measures Meridian and
// its peers, so what it costs itself is in both figures.
//
//   meridian-load PORT REQUEST-FILE CONNECTIONS SECONDS [WARM-UP-REQUESTS]
//
// One thread, epoll. A connection that breaks or an answer other than 2xx is an error and ends the
// run: figures of failures would look good.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using SteadyClock = std::chrono::steady_clock;

[[noreturn]] void die(std::string const& message) {
    fmt::print(stderr, "meridian-load: {}\n", message);
    std::exit(1);
}

[[noreturn]] void die_of_errno(std::string_view what) {
    die(fmt::format("{}: {}", what, std::strerror(errno)));
}

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        die(fmt::format("not a number: {}", text));
    }
    return value;
}

class Connection {
  public:
    Connection(int port, std::string const& request) : request_(request) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd_ < 0 ||
            ::connect(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
            die_of_errno("cannot connect");
        }
        int const on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    ~Connection() { ::close(fd_); }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

    void send() {
        answer_.clear();
        sent_ = SteadyClock::now();
        // Blocking: a request is smaller than the socket's buffer.
        if (::send(fd_, request_.data(), request_.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request_.size())) {
            die_of_errno("cannot send");
        }
    }

    // Reads what is there. True when the answer is complete: then latency() is its time.
    bool receive() {
        std::array<char, 16'384> bytes;
        auto const n = ::recv(fd_, bytes.data(), bytes.size(), 0);
        if (n == 0) die("the server closed a connection");
        if (n < 0) die_of_errno("cannot receive");
        auto const now = SteadyClock::now();
        answer_.append(bytes.data(), static_cast<std::size_t>(n));
        if (!complete()) return false;
        latency_ = now - sent_;
        return true;
    }

    [[nodiscard]] SteadyClock::duration latency() const { return latency_; }

  private:
    [[nodiscard]] bool complete() const {
        auto const blank = answer_.find("\r\n\r\n");
        if (blank == std::string::npos) return false;
        if (answer_.size() < 12 || answer_[9] != '2') die("an answer that is no 2xx: " + answer_);
        return answer_.size() - (blank + 4) >= content_length(answer_.substr(0, blank));
    }

    static std::size_t content_length(std::string_view head) {
        static constexpr std::string_view kName = "\r\ncontent-length:";
        for (auto at = head.find("\r\n"); at != std::string_view::npos;
             at = head.find("\r\n", at + 2)) {
            auto field = head.substr(at);
            if (field.size() < kName.size() ||
                ::strncasecmp(field.data(), kName.data(), kName.size()) != 0) {
                continue;
            }
            field.remove_prefix(kName.size());
            field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
            return number<std::size_t>(field.substr(0, field.find('\r')));
        }
        die("an answer without Content-Length");
    }

    int fd_ = -1;
    std::string const& request_;
    std::string answer_;
    SteadyClock::time_point sent_;
    SteadyClock::duration latency_{};
};

double micros(SteadyClock::duration d) {
    return std::chrono::duration<double, std::micro>(d).count();
}

void print(std::vector<SteadyClock::duration>& latencies, SteadyClock::duration elapsed) {
    std::ranges::sort(latencies);
    auto const at = [&](double share) {
        auto const index = static_cast<std::size_t>(share * static_cast<double>(latencies.size()));
        return micros(latencies[std::min(index, latencies.size() - 1)]);
    };
    double sum = 0;
    for (auto const latency : latencies) sum += micros(latency);
    double const seconds = std::chrono::duration<double>(elapsed).count();
    auto const count = static_cast<double>(latencies.size());
    fmt::print(
        R"({{"requests":{},"seconds":{:.3f},"per_second":{:.0f},"mean_us":{:.1f},"min_us":{:.1f},)"
        R"("p50_us":{:.1f},"p90_us":{:.1f},"p99_us":{:.1f},"p999_us":{:.1f},"max_us":{:.1f}}})"
        "\n",
        latencies.size(), seconds, count / seconds, sum / count, at(0), at(0.5), at(0.9), at(0.99),
        at(0.999), at(1));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5 && argc != 6) {
        die("usage: meridian-load PORT REQUEST-FILE CONNECTIONS SECONDS [WARM-UP-REQUESTS]");
    }
    auto const port = number<std::uint16_t>(argv[1]);
    std::ifstream file(argv[2], std::ios::binary);
    std::string const request{std::istreambuf_iterator<char>(file), {}};
    if (request.empty()) die(fmt::format("cannot read {}", argv[2]));
    auto const count = number<std::size_t>(argv[3]);
    auto const duration = std::chrono::duration<double>(number<double>(argv[4]));
    std::size_t warm_up = argc == 6 ? number<std::size_t>(argv[5]) : 0;

    int const poller = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::unique_ptr<Connection>> connections;
    for (std::size_t i = 0; i < count; ++i) {
        auto const& made = connections.emplace_back(std::make_unique<Connection>(port, request));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = made.get();
        if (::epoll_ctl(poller, EPOLL_CTL_ADD, made->fd(), &event) != 0) die_of_errno("epoll");
        made->send();
    }

    std::vector<SteadyClock::duration> latencies;
    latencies.reserve(1 << 20);
    auto begin = SteadyClock::now();
    std::array<epoll_event, 64> events{};
    for (bool open = true; open;) {
        int const ready = ::epoll_wait(poller, events.data(), events.size(), 30'000);
        if (ready == 0) die("no answer for 30 seconds");
        if (ready < 0) die_of_errno("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            auto& connection =
                *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (!connection.receive()) continue;
            if (warm_up > 0) {
                if (--warm_up == 0) begin = SteadyClock::now();
            } else {
                latencies.push_back(connection.latency());
            }
            open = open && (warm_up > 0 || SteadyClock::now() - begin < duration);
            connection.send();
        }
    }
    auto const elapsed = SteadyClock::now() - begin;
    if (latencies.empty()) die("nothing was measured");
    print(latencies, elapsed);
}
