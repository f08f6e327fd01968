// The pure parts of jailer/: messages, cgroup detection, id maps, the command line.

#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/jailer/cgroups.h"
#include "sandbox/jailer/channel.h"
#include "sandbox/jailer/identity.h"
#include "sandbox/jailer/options.h"
#include "sandbox/jailer/protocol.h"

namespace meridian::sandbox {
namespace {

using namespace protocol;

std::vector<std::byte> valid_create() {
    std::vector<std::string> const strings{"/usr", "/var/task", "/bin", "usr/bin"};
    return encode(
               Create{.header = {},
                      .request = 7,
                      .limits = {.memory_bytes = 1, .tmp_bytes = 2, .cpu_milli = 3, .processes = 4},
                      .mounts = 2,
                      .links = 1},
               strings)
        .value();
}

TEST(JailerProtocol, ReadsWhatItWrites) {
    auto const bytes = valid_create();
    auto const decoded = decode<Create>(bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->fixed.request, 7U);
    EXPECT_EQ(decoded->fixed.limits.processes, 4U);
    EXPECT_EQ(decoded->strings,
              (std::vector<std::string_view>{"/usr", "/var/task", "/bin", "usr/bin"}));
}

TEST(JailerProtocol, RefusesEveryTruncationAndExtension) {
    auto const whole = valid_create();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode<Create>(std::span(whole).first(size)).has_value()) << size;
    }
    auto longer = whole;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode<Create>(longer).has_value());
}

TEST(JailerProtocol, RefusesForeignHeadersTypesAndCounts) {
    struct Case {
        char const* name;
        std::size_t offset;
        unsigned char value;
    };
    for (auto const& c :
         {Case{"magic", 0, 'X'}, Case{"version", 4, 9}, Case{"type", 6, 4}, Case{"length", 8, 1},
          Case{"mounts", 48, 3}, Case{"mounts over the limit", 49, 1}, Case{"links", 52, 0}}) {
        auto bytes = valid_create();
        bytes[c.offset] = static_cast<std::byte>(c.value);
        EXPECT_FALSE(decode<Create>(bytes).has_value()) << c.name;
    }
}

TEST(JailerProtocol, DoesNotSendWhatItWouldNotRead) {
    std::vector<std::string> const with_nul{std::string("a\0b", 3)};
    EXPECT_EQ(encode(SetupFailed{.header = {}}, with_nul).error().code,
              Errc::kInvalidParameterValue);
    std::vector<std::string> const too_long{std::string(kMessageBytesMax, 'x')};
    EXPECT_EQ(encode(SetupFailed{.header = {}}, too_long).error().code,
              Errc::kInvalidParameterValue);
    EXPECT_FALSE(encode(SetupFailed{.header = {}}).has_value()) << "a string is missing";
}

TEST(JailerProtocol, KnowsPlainAbsolutePaths) {
    for (char const* const good : {"/usr", "/var/task", "/a/..b/c.", "/...", "/a b"}) {
        EXPECT_TRUE(is_plain_absolute_path(good)) << good;
    }
    for (char const* const bad :
         {"", "/", "usr", "/usr/", "//usr", "/usr//lib", "/.", "/..", "/usr/../etc", "/usr/."}) {
        EXPECT_FALSE(is_plain_absolute_path(bad)) << bad;
    }
    EXPECT_FALSE(is_plain_absolute_path("/" + std::string(kPathBytesMax, 'x')));
}

