#pragma once
// What the dumps of earlier versions in tests/vectors/store hold, each of them.

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "store/store.h"
#include "store/store_test_support.h"

namespace meridian::store {

inline Key dumped_function() {
    return {model::AccountId("123456789012"), Kind::kFunction, "hello"};
}

inline std::string dump_named(std::string const& name) {
    std::ifstream dump(fmt::format(MERIDIAN_SOURCE_DIR "/tests/vectors/store/{}.sql", name));
    EXPECT_TRUE(dump) << "run from the root of the tree";
    std::stringstream sql;
    sql << dump.rdbuf();
    return sql.str();
}

inline void expect_what_was_dumped(Store& store) {
    using nlohmann::json;
    model::AccountId const account("123456789012");
    auto const function = dumped_function();
    auto const live = wait_for(store.get(function)).value();
    ASSERT_TRUE(live);
    EXPECT_EQ(live->value,
              (json{{"format", 1}, {"Description", "hällo 'quoted'"}, {"MemorySize", 256}}));
    EXPECT_EQ(live->status, (json{{"State", "Active"}}));
    EXPECT_EQ(live->sequence, 3u);
    Key const gone{account, Kind::kFunction, "gone"};
    EXPECT_FALSE(wait_for(store.get(gone)).value());
    EXPECT_EQ(wait_for(store.epitaph(gone)).value(), (json{{"last_version", 3}}));
    EXPECT_EQ(wait_for(store.scan_all(Kind::kFunctionVersion)).value().at(0).key.id,
              "hello:000000000001");
    EXPECT_EQ(wait_for(store.get({account, Kind::kIamHome, "home"})).value()->value.at("region"),
              "us-east-1");
    for (auto const kind :
         {Kind::kFunction, Kind::kFunctionVersion, Kind::kIamRole, Kind::kIamHome}) {
        EXPECT_EQ(wait_for(store.count(account, kind)).value(), 1u);
    }
    auto const entries = wait_for(store.read_log(LogName::kRegion, 0, 100)).value();
    ASSERT_EQ(entries.size(), 4u);
    EXPECT_EQ(entries[2].changes.size(), 2u);
    EXPECT_EQ(entries[2].time, WallTime(std::chrono::microseconds(1'700'000'009'000'006)));
    EXPECT_EQ(entries[2].caller, "arn:aws:iam::123456789012:root");
    EXPECT_EQ(entries[3].changes.at(0).epitaph, (json{{"last_version", 3}}));
    EXPECT_EQ(wait_for(store.last_sequence(LogName::kAccount)).value(), 2u);
}

// The package that the dumps hold, from the versions on that know packages.
inline void expect_dumped_package(PackageTable& packages) {
    std::string const zip = "PK\5\6" + std::string(18, '\0');
    model::CodeSha256 const sha256(crypto::sha256_base64(zip));
    EXPECT_EQ(wait_for(packages.get_package(sha256)).value(), zip);
    EXPECT_EQ(
        wait_for(packages.old_packages(WallTime(std::chrono::microseconds(1'700'000'009'000'007))))
            .value(),
        std::vector{sha256});
}

}  // namespace meridian::store
