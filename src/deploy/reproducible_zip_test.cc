#include "deploy/reproducible_zip.h"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "crypto/sha256.h"

namespace meridian::deploy {
namespace {

TEST(ReproducibleZip, DependsOnItsFilesAlone) {
    PackageFile const app{.name = "app.py", .bytes = std::string(5'000, 'x')};
    PackageFile const tool{.name = "bin/tool", .bytes = "#!/bin/sh\n", .executable = true};
    auto const one = make_package({app, tool});
    ASSERT_TRUE(one) << one.error().message;
    ::setenv("TZ", "Asia/Tokyo", 1);
    ::tzset();
    auto const other = make_package({tool, app});
    ::unsetenv("TZ");
    ::tzset();
    ASSERT_TRUE(other);
    EXPECT_EQ(*one, *other);
    EXPECT_LT(one->size(), 1'000U) << "it is compressed";
    EXPECT_TRUE(one->starts_with("PK\x03\x04"));
}

TEST(ReproducibleZip, EverythingThatMattersChangesIt) {
    PackageFile const app{.name = "app.py", .bytes = "one"};
    auto const base = crypto::sha256_hex(*make_package({app}));
    EXPECT_NE(base, crypto::sha256_hex(*make_package({{.name = "app.py", .bytes = "two"}})));
    EXPECT_NE(base, crypto::sha256_hex(*make_package({{.name = "b.py", .bytes = "one"}})));
    EXPECT_NE(base, crypto::sha256_hex(
                        *make_package({{.name = "app.py", .bytes = "one", .executable = true}})));
}

TEST(ReproducibleZip, WhatIsNoPackageIsRefused) {
    EXPECT_FALSE(make_package({}));
    EXPECT_FALSE(make_package({{.name = "a", .bytes = ""}, {.name = "a", .bytes = ""}}));
    for (auto const* const name : {"", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/"})
        EXPECT_FALSE(make_package({{.name = name, .bytes = "x"}})) << name;
}

}  // namespace
}  // namespace meridian::deploy
