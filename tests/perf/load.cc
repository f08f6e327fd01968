// The load generator of script/bench: sends the HTTP/1.1 requests of one file, which stand there
// back to back, in turn over keep-alive connections to a port of 127.0.0.1, one request at a time
// on each, and prints every latency's place in the distribution as JSON. The same program measures
// Meridian and its peers, so what it costs itself is in both figures.
//
//   meridian-load PORT REQUEST-FILE CONNECTIONS SECONDS [WARM-UP-REQUESTS]
//   meridian-load PORT REQUEST-FILE CONNECTIONS once
//
// The first begins again at the end of the file until the time is up; the second sends each request
// once. The first WARM-UP-REQUESTS answers are not counted.
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

// Of an answer or a request, from its head without the blank line.
std::size_t content_length(std::string_view head) {
    static constexpr std::string_view kName = "\r\ncontent-length:";
    if (head.starts_with("HTTP/1.1 204 ")) return 0;  // it has none (RFC 9110, 8.6)
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
    die("a message without Content-Length");
}

// The requests of a file.
std::vector<std::string_view> split(std::string_view bytes) {
    std::vector<std::string_view> requests;
    while (!bytes.empty()) {
        auto const blank = bytes.find("\r\n\r\n");
        if (blank == std::string_view::npos) die("the file does not end with a whole request");
        auto const size = blank + 4 + content_length(bytes.substr(0, blank));
        if (size > bytes.size()) die("the file does not end with a whole request");
        requests.push_back(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    return requests;
}

class Connection {
  public:
    explicit Connection(int port) {
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

    void send(std::string_view request) {
        answer_.clear();
        sent_ = SteadyClock::now();
        // Blocking: a request is smaller than the socket's buffer.
        if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size())) {
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

    int fd_ = -1;
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
        die("usage: meridian-load PORT REQUEST-FILE CONNECTIONS SECONDS|once [WARM-UP-REQUESTS]");
    }
    auto const port = number<std::uint16_t>(argv[1]);
    std::ifstream file(argv[2], std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(file), {}};
    auto const requests = split(bytes);
    if (requests.empty()) die(fmt::format("cannot read {}", argv[2]));
    auto const count = number<std::size_t>(argv[3]);
    bool const once = std::string_view(argv[4]) == "once";
    auto const duration = std::chrono::duration<double>(once ? 0 : number<double>(argv[4]));
    std::size_t warm_up = argc == 6 ? number<std::size_t>(argv[5]) : 0;
    if (once && (count > requests.size() || warm_up > 0)) {
        die("once: a request for each connection at least, and none to warm up");
    }

    int const poller = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::unique_ptr<Connection>> connections;
    std::size_t sent = 0;
    auto const send_next = [&](Connection& connection) {
        connection.send(requests[sent++ % requests.size()]);
    };
    auto begin = SteadyClock::now();
    for (std::size_t i = 0; i < count; ++i) {
        auto const& made = connections.emplace_back(std::make_unique<Connection>(port));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = made.get();
        if (::epoll_ctl(poller, EPOLL_CTL_ADD, made->fd(), &event) != 0) die_of_errno("epoll");
        send_next(*made);
    }

    std::vector<SteadyClock::duration> latencies;
    latencies.reserve(1 << 20);
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
            if (once) {
                open = latencies.size() < requests.size();
                if (sent == requests.size()) continue;
            } else {
                open = open && (warm_up > 0 || SteadyClock::now() - begin < duration);
            }
            send_next(connection);
        }
    }
    auto const elapsed = SteadyClock::now() - begin;
    if (latencies.empty()) die("nothing was measured");
    print(latencies, elapsed);
}
