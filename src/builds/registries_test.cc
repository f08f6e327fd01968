#include "builds/registries.h"

#include <gtest/gtest.h>

namespace meridian::builds {
namespace {

using boost::asio::ip::make_address;

TEST(Registries, OnlyWhatIsNamedIsReached) {
    Registries none;
    EXPECT_TRUE(none.empty());
    EXPECT_FALSE(none.is_named({"pypi.org", 443}));

    Registries some;
    ASSERT_TRUE(some.add("pypi.org"));
    ASSERT_TRUE(some.add("Mirror.example:8443"));
    EXPECT_TRUE(some.is_named({"pypi.org", 443}));
    EXPECT_TRUE(some.is_named({"mirror.example", 8443}));
    for (io::ConnectTarget const& other : {io::ConnectTarget{"pypi.org", 22},
                                           {"mirror.example", 443},
                                           {"evil.pypi.org", 443},
                                           {"pypi.org.evil", 443},
                                           {"files.pythonhosted.org", 443}}) {
        EXPECT_FALSE(some.is_named(other)) << other.host << other.port;
        EXPECT_FALSE(some.is_allowed(other, make_address("8.8.8.8"))) << other.host;
    }
    Registries known;
    ASSERT_TRUE(known.add("public"));
    for (auto const* const host :
         {"pypi.org", "registry.npmjs.org", "sum.golang.org", "index.crates.io"})
        EXPECT_TRUE(known.is_named({host, 443})) << host;
    for (auto const* const wrong : {"", "http://pypi.org", "pypi.org/simple", "pypi.org:", "a b"})
        EXPECT_FALSE(some.add(wrong)) << wrong;
}

TEST(Registries, APrivateAddressNeedsAWordOfTheOperators) {
    Registries some;
    ASSERT_TRUE(some.add("open.example"));
    ASSERT_TRUE(some.add_private("mirror.example:8443"));
    for (auto const* const at : {"127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"}) {
        EXPECT_FALSE(some.is_allowed({"open.example", 443}, make_address(at))) << at;
        EXPECT_TRUE(some.is_allowed({"mirror.example", 8443}, make_address(at))) << at;
        // That very host, at that very port.
        EXPECT_FALSE(some.is_allowed({"mirror.example", 443}, make_address(at))) << at;
    }
    EXPECT_TRUE(some.is_allowed({"open.example", 443}, make_address("151.101.0.223")));
}

TEST(Registries, KnowsWhichAddressesArePublic) {
    for (auto const* const at :
         {"8.8.8.8", "151.101.0.223", "172.15.255.255", "172.32.0.0", "100.63.255.255",
          "100.128.0.0", "192.0.1.0", "223.255.255.255", "2a04:4e42::223", "64:ff9b::808:808",
          "2002:808:808::1", "::ffff:8.8.8.8"})
        EXPECT_TRUE(is_public(make_address(at))) << at;
    for (auto const* const at : {"0.0.0.0",
                                 "0.1.2.3",
                                 "10.0.0.1",
                                 "100.64.0.1",
                                 "127.0.0.1",
                                 "127.255.255.255",
                                 "169.254.169.254",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.0.0.170",
                                 "192.168.1.1",
                                 "198.18.0.1",
                                 "224.0.0.1",
                                 "240.0.0.1",
                                 "255.255.255.255",
                                 "::",
                                 "::1",
                                 "::ffff:127.0.0.1",
                                 "::ffff:10.0.0.1",
                                 "::127.0.0.1",
                                 "64:ff9b::7f00:1",
                                 "64:ff9b:1::1",
                                 "2002:7f00:1::",
                                 "2002:a00:1::",
                                 "fc00::1",
                                 "fd12::1",
                                 "fe80::1",
                                 "fec0::1",
                                 "ff02::1"})
        EXPECT_FALSE(is_public(make_address(at))) << at;
}

}  // namespace
}  // namespace meridian::builds
