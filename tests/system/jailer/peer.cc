// A meridiand for tests: makes some sandboxes, says so on stdout, and then does what argv[1] says:
//   hold N       waits for SIGTERM and exits with 7
//   crash N      aborts once a byte comes on stdin
//   garbage      sends the jailer bytes that are no message, and waits for SIGTERM
//   slots        makes sandboxes until there are no more, destroys them, and does it again

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/jailer_client.h"

namespace {

using namespace meridian;
namespace asio = boost::asio;

asio::io_context context;

template <typename T>
Result<T> run(io::Task<T> task) {
    std::optional<Result<T>> outcome;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, Result<T> r) {
        if (e) std::rethrow_exception(e);
        outcome = std::move(r);
    });
    context.restart();
    while (!outcome) context.run_one();
    return std::move(*outcome);
}

std::unique_ptr<sandbox::JailerClient> connect() {
    auto peer = sandbox::JailerClient::take_peer_from_environment();
    if (!peer) std::exit(3);
    auto client = run(sandbox::JailerClient::connect(context.get_executor(), std::move(*peer)));
    if (!client) std::exit(4);
    return std::move(*client);
}

Result<std::unique_ptr<sandbox::Sandbox>> create(sandbox::JailerClient& client) {
    sandbox::SandboxSpec spec;
    spec.memory_bytes = 64UL << 20;
    spec.cpu_milli = 500;
    spec.processes = 32;
    spec.tmp_bytes = 32UL << 20;
    spec.mounts.push_back(
        {io::UniqueFd(::open(std::getenv("MERIDIAN_TEST_TASK"), O_PATH | O_CLOEXEC)), "/var/task"});
    return run(client.create(std::move(spec)));
}

// A sandbox whose runtime ignores SIGTERM; `keep` holds the reading ends of its output.
std::unique_ptr<sandbox::Sandbox> make_running(sandbox::JailerClient& client) {
    auto made = create(client);
    if (!made) {
        std::fprintf(stderr, "%s\n", made.error().message.c_str());
        std::exit(5);
    }
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) std::exit(6);
    sandbox::RuntimeCommand command;
    command.argv = {"/var/task/bootstrap", "ignore-sigterm"};
    command.output.reset(pipe[1]);
    if (!run((*made)->start(std::move(command)))) std::exit(6);
    char byte = 0;
    if (::read(pipe[0], &byte, 1) != 1) std::exit(6);
    return std::move(*made);
}

void say(char const* word) {
    std::printf("%s\n", word);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    std::string const what = argv[1];
    sigset_t term;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term, nullptr);

    if (what == "garbage") {
        auto const peer = sandbox::JailerClient::take_peer_from_environment();
        std::string const bytes(100, 'x');
        if (!peer || ::send(peer->get(), bytes.data(), bytes.size(), 0) < 0) return 3;
        char byte = 0;
        auto const end = ::recv(peer->get(), &byte, 1, 0);  // the jailer hangs up
        say(end <= 0 ? "ready" : "not hung up");
        int signal = 0;
        ::sigwait(&term, &signal);
        return 7;
    }

    auto const client = connect();
    if (what == "slots") {
        for (int round = 0; round < 3; ++round) {
            std::vector<std::unique_ptr<sandbox::Sandbox>> all;
            while (all.size() < client->slots()) {
                auto made = create(*client);
                // The slots of the last round come free only when their processes are gone.
                if (!made && made.error().code == Errc::kUnavailable && round > 0) {
                    ::usleep(1000);
                    continue;
                }
                if (!made) {
                    std::printf("%s\n", made.error().message.c_str());
                    return 1;
                }
                all.push_back(std::move(*made));
            }
            auto const more = create(*client);
            if (more || more.error().code != Errc::kUnavailable) return 1;
        }
        return 0;
    }
    std::vector<std::unique_ptr<sandbox::Sandbox>> sandboxes;
    for (int i = 0; i < std::atoi(argv[2]); ++i) sandboxes.push_back(make_running(*client));
    say("ready");
    if (what == "crash") {
        char byte = 0;
        std::ignore = ::read(0, &byte, 1);
        ::abort();
    }
    int signal = 0;
    ::sigwait(&term, &signal);
    return 7;
}
