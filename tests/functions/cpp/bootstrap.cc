// The function of the provided.* runtimes in tests and benchmarks: a Runtime API client on two
// system calls a message. It is linked statically and does not allocate after the largest message
// was seen, so that what a benchmark measures is Meridian. The event chooses what it does:
// tests/functions/README.md.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

namespace {

[[noreturn]] void die(char const* what) {
    dprintf(STDERR_FILENO, "bootstrap: %s\n", what);
    _exit(1);
}

struct View {
    char const* data = nullptr;
    size_t size = 0;

    [[nodiscard]] bool is(char const* text) const {
        return size == strlen(text) && memcmp(data, text, size) == 0;
    }
};

struct Buffer {
    char* data = nullptr;
    size_t size = 0;
    size_t capacity = 0;

    void reserve(size_t wanted) {
        if (wanted <= capacity) return;
        capacity = wanted * 2;
        data = static_cast<char*>(realloc(data, capacity));
        if (data == nullptr) die("out of memory");
    }
    void append(char const* text, size_t length) {
        reserve(size + length);
        memcpy(data + size, text, length);
        size += length;
    }
    void append(char const* text) { append(text, strlen(text)); }
    void append_json(char const* text, size_t length) {
        append("\"");
        for (size_t i = 0; i < length; ++i) {
            auto const c = static_cast<unsigned char>(text[i]);
            if (c == '"' || c == '\\') {
                char const escaped[] = {'\\', text[i]};
                append(escaped, 2);
            } else if (c < 0x20) {
                char escaped[8];
                append(escaped,
                       static_cast<size_t>(snprintf(escaped, sizeof escaped, "\\u%04x", c)));
            } else {
                append(text + i, 1);
            }
        }
        append("\"");
    }
};

// One member of the event's outermost object. Strings come without quotes and with their escapes as
// they stand; other values as their text. Events that are no object have no members.
View member(View event, char const* name) {
    char const* p = event.data;
    char const* const end = p + event.size;
    int depth = 0;
    View key;
    bool expect_value = false;
    while (p < end) {
        if (*p == '"') {
            char const* const start = ++p;
            while (p < end && *p != '"') p += *p == '\\' ? 2 : 1;
            if (p >= end) return {};
            View const text{start, static_cast<size_t>(p - start)};
            ++p;
            if (depth != 1) continue;
            if (expect_value && key.is(name)) return text;
            if (!expect_value) key = text;
        } else if (*p == '{' || *p == '[') {
            ++depth;
            ++p;
        } else if (*p == '}' || *p == ']') {
            --depth;
            ++p;
        } else if (*p == ':' || *p == ',') {
            if (depth == 1) expect_value = *p == ':';
            ++p;
        } else if (depth == 1 && expect_value && key.is(name) &&
                   (*p == '-' || (*p >= '0' && *p <= '9'))) {
            char const* const start = p;
            while (p < end && (*p == '-' || (*p >= '0' && *p <= '9'))) ++p;
            return {start, static_cast<size_t>(p - start)};
        } else {
            ++p;
        }
    }
    return {};
}

long number(View event, char const* name, long otherwise) {
    View const text = member(event, name);
    if (text.size == 0 || text.size > 18) return otherwise;
    char digits[20] = {};
    memcpy(digits, text.data, text.size);
    return atol(digits);
}

void sleep_ms(long ms) {
    timespec left{ms / 1000, (ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) {
    }
}

struct Reply {
    View body;
    char request_id[64] = {};
};

class RuntimeApi {
  public:
    RuntimeApi() {
        char const* const address = getenv("AWS_LAMBDA_RUNTIME_API");
        char const* const colon = address == nullptr ? nullptr : strchr(address, ':');
        if (colon == nullptr || colon - address >= 64)
            die("AWS_LAMBDA_RUNTIME_API is not host:port");
        memcpy(host_, address, static_cast<size_t>(colon - address));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<uint16_t>(atoi(colon + 1)));
        if (inet_pton(AF_INET, host_, &to.sin_addr) != 1)
            die("AWS_LAMBDA_RUNTIME_API is not an IPv4 address");
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
            die("cannot connect");
        int const on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        next_size_ = static_cast<size_t>(snprintf(
            next_, sizeof next_,
            "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n", address));
        snprintf(host_, sizeof host_, "%s", address);
    }

    Reply next() {
        iovec parts[] = {{next_, next_size_}};
        send(parts, 1);
        return receive(200);
    }

    // `what` is response or error of an invocation, or init/error.
    void post(char const* path, View body, char const* error_type) {
        char head[512];
        char type[128] = "";
        if (error_type != nullptr) {
            snprintf(type, sizeof type, "Lambda-Runtime-Function-Error-Type: %s\r\n", error_type);
        }
        int const size =
            snprintf(head, sizeof head,
                     "POST /2018-06-01/runtime/%s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: "
                     "application/json\r\nContent-Length: %zu\r\n\r\n",
                     path, host_, type, body.size);
        iovec parts[] = {{head, static_cast<size_t>(size)},
                         {const_cast<char*>(body.data), body.size}};
        send(parts, 2);
        receive(202);
    }

  private:
    void send(iovec* parts, int count) const {
        while (count > 0) {
            ssize_t sent = writev(fd_, parts, count);
            if (sent < 0) die("the Runtime API went away");
            while (count > 0 && static_cast<size_t>(sent) >= parts->iov_len) {
                sent -= static_cast<ssize_t>(parts->iov_len);
                ++parts;
                --count;
            }
            if (count > 0) {
                parts->iov_base = static_cast<char*>(parts->iov_base) + sent;
                parts->iov_len -= static_cast<size_t>(sent);
            }
        }
    }

    void read_more() {
        in_.reserve(in_.size + 65536);
        ssize_t const got = read(fd_, in_.data + in_.size, in_.capacity - in_.size - 1);
        if (got <= 0) _exit(0);  // the environment is being shut down
        in_.size += static_cast<size_t>(got);
        in_.data[in_.size] = '\0';
    }

    // The views are good until the next call.
    Reply receive(int status) {
        in_.size = 0;
        char* blank = nullptr;
        do {
            read_more();
            blank = strstr(in_.data, "\r\n\r\n");
        } while (blank == nullptr);
        if (in_.size < 12 || atoi(in_.data + 9) != status)
            die("unexpected status from the Runtime API");
        Reply reply;
        size_t length = 0;
        bool has_length = false;
        *blank = '\0';
        for (char* line = strstr(in_.data, "\r\n"); line != nullptr; line = strstr(line, "\r\n")) {
            line += 2;
            static constexpr char kLength[] = "Content-Length:";
            static constexpr char kRequest[] = "Lambda-Runtime-Aws-Request-Id:";
            if (strncasecmp(line, kLength, sizeof kLength - 1) == 0) {
                length = strtoul(line + sizeof kLength - 1, nullptr, 10);
                has_length = true;
            } else if (strncasecmp(line, kRequest, sizeof kRequest - 1) == 0) {
                char const* value = line + sizeof kRequest - 1;
                value += strspn(value, " ");
                snprintf(reply.request_id, sizeof reply.request_id, "%.*s",
                         static_cast<int>(strcspn(value, "\r")), value);
            }
        }
        if (!has_length) die("the Runtime API answered without Content-Length");
        size_t const start = static_cast<size_t>(blank - in_.data) + 4;
        while (in_.size < start + length) read_more();
        reply.body = {in_.data + start, length};
        return reply;
    }

    int fd_ = -1;
    char host_[72] = {};
    char next_[160] = {};
    size_t next_size_ = 0;
    Buffer in_;
};

void answer(RuntimeApi& api, Reply const& event, View body) {
    char path[128];
    snprintf(path, sizeof path, "invocation/%s/response", event.request_id);
    api.post(path, body, nullptr);
}

void handle(RuntimeApi& api, Reply const& event, Buffer& out) {
    View const action = member(event.body, "do");
    out.size = 0;
    if (action.size == 0) return answer(api, event, event.body);
    if (action.is("exit")) _exit(static_cast<int>(number(event.body, "code", 0)));
    if (action.is("crash")) raise(SIGSEGV);
    if (action.is("sleep")) sleep_ms(number(event.body, "ms", 0));
    if (action.is("log")) {
        View const text = member(event.body, "text");
        out.append(text.data, text.size);
        out.append("\n");
        int const fd = member(event.body, "stream").is("stderr") ? STDERR_FILENO : STDOUT_FILENO;
        if (write(fd, out.data, out.size) < 0) die("cannot write");
    }
    if (action.is("orphan") && fork() == 0) {
        setsid();
        for (;;) pause();
    }
    if (action.is("error")) {
        View const message = member(event.body, "message");
        out.append(R"({"errorMessage":")");
        out.append(message.data, message.size);
        out.append(R"(","errorType":"TestError","stackTrace":["bootstrap.cc"]})");
        char path[128];
        snprintf(path, sizeof path, "invocation/%s/error", event.request_id);
        return api.post(path, {out.data, out.size}, "TestError");
    }
    if (action.is("big")) {
        long const bytes = number(event.body, "bytes", 2);
        out.reserve(static_cast<size_t>(bytes) + 2);
        out.size = bytes < 2 ? 2 : static_cast<size_t>(bytes);
        memset(out.data, 'x', out.size);
        out.data[0] = out.data[out.size - 1] = '"';
        return answer(api, event, {out.data, out.size});
    }
    if (action.is("env")) {
        out.append("{");
        for (char** entry = environ; *entry != nullptr; ++entry) {
            char const* const equals = strchr(*entry, '=');
            if (equals == nullptr) continue;
            if (out.size > 1) out.append(",");
            out.append_json(*entry, static_cast<size_t>(equals - *entry));
            out.append(":");
            out.append_json(equals + 1, strlen(equals + 1));
        }
        out.append("}");
        return answer(api, event, {out.data, out.size});
    }
    answer(api, event, event.body);
}

// What the variable TEST_INIT asks to happen before the first event.
void initialise(RuntimeApi& api) {
    char const* const init = getenv("TEST_INIT");
    if (init == nullptr) return;
    if (strcmp(init, "exit") == 0) _exit(1);
    if (strncmp(init, "sleep:", 6) == 0) sleep_ms(atol(init + 6));
    if (strcmp(init, "error") == 0) {
        static constexpr char kBody[] =
            R"({"errorMessage":"init failed","errorType":"TestInitError","stackTrace":[]})";
        api.post("init/error", {kBody, sizeof kBody - 1}, "TestInitError");
        _exit(1);
    }
}

}  // namespace

int main() {
    signal(SIGPIPE, SIG_IGN);
    RuntimeApi api;
    Buffer out;
    initialise(api);
    for (;;) {
        Reply event = api.next();
        handle(api, event, out);
    }
}