TEST(JailerChannel, CarriesDescriptorsAndSaysWhenThePeerIsGone) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()),
              0);
    io::UniqueFd left(ends[0]);
    io::UniqueFd const right(ends[1]);
    EXPECT_FALSE(receive_packet(right.get()).value().has_value()) << "it would block";
    auto const bytes = encode(Ready{.header = {}}).value();
    std::array<int, 2> const numbers{0, 1};
    ASSERT_TRUE(send_packet(left.get(), bytes, numbers).value());
    auto packet = receive_packet(right.get()).value();
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->bytes, bytes);
    ASSERT_EQ(packet->descriptors.size(), 2U);
    EXPECT_NE(::fcntl(packet->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
    left.reset();
    EXPECT_EQ(receive_packet(right.get()).error().code, Errc::kUnavailable);
    EXPECT_EQ(send_packet(right.get(), bytes).error().code, Errc::kUnavailable);
}

TEST(JailerCgroups, FindAHybridHost) {
    // As on the build machine.
    auto const found = jailer::find_cgroup_hierarchies(
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:4 - cgroup cgroup "
        "rw,cpu,cpuacct\n"
        "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
        "9:name=systemd:/x\n4:memory:/a/b\n2:cpu,cpuacct:/\n0::/u\n");
    ASSERT_GE(found.size(), 3U);
    EXPECT_EQ(found[0].own_path, "/sys/fs/cgroup/memory/a/b");
    EXPECT_EQ(found[0].controllers, std::vector<std::string>{"memory"});
    EXPECT_EQ(found[1].own_path, "/sys/fs/cgroup/cpu,cpuacct");
    EXPECT_EQ(found.back().own_path, "/sys/fs/cgroup/unified/u");
    EXPECT_TRUE(found.back().version2);
}

TEST(JailerCgroups, FindAPureHostAndAContainer) {
    auto const pure = jailer::find_cgroup_hierarchies(
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
        "0::/user.slice/user-1000.slice/user@1000.service\n");
    ASSERT_EQ(pure.size(), 1U);
    EXPECT_EQ(pure[0].own_path, "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service");
    // Docker on v1: the mount shows the container's part of the hierarchy as its root.
    auto const container = jailer::find_cgroup_hierarchies(
        "90 80 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
        "4:memory:/docker/abc/inner\n");
    ASSERT_EQ(container.size(), 1U);
    EXPECT_EQ(container[0].own_path, "/sys/fs/cgroup/memory/inner");
    EXPECT_TRUE(jailer::find_cgroup_hierarchies("", "").empty());
    EXPECT_TRUE(jailer::find_cgroup_hierarchies("garbage - cgroup\n", ":::").empty());
}

TEST(JailerIdentity, FindsSubordinateIds) {
    auto const ids =
        jailer::find_subordinate_ids("other:1:5\nme:100000:65536\n1000:7:9\n", "me", 1000);
    EXPECT_EQ(ids.first, 100'000U);
    EXPECT_EQ(ids.count, 65'536U);
    EXPECT_EQ(jailer::find_subordinate_ids("1000:7:9\n", "me", 1000).first, 7U);
    for (char const* const none :
         {"", "me", "me:", "me:x:1", "me:1:", "me:1:0", "you:1:2\n", ":1:2"}) {
        EXPECT_EQ(jailer::find_subordinate_ids(none, "me", 1000).count, 0U) << none;
    }
    EXPECT_EQ(jailer::find_subordinate_ids(":1:2", "", 1000).count, 0U) << "a user without a name";
}

TEST(JailerIdentity, TakesOnlyOrdinaryUsers) {
    EXPECT_EQ(jailer::find_user("1000:1001").value().gid, 1001U);
    EXPECT_NE(jailer::find_user("").value().uid, 0U);
    for (char const* const bad : {"root", "0:0", "1000:", "x:1", "no-such-user-here"}) {
        EXPECT_FALSE(jailer::find_user(bad).has_value()) << bad;
    }
}

Result<jailer::Options> parse(std::vector<char const*> words) {
    words.insert(words.begin(), "meridian-jailer");
    return jailer::parse_options(static_cast<int>(words.size()), const_cast<char**>(words.data()));
}

TEST(JailerOptions, AreRead) {
    auto const options = parse({"--user", "u", "--bind", "/a=/b", "--bind", "/c=/d", "--pool", "3",
                                "--slots", "5", "--scratch", "/s", "--", "/x", "--pool"})
                             .value();
    EXPECT_EQ(options.user, "u");
    EXPECT_EQ(options.binds.size(), 2U);
    EXPECT_EQ(options.binds[1].second, "/d");
    EXPECT_EQ(options.pool, 3U);
    EXPECT_EQ(options.slots, 5U);
    EXPECT_EQ(options.scratch, "/s");
    EXPECT_STREQ(options.command[1], "--pool");
}

TEST(JailerOptions, AreRefusedWhenWrong) {
    EXPECT_FALSE(parse({}).has_value());
    EXPECT_FALSE(parse({"--"}).has_value());
    EXPECT_FALSE(parse({"--pool", "--", "/x"}).has_value());
    EXPECT_FALSE(parse({"--pool", "-1", "--", "/x"}).has_value());
    EXPECT_FALSE(parse({"--slots", "0", "--", "/x"}).has_value());
    EXPECT_FALSE(parse({"--slots", "99999999", "--", "/x"}).has_value());
    EXPECT_FALSE(parse({"--bind", "a=/b", "--", "/x"}).has_value());
    EXPECT_FALSE(parse({"--bind", "/a", "--", "/x"}).has_value());
    EXPECT_FALSE(parse({"--bind", "/a=", "--", "/x"}).has_value());
}

}  // namespace
}  // namespace meridian::sandbox
