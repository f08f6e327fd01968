#include "store/sealed_store.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "store/memory_store.h"
#include "store/sqlite_store.h"
#include "store/store_test_support.h"

namespace meridian::store {
namespace {

using nlohmann::json;

class SealedStoreTest : public testing::Test {
  protected:
    static crypto::AeadKey key(std::uint8_t byte) {
        crypto::AeadKey key;
        key.fill(byte);
        return key;
    }
    SealedStore sealed(Store& below, std::uint8_t with = 1) {
        return SealedStore(below, key(with),
                           {{Kind::kFunction,
                             {json::json_pointer("/latest/environment"),
                              json::json_pointer("/serving/environment")}}},
                           random_, log_);
    }

    ManualClock clock_;
    SeededRandom random_{1};
    NullLog log_;
    Key const function_{model::AccountId("111111111111"), Kind::kFunction, "f"};
    json const value_ = {{"latest", {{"environment", {{"PASSWORD", "hunter2-secret"}}}}},
                         {"name", "f"}};
    json const status_ = {{"serving", {{"environment", {{"PASSWORD", "hunter2-older"}}}}}};
};

TEST_F(SealedStoreTest, CallersSeePlainValuesAndTheDatabaseDoesNot) {
    TemporaryDirectory directory;
    {
        auto below = SqliteStore::open({.path = directory.path() / "x.db"}, clock_, log_);
        auto store = sealed(**below);
        ASSERT_TRUE(wait_for(store.commit({.caller = "me",
                                           .changes = {{function_, value_}},
                                           .statuses = {{function_, status_}}})));
        EXPECT_EQ(wait_for(store.get(function_)).value()->value, value_);
        EXPECT_EQ(wait_for(store.get(function_)).value()->status, status_);
        EXPECT_EQ(wait_for(store.scan_all(Kind::kFunction)).value().at(0).value, value_);
        EXPECT_EQ(wait_for(store.scan({.account = function_.account, .kind = Kind::kFunction}))
                      .value()
                      .at(0)
                      .value,
                  value_);
        EXPECT_EQ(
            wait_for(store.read_log(LogName::kRegion, 0, 9)).value().at(0).changes.at(0).value,
            value_);
        EXPECT_TRUE((*wait_for((*below)->get(function_)).value())
                        .value["latest"]["environment"]
                        .is_string());
    }
    std::size_t files = 0;
    for (auto const& entry : std::filesystem::directory_iterator(directory.path())) {
        std::ifstream in(entry.path(), std::ios::binary);
        std::string const bytes{std::istreambuf_iterator<char>(in), {}};
        EXPECT_EQ(bytes.find("hunter2"), std::string::npos) << entry.path();
        ++files;
    }
    EXPECT_GT(files, 0u);
}

TEST_F(SealedStoreTest, WhatWasWrittenUnsealedIsRead) {
    MemoryStore below(clock_);
    ASSERT_TRUE(wait_for(below.commit({.caller = "me", .changes = {{function_, value_}}})));
    auto store = sealed(below);
    EXPECT_EQ(wait_for(store.get(function_)).value()->value, value_);
}

TEST_F(SealedStoreTest, AnotherRegionReadsItsCopy) {
    MemoryStore home(clock_), copy(clock_);
    auto from = sealed(home, 1);
    auto to = sealed(copy, 2);
    ASSERT_TRUE(wait_for(from.commit({.caller = "me", .changes = {{function_, value_}}})));
    auto entries = wait_for(from.read_log(LogName::kRegion, 0, 9)).value();
    ASSERT_TRUE(wait_for(to.apply(entries.at(0))));
    EXPECT_EQ(wait_for(to.get(function_)).value()->value, value_);
}

TEST_F(SealedStoreTest, AnotherKeyOrPlaceDoesNotOpenIt) {
    MemoryStore below(clock_);
    auto store = sealed(below, 1);
    ASSERT_TRUE(wait_for(store.commit({.caller = "me", .changes = {{function_, value_}}})));
    auto other = sealed(below, 2);
    EXPECT_TRUE(wait_for(other.get(function_)).value()->value["latest"]["environment"].is_string());
    auto moved = function_;
    moved.id = "g";
    auto const stolen = wait_for(below.get(function_)).value()->value;
    ASSERT_TRUE(wait_for(below.commit({.caller = "me", .changes = {{moved, stolen}}})));
    EXPECT_TRUE(wait_for(store.get(moved)).value()->value["latest"]["environment"].is_string());
}

}  // namespace
}  // namespace meridian::store
