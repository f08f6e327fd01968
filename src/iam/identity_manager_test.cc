#include "iam/identity_manager.h"

#include "iam/testing.h"

namespace meridian::iam {
namespace {

class ManagerTest : public IdentitiesTest {
  protected:
    // What a refused operation answered: its code's name and its text.
    template <typename T>
    static std::string refusal(Result<T> const& result) {
        return result ? "none"
                      : fmt::format("{}: {}", name_of(result.error().code), result.error().message);
    }
};

TEST_F(ManagerTest, ARoleIsMadeAndFound) {
    auto const made = must(iam.create_role(who, {.name = "MyRole",
                                                 .path = "/team/",
                                                 .assume_role_policy_document = kLambdaTrust,
                                                 .description = "d",
                                                 .max_session_seconds = 7'200,
                                                 .tags = {{"a", "b"}}}));
    EXPECT_EQ(made.arn(), "arn:aws:iam::123456789012:role/team/MyRole");
    EXPECT_TRUE(made.id.starts_with("AROA"));
    EXPECT_EQ(made.id.size(), 21u);
    EXPECT_EQ(**iam.get_role(account, "MyRole"), made);
    EXPECT_EQ((*iam.get_role(account, "myrole"))->name, "MyRole")
        << "names are the same ignoring case";
}

TEST_F(ManagerTest, RefusalsAreIams) {
    make_role("r");
    make_user();
    must(iam.create_group(who, "g", "/"));
    auto const own = must(iam.create_policy(who, {.name = "p", .document = policy("Allow", "*")}));
    EXPECT_EQ(refusal(run(iam.create_role(
                  who, {.name = "R", .assume_role_policy_document = kLambdaTrust}))),
              "kEntityAlreadyExists: Role with name R already exists.");
    EXPECT_EQ(refusal(run(iam.create_user(who, {.name = "ANN"}))),
              "kEntityAlreadyExists: User with name ANN already exists.");
    EXPECT_EQ(refusal(run(iam.create_group(who, "G", "/"))),
              "kEntityAlreadyExists: Group with name G already exists.");
    EXPECT_EQ(refusal(run(iam.create_policy(who, {.name = "P", .document = policy("Allow", "*")}))),
              "kEntityAlreadyExists: A policy called P already exists. Duplicate names are not "
              "allowed.");
    EXPECT_EQ(refusal(run(iam.create_role(who, {.name = "x", .assume_role_policy_document = "{"}))),
              "kMalformedPolicyDocument: This policy contains invalid Json");
    EXPECT_EQ(refusal(iam.get_role(account, "nope")),
              "kNoSuchEntity: The role with name nope cannot be found.");
    EXPECT_EQ(refusal(iam.get_user(account, "nope")),
              "kNoSuchEntity: The user with name nope cannot be found.");
    EXPECT_EQ(refusal(run(iam.delete_group(who, "nope"))),
              "kNoSuchEntity: The group with name nope cannot be found.");
    EXPECT_EQ(refusal(run(iam.attach_policy<model::Role>(who, "r", "arn:aws:iam::aws:policy/No"))),
              "kNoSuchEntity: Policy arn:aws:iam::aws:policy/No does not exist or is not "
              "attachable.");
    EXPECT_EQ(refusal(run(iam.detach_policy<model::Role>(who, "r", kBasic))),
              fmt::format("kNoSuchEntity: Policy {} was not found.", kBasic));
    EXPECT_EQ(refusal(iam.get_inline_policy<model::Role>(account, "r", "i")),
              "kNoSuchEntity: The role policy with name i cannot be found.");
    EXPECT_EQ(refusal(run(iam.delete_access_key(who, "ann", model::AccessKeyId("AKIANOPE")))),
              "kNoSuchEntity: The Access Key with id AKIANOPE cannot be found.");
    EXPECT_EQ(refusal(run(iam.create_policy_version(who, kBasic, policy("Allow", "*"), true))),
              "kAccessDenied: AWS managed policies cannot be changed.");
    EXPECT_EQ(refusal(iam.get_policy_version(account, own.arn, "v2")),
              fmt::format("kNoSuchEntity: Policy {} version v2 does not exist or is not "
                          "attachable.",
                          own.arn));
    EXPECT_EQ(refusal(run(iam.delete_policy_version(who, own.arn, "v1"))),
              "kDeleteConflict: Cannot delete the default version of a policy.");
    EXPECT_EQ(refusal(iam.list_roles(account, {.marker = "!"})), "kValidation: Invalid Marker.");
}

TEST_F(ManagerTest, WhatIsInUseIsNotDeleted) {
    make_user();
    must(iam.create_group(who, "g", "/"));
    auto const own = must(iam.create_policy(who, {.name = "p", .document = policy("Allow", "*")}));
    must(iam.add_user_to_group(who, "ann", "g"));
    must(iam.attach_policy<model::User>(who, "ann", own.arn));
    auto const key = must(iam.create_access_key(who, "ann"));
    must(iam.put_inline_policy<model::User>(who, "ann", {"i", policy("Deny", "*")}));

    EXPECT_EQ(refusal(run(iam.delete_policy(who, own.arn))),
              "kDeleteConflict: Cannot delete a policy attached to entities.");
    EXPECT_EQ(refusal(run(iam.delete_group(who, "g"))),
              "kDeleteConflict: Cannot delete entity, must remove users from group first.");
    EXPECT_EQ(refusal(run(iam.delete_user(who, "ann"))),
              "kDeleteConflict: Cannot delete entity, must detach all policies first.");
    must(iam.detach_policy<model::User>(who, "ann", own.arn));
    EXPECT_EQ(refusal(run(iam.delete_user(who, "ann"))),
              "kDeleteConflict: Cannot delete entity, must delete policies first.");
    must(iam.delete_inline_policy<model::User>(who, "ann", "i"));
    EXPECT_EQ(refusal(run(iam.delete_user(who, "ann"))),
              "kDeleteConflict: Cannot delete entity, must delete access keys first.");
    must(iam.delete_access_key(who, "ann", key.key.id));
    EXPECT_EQ(refusal(run(iam.delete_user(who, "ann"))),
              "kDeleteConflict: Cannot delete entity, must remove user from groups first.");
    must(iam.remove_user_from_group(who, "ann", "g"));
    must(iam.delete_user(who, "ann"));
    must(iam.delete_group(who, "g"));
    must(iam.delete_policy(who, own.arn));
    EXPECT_FALSE(iam.get_user(account, "ann"));
}

TEST_F(ManagerTest, ARenamedUserKeepsKeysAndGroups) {
    make_user();
    must(iam.create_group(who, "g", "/"));
    must(iam.add_user_to_group(who, "ann", "g"));
    auto const key = must(iam.create_access_key(who, "ann"));
    EXPECT_EQ(key.user_name, "ann");
    EXPECT_EQ(account_in(key.key.id), account);
    must(iam.update_user(who, "ann", {.name = "Beth", .path = "/x/"}));
    must(iam.update_group(who, "g", {.name = "team"}));
    EXPECT_FALSE(iam.get_user(account, "ann"));
    EXPECT_EQ((*iam.get_user(account, "beth"))->arn(), "arn:aws:iam::123456789012:user/x/Beth");
    EXPECT_EQ(iam.get_access_key(account, key.key.id)->user_name, "Beth");
    EXPECT_EQ(iam.list_groups_for_user(account, "Beth", {})->items.front()->name, "team");
    EXPECT_EQ(iam.list_group_members(account, "team", {})->items.front()->name, "Beth");
    must(iam.update_user(who, "beth", {.name = "BETH"}));
    EXPECT_EQ((*iam.get_user(account, "beth"))->name, "BETH") << "case alone may change";
}

TEST_F(ManagerTest, QuotasHold) {
    make_user();
    must(iam.create_access_key(who, "ann"));
    must(iam.create_access_key(who, "ann"));
    EXPECT_EQ(refusal(run(iam.create_access_key(who, "ann"))),
              "kLimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");
    for (auto const* name :
         {"AWSLambda_FullAccess", "AWSLambda_ReadOnlyAccess", "ReadOnlyAccess",
          "AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "IAMReadOnlyAccess",
          "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess", "AmazonSQSFullAccess"})
        must(iam.attach_policy<model::User>(who, "ann",
                                            std::string("arn:aws:iam::aws:policy/") + name));
    EXPECT_EQ(refusal(run(iam.attach_policy<model::User>(who, "ann", kBasic))),
              "kLimitExceeded: Cannot exceed quota for PoliciesPerUser: 10");
    EXPECT_EQ(
        refusal(run(iam.put_inline_policy<model::User>(
            who, "ann", {"big", policy("Allow", "lambda:GetFunction", std::string(2'048, 'x'))}))),
        "kMalformedPolicyDocument: Resource " + std::string(2'048, 'x') +
            " must be in ARN format or \"*\".");
    EXPECT_EQ(refusal(run(iam.put_inline_policy<model::User>(
                  who, "ann",
                  {"big", policy("Allow", "lambda:GetFunction",
                                 "arn:aws:lambda:::" + std::string(2'048, 'x'))}))),
              "kLimitExceeded: Maximum policy size of 2048 bytes exceeded for user ann");
    auto const own = must(iam.create_policy(who, {.name = "p", .document = policy("Allow", "*")}));
    for (int i = 0; i < 4; ++i)
        must(iam.create_policy_version(who, own.arn, policy("Allow", "*"), i % 2 == 0));
    EXPECT_EQ(refusal(run(iam.create_policy_version(who, own.arn, policy("Allow", "*"), true))),
              "kLimitExceeded: A managed policy can have up to 5 versions. Before you create a new "
              "version, you must delete an existing version.");
    EXPECT_EQ(iam.get_policy(account, own.arn)->default_version, "v4");
    auto const versions = iam.list_policy_versions(account, own.arn, {.max_items = 3});
    EXPECT_EQ(versions->items.front().id, "v5");
    EXPECT_EQ(iam.list_policy_versions(account, own.arn, {.marker = versions->next_marker})
                  ->items.back()
                  .id,
              "v1");
    must(iam.delete_policy_version(who, own.arn, "v5"));
    EXPECT_EQ(must(iam.create_policy_version(who, own.arn, policy("Allow", "*"), true)).id, "v6")
        << "a number is not used again";
}

TEST_F(ManagerTest, ListingsComeInPages) {
    for (auto const* name : {"d", "b", "a", "c"}) make_role(name);
    must(iam.create_role(
        who, {.name = "bb", .path = "/team/", .assume_role_policy_document = kLambdaTrust}));
    for (std::size_t size = 1; size <= 6; ++size) {
        std::vector<std::string> seen;
        std::string marker;
        do {
            auto const page = iam.list_roles(account, {.marker = marker, .max_items = size});
            ASSERT_TRUE(page);
            for (auto const* role : page->items) seen.push_back(role->name);
            marker = page->next_marker;
        } while (!marker.empty());
        EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "bb", "c", "d"})) << size;
    }
    auto const team = iam.list_roles(account, {.path_prefix = "/team"});
    ASSERT_EQ(team->items.size(), 1u);
    EXPECT_EQ(team->items[0]->name, "bb");
    EXPECT_TRUE(iam.list_roles(model::AccountId("999999999999"), {})->items.empty());
    std::vector<std::string> policies;
    std::string marker;
    do {
        auto const page = iam.list_policies(account, {.page = {.marker = marker, .max_items = 50}});
        for (auto const& item : page->items) policies.push_back(item.arn);
        marker = page->next_marker;
    } while (!marker.empty());
    EXPECT_GT(policies.size(), 100u);
    EXPECT_TRUE(std::ranges::is_sorted(policies));
}

TEST_F(ManagerTest, TagsReplaceEachOtherIgnoringCase) {
    make_user();
    must(iam.change_tags<model::User>(who, "ann", {.add = {{"Team", "a"}, {"x", "1"}}}));
    must(iam.change_tags<model::User>(who, "ann", {.add = {{"team", "b"}}, .remove = {"X"}}));
    auto const tags = iam.list_tags<model::User>(account, "ann", {});
    ASSERT_EQ(tags->items.size(), 1u);
    EXPECT_EQ(tags->items[0], (std::pair<std::string, std::string>("team", "b")));
}

// A copy of IAM that is behind its home: writes conflict there until it has caught up.
class LaggingLog final : public DirectAccountLog {
  public:
    using DirectAccountLog::DirectAccountLog;
    io::Task<> write(store::Transaction transaction) override {
        if (conflicts-- > 0) co_return fail(Errc::kConflict, "the home has moved on");
        co_return co_await DirectAccountLog::write(std::move(transaction));
    }
    io::Task<> catch_up() override {
        ++caught_up;
        co_return Result<void>{};
    }
    int conflicts = 1;
    int caught_up = 0;
};

TEST_F(ManagerTest, AConflictAtTheHomeCatchesUpAndTriesAgain) {
    LaggingLog lagging(store, identities.directory);
    IdentityManager manager({identities.directory, lagging, identities.secrets, clock, random});
    must(manager.create_user(who, {.name = "u"}));
    EXPECT_EQ(lagging.caught_up, 1);
    EXPECT_TRUE(manager.get_user(account, "u"));
    lagging.conflicts = 100;
    EXPECT_EQ(run(manager.create_user(who, {.name = "v"})).error().code, Errc::kResourceConflict);
}

TEST_F(ManagerTest, WhatConcernsEachOtherConflicts) {
    // A key is made while its user is deleted: whoever comes second decides again.
    make_user();
    auto const* const ann = identities.directory.find<model::User>(account, "ann");
    Changes deletion;
    deletion.remove(*ann);
    must(iam.create_access_key(who, "ann"));
    auto const crossed = run(identities.account_log.write(std::move(deletion).transaction("root")));
    ASSERT_FALSE(crossed);
    EXPECT_EQ(crossed.error().code, Errc::kConflict);
}

TEST_F(ManagerTest, ADirectoryIsTheSameAfterARestart) {
    make_user();
    must(iam.create_group(who, "g", "/"));
    must(iam.add_user_to_group(who, "ann", "g"));
    must(iam.put_inline_policy<model::Group>(who, "g", {"i", policy("Allow", "lambda:*")}));
    auto const key = must(iam.create_access_key(who, "ann"));
    Directory again(identities.log);
    must(again.load(store));
    auto const* const user = again.find<model::User>(account, "ann");
    ASSERT_NE(user, nullptr);
    EXPECT_EQ(user->entity, **iam.get_user(account, "ann"));
    EXPECT_EQ(again.documents_of(*user).size(), 1u);
    EXPECT_EQ(again.find_key(key.key.id)->entity, key.key);
}

TEST_F(ManagerTest, AnOlderChangeDoesNotComeBack) {
    make_user();
    auto const known = *identities.directory.find<model::User>(account, "ann");
    auto const key = key_of(known.entity);
    must(iam.delete_user(who, "ann"));
    identities.directory.apply({{key, to_record(known.entity)}}, known.sequence);
    EXPECT_FALSE(iam.get_user(account, "ann"));
}

}  // namespace
}  // namespace meridian::iam
