#include "iam/identity_records.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace meridian::iam {
namespace {

struct Generate {
    SeededRandom random{3};
    std::string text() { return make_token(random, "aZ9 \"\\\n\x7f", random.next() % 12); }
    WallTime time() { return WallTime{std::chrono::microseconds(random.next() % 1'000'000'000)}; }
    model::Tags tags() { return {{text(), text()}, {text(), text()}}; }
    void fill(model::Entity& entity) {
        entity.account = model::AccountId("123456789012");
        entity.name = text();
        entity.id = text();
        entity.path = "/" + text();
        entity.created = time();
    }
    void fill(model::Identity& identity) {
        fill(static_cast<model::Entity&>(identity));
        identity.attached_policies = {{text(), text()}, {text(), text()}};
        identity.inline_policies = {{text(), text()}};
    }
};

template <typename Entity>
void expect_read_back(Entity const& entity) {
    auto const value = nlohmann::json::parse(to_record(entity).dump());
    EXPECT_EQ(from_record<Entity>(key_of(entity), value), entity);
    auto newer = value;
    newer["format"] = 99;
    EXPECT_EQ(from_record<Entity>(key_of(entity), newer).error().code, Errc::kCorrupt);
    for (auto const& [member, content] : value.items()) {
        if (member == "inline") continue;  // format 1 of roles had none
        auto damaged = value;
        damaged.erase(member);
        EXPECT_EQ(from_record<Entity>(key_of(entity), damaged).error().code, Errc::kCorrupt)
            << member;
    }
}

TEST(IdentityRecords, WhatIsWrittenIsReadBack) {
    Generate generate;
    for (int i = 0; i < 50; ++i) {
        model::User user;
        generate.fill(user);
        user.tags = generate.tags();
        user.group_ids = {generate.text(), generate.text()};
        if (i % 2 == 1) user.permissions_boundary = "arn:" + generate.text();
        expect_read_back(user);
        model::Group group;
        generate.fill(group);
        expect_read_back(group);
        model::Role role;
        generate.fill(role);
        role.tags = generate.tags();
        role.description = generate.text();
        if (i % 2 == 1) role.permissions_boundary = "arn:" + generate.text();
        role.assume_role_policy_document = generate.text();
        role.max_session_seconds = 7;
        expect_read_back(role);
        model::ManagedPolicy policy;
        generate.fill(policy);
        policy.tags = generate.tags();
        policy.versions = {{1, {generate.text(), generate.time()}},
                           {4, {generate.text(), generate.time()}}};
        policy.default_version = 4;
        policy.last_version = 9;
        policy.updated = generate.time();
        expect_read_back(policy);
        model::InstanceProfile profile;
        generate.fill(profile);
        profile.tags = generate.tags();
        profile.role_name = generate.text();
        expect_read_back(profile);
        model::AccessKey const key{.account = user.account,
                                   .id = model::AccessKeyId("AKIA" + std::to_string(i)),
                                   .user_id = generate.text(),
                                   .active = i % 2 == 0,
                                   .created = generate.time(),
                                   .sealed_secret = generate.text()};
        expect_read_back(key);
    }
}

// A version from before there were boundaries reads what has none, and nothing else.
TEST(IdentityRecords, ABoundaryMakesTheFormatNewer) {
    Generate generate;
    model::User user;
    generate.fill(user);
    model::Role role;
    generate.fill(role);
    EXPECT_EQ(to_record(user)["format"], 1);
    EXPECT_EQ(to_record(role)["format"], 2);
    user.permissions_boundary = role.permissions_boundary = "arn:b";
    EXPECT_EQ(to_record(user)["format"], 2);
    EXPECT_EQ(to_record(role)["format"], 3);
}

TEST(IdentityRecords, ARoleOfTheFirstFormatIsRead) {
    auto const value = nlohmann::json::parse(
        R"({"format":1,"name":"R","id":"AROA1","path":"/","description":"","trust":"{}",)"
        R"("max_session_seconds":3600,"created_us":5,"tags":{},"attached":[{"name":"n","arn":"a"}]})");
    auto const key = key_for<model::Role>(model::AccountId("123456789012"), "R");
    EXPECT_EQ(key.id, "r") << "names are unique ignoring case";
    auto const role = from_record<model::Role>(key, value);
    ASSERT_TRUE(role) << role.error().message;
    EXPECT_EQ(role->name, "R");
    EXPECT_EQ(role->attached_policies.size(), 1u);
    EXPECT_TRUE(role->inline_policies.empty());
}

}  // namespace
}  // namespace meridian::iam
