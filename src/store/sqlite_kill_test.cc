// SIGKILL at any moment loses nothing that was acknowledged and leaves no half transaction. A child
// process commits and reports each acknowledgement through a pipe; this one kills it and looks.
//
// The child is this program, started anew: forking a process that may have threads is not safe.

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "crypto/sha256.h"
#include "io/unique_fd.h"
#include "store/sqlite_store.h"
#include "store/store_test_support.h"

extern char** environ;

namespace meridian::store {
namespace {

constexpr int kRounds = 40;
constexpr int kWriters = 8;
constexpr std::uint64_t kSeed = 20'260'731;
constexpr char kDatabaseVariable[] = "MERIDIAN_KILL_TEST_DATABASE";
constexpr int kAckFd = 3;

model::AccountId const kAccount("111111111111");

Key key_of(int writer, char part) {
    return {kAccount, Kind::kFunction, fmt::format("writer{}-{}", writer, part)};
}

// The package that a writer's value names.
Package package_of(int writer, std::uint64_t value) {
    auto const zip = fmt::format("PK {} {}", writer, value) + std::string(value % 5 * 1'000, 'z');
    return {model::CodeSha256(crypto::sha256_base64(zip)), zip};
}

// What the child reports; smaller than PIPE_BUF, so never torn.
struct Ack {
    int writer;
    std::uint64_t value;
    Sequence sequence;
};

// Each writer raises the value under its two keys together, for ever.
asio::awaitable<void> write_for_ever(Store& store, int writer) {
    auto const before = co_await store.get(key_of(writer, 'a'));
    if (!before) std::abort();
    auto value = *before ? (*before)->value.get<std::uint64_t>() : 0;
    for (;;) {
        ++value;
        auto const sequence = co_await store.commit(
            {.caller = fmt::format("writer{}", writer),
             .changes = {{key_of(writer, 'a'), value}, {key_of(writer, 'b'), value}},
             .statuses = {{key_of(writer, 'a'), value}},
             .packages = {package_of(writer, value)}});
        if (!sequence) std::abort();
        Ack const ack{writer, value, *sequence};
        if (::write(kAckFd, &ack, sizeof ack) != sizeof ack) std::abort();
    }
}

// Not for an ordinary run: the test below starts it, and ends it.
TEST(SqliteKill, DISABLED_Child) {
    char const* const database = std::getenv(kDatabaseVariable);
    ASSERT_NE(database, nullptr) << "started by AcknowledgedWritesSurvive alone";
    ManualClock clock;
    NullLog log;
    auto store = SqliteStore::open({.path = database}, clock, log);
    if (!store) std::abort();
    asio::io_context context;
    for (int writer = 0; writer < kWriters; ++writer) {
        asio::co_spawn(context, write_for_ever(**store, writer),
                       [](std::exception_ptr) { std::abort(); });
    }
    context.run();
}

pid_t start_child(std::string const& database, int ack_fd) {
    std::string const variable = fmt::format("{}={}", kDatabaseVariable, database);
    std::vector<char*> variables;
    for (char** at = environ; *at; ++at) variables.push_back(*at);
    variables.push_back(const_cast<char*>(variable.c_str()));
    variables.push_back(nullptr);
    std::string name = "meridian_store_test";
    std::string filter = "--gtest_filter=SqliteKill.DISABLED_Child";
    std::string disabled_too = "--gtest_also_run_disabled_tests";
    char* const arguments[] = {name.data(), filter.data(), disabled_too.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ack_fd, kAckFd);
    pid_t child = -1;
    int const error =
        ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments, variables.data());
    posix_spawn_file_actions_destroy(&actions);
    EXPECT_EQ(error, 0);
    return error == 0 ? child : -1;
}

TEST(SqliteKill, AcknowledgedWritesSurvive) {
    TemporaryDirectory directory;
    auto const database = directory.path() / "region.db";
    ManualClock clock;
    NullLog log;
    SeededRandom random(kSeed);
    std::map<int, std::uint64_t> acked;
    Sequence acked_sequence = 0;
    std::uint64_t acks = 0;
    for (int round = 0; round < kRounds; ++round) {
        SCOPED_TRACE(fmt::format("seed {}, round {}", kSeed, round));
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        io::UniqueFd const reader(ends[0]);
        io::UniqueFd writer(ends[1]);
        // Above kAckFd, so that dup2 in the child clears FD_CLOEXEC.
        if (writer.get() <= kAckFd)
            writer.reset(::fcntl(writer.get(), F_DUPFD_CLOEXEC, kAckFd + 1));
        pid_t const child = start_child(database.string(), writer.get());
        ASSERT_GT(child, 0);
        writer.reset();

        // From its first acknowledgement on, a seeded moment later; some rounds hit its start
        // instead.
        auto const take = [&](Ack& ack) {
            return ::read(reader.get(), &ack, sizeof ack) == sizeof ack;
        };
        auto const note = [&](Ack const& ack) {
            acked[ack.writer] = std::max(acked[ack.writer], ack.value);
            acked_sequence = std::max(acked_sequence, ack.sequence);
            ++acks;
        };
        Ack ack{};
        if (random.next() % 4 != 0 && take(ack)) note(ack);
        std::this_thread::sleep_for(std::chrono::microseconds(random.next() % 60'000));
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        while (take(ack)) note(ack);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            << "the child ended by itself: " << status;

        auto store = SqliteStore::open({.path = database}, clock, log);
        ASSERT_TRUE(store) << store.error().message;
        for (int i = 0; i < kWriters; ++i) {
            auto const a = wait_for((*store)->get(key_of(i, 'a'))).value();
            auto const b = wait_for((*store)->get(key_of(i, 'b'))).value();
            ASSERT_EQ(a.has_value(), b.has_value());
            if (!a) {
                EXPECT_EQ(acked[i], 0u);
                continue;
            }
            EXPECT_GE(a->value.get<std::uint64_t>(), acked[i]) << "an acknowledged write is gone";
            EXPECT_LE(a->value.get<std::uint64_t>(), acked[i] + 1) << "one may have been under way";
            EXPECT_EQ(a->value, b->value) << "half a transaction";
            EXPECT_EQ(a->status, a->value);
            auto const package = package_of(i, a->value.get<std::uint64_t>());
            EXPECT_EQ(wait_for((*store)->get_package(package.sha256)).value(), package.zip_bytes)
                << "a name without its package";
            EXPECT_EQ(a->sequence, b->sequence);
            // One that was under way counts from here on.
            acked[i] = a->value.get<std::uint64_t>();
        }
        auto const last = wait_for((*store)->last_sequence(LogName::kRegion)).value();
        EXPECT_GE(last, acked_sequence);
        acked_sequence = last;
    }
    // The log has every number once, and tells the same story.
    auto store = SqliteStore::open({.path = database}, clock, log);
    ASSERT_TRUE(store);
    auto const entries = wait_for((*store)->read_log(LogName::kRegion, 0, 1'000'000)).value();
    ASSERT_EQ(entries.size(), acked_sequence);
    std::map<std::string, std::uint64_t> replayed;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        ASSERT_EQ(entries[i].sequence, i + 1);
        auto& value = replayed[entries[i].caller];
        ASSERT_EQ(entries[i].changes.at(0).value->get<std::uint64_t>(), ++value);
    }
    for (auto const& [writer, value] : acked)
        EXPECT_EQ(replayed[fmt::format("writer{}", writer)], value);
    EXPECT_GT(acks, static_cast<std::uint64_t>(kRounds)) << "the children did something";
    RecordProperty("acknowledgements", static_cast<int>(acks));
    fmt::print("{} acknowledged transactions over {} kills\n", acks, kRounds);
}

}  // namespace
}  // namespace meridian::store
