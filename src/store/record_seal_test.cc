#include "store/record_seal.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "store/sqlite_store.h"
#include "store/store_test_support.h"

namespace meridian::store {
namespace {

using nlohmann::json;

class RecordSealTest : public testing::Test {
  protected:
    static crypto::AeadKey key(std::uint8_t byte) {
        crypto::AeadKey key;
        key.fill(byte);
        return key;
    }
    RecordSeal seal(std::uint8_t with = 1) {
        return {key(with),
                {{Kind::kFunction,
                  {json::json_pointer("/latest/environment"),
                   json::json_pointer("/serving/environment")}}},
                random_,
                log_};
    }
    // Of one database, whoever opens it.
    std::unique_ptr<SqliteStore> store(RecordSeal const* seal, char const* name = "x.db") {
        return SqliteStore::open({.path = directory_.path() / name, .seal = seal}, clock_, log_)
            .value();
    }
    bool commit(Store& store, Key const& key, json const& value) {
        return wait_for(store.commit({.caller = "me", .changes = {{key, value}}})).has_value();
    }
    json environment_in(Store& store, Key const& key) {
        return wait_for(store.get(key)).value()->value["latest"]["environment"];
    }

    TemporaryDirectory directory_;
    ManualClock clock_;
    SeededRandom random_{1};
    NullLog log_;
    Key const function_{model::AccountId("111111111111"), Kind::kFunction, "f"};
    json const value_ = {{"latest", {{"environment", {{"PASSWORD", "hunter2-secret"}}}}},
                         {"name", "f"}};
    json const status_ = {{"serving", {{"environment", {{"PASSWORD", "hunter2-older"}}}}}};
};

TEST_F(RecordSealTest, CallersSeePlainValuesAndTheDatabaseDoesNot) {
    auto const sealing = seal();
    {
        auto const sealed = store(&sealing);
        ASSERT_TRUE(wait_for(sealed->commit({.caller = "me",
                                             .changes = {{function_, value_}},
                                             .statuses = {{function_, status_}}})));
        EXPECT_EQ(wait_for(sealed->get(function_)).value()->value, value_);
        EXPECT_EQ(wait_for(sealed->get(function_)).value()->status, status_);
        EXPECT_EQ(wait_for(sealed->scan_all(Kind::kFunction)).value().at(0).value, value_);
        EXPECT_EQ(wait_for(sealed->scan({.account = function_.account, .kind = Kind::kFunction}))
                      .value()
                      .at(0)
                      .value,
                  value_);
        EXPECT_EQ(
            wait_for(sealed->read_log(LogName::kRegion, 0, 9)).value().at(0).changes.at(0).value,
            value_);
    }
    EXPECT_TRUE(environment_in(*store(nullptr), function_).is_string());
    std::size_t files = 0;
    for (auto const& entry : std::filesystem::directory_iterator(directory_.path())) {
        std::ifstream in(entry.path(), std::ios::binary);
        std::string const bytes{std::istreambuf_iterator<char>(in), {}};
        EXPECT_EQ(bytes.find("hunter2"), std::string::npos) << entry.path();
        ++files;
    }
    EXPECT_GT(files, 0u);
}

TEST_F(RecordSealTest, WhatWasWrittenUnsealedIsRead) {
    ASSERT_TRUE(commit(*store(nullptr), function_, value_));
    auto const sealing = seal();
    EXPECT_EQ(wait_for(store(&sealing)->get(function_)).value()->value, value_);
}

TEST_F(RecordSealTest, AnotherRegionReadsItsCopy) {
    auto const one = seal(1);
    auto const other = seal(2);
    auto const from = store(&one);
    auto const to = store(&other, "copy.db");
    ASSERT_TRUE(commit(*from, function_, value_));
    auto entries = wait_for(from->read_log(LogName::kRegion, 0, 9)).value();
    ASSERT_TRUE(wait_for(to->apply(entries.at(0))));
    EXPECT_EQ(wait_for(to->get(function_)).value()->value, value_);
}

TEST_F(RecordSealTest, AnotherKeyOrPlaceDoesNotOpenIt) {
    auto const one = seal(1);
    auto const other = seal(2);
    ASSERT_TRUE(commit(*store(&one), function_, value_));
    EXPECT_TRUE(environment_in(*store(&other), function_).is_string());
    auto moved = function_;
    moved.id = "g";
    {
        auto const below = store(nullptr);
        auto const stolen = wait_for(below->get(function_)).value()->value;
        ASSERT_TRUE(commit(*below, moved, stolen));
    }
    EXPECT_TRUE(environment_in(*store(&one), moved).is_string());
}

TEST_F(RecordSealTest, SealingAgainChangesNothing) {
    auto const sealing = seal();
    Transaction transaction{.changes = {{function_, value_}}};
    ASSERT_TRUE(sealing.seal(transaction));
    auto const once = transaction.changes.at(0).value;
    EXPECT_NE(once, Value(value_));
    ASSERT_TRUE(sealing.seal(transaction));
    EXPECT_EQ(transaction.changes.at(0).value, once);
}

TEST_F(RecordSealTest, ATextIsSealedAsATreeIs) {
    auto const sealing = seal();
    auto const whole = value_.dump();
    auto const secret = value_["latest"]["environment"].dump();
    JsonText const text{.text = whole,
                        .secret_member = "/latest/environment",
                        .secret_at = whole.find(secret),
                        .secret_bytes = secret.size()};
    Transaction transaction{.changes = {{function_, text}}};
    ASSERT_TRUE(sealing.seal(transaction));
    auto const once = transaction.changes.at(0).value;
    auto const seen = json_of(once.value());
    EXPECT_TRUE(seen["latest"]["environment"].is_string());
    EXPECT_EQ(seen["name"], "f");
    ASSERT_TRUE(sealing.seal(transaction));
    EXPECT_EQ(transaction.changes.at(0).value, once);

    auto const sealed = store(&sealing);
    ASSERT_TRUE(wait_for(sealed->commit({.caller = "me", .changes = {{function_, text}}})));
    EXPECT_EQ(wait_for(sealed->get(function_)).value()->value, value_);
    EXPECT_TRUE(environment_in(*store(nullptr), function_).is_string());
}

TEST_F(RecordSealTest, WhatIsNoTextIsRefusedAndHarmsNobodyElse) {
    auto const sealing = seal();
    auto const sealed = store(&sealing);
    json const bad = {{"latest", {{"environment", {{"PASSWORD", "\xff"}}}}}};
    auto const refused = wait_for(sealed->commit({.caller = "me", .changes = {{function_, bad}}}));
    EXPECT_EQ(refused.error().code, Errc::kInternal);
    JsonText const text{.text = R"({"latest":{"environment":{"PASSWORD":")"
                                "\xff"
                                R"("}}})",
                        .secret_member = "/latest/environment",
                        .secret_at = 25,
                        .secret_bytes = 16};
    EXPECT_EQ(
        wait_for(sealed->commit({.caller = "me", .changes = {{function_, text}}})).error().code,
        Errc::kInternal);
    EXPECT_TRUE(commit(*sealed, function_, value_));
}

}  // namespace
}  // namespace meridian::store
