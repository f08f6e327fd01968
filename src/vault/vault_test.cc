#include "vault/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "crypto/system_random.h"
#include "store/zip_test_support.h"
#include "vault/layout.h"
#include "vault/ssh_signature.h"
#include "vault/vault_test_support.h"

namespace meridian::vault {
namespace {

using nlohmann::json;
using store::Kind;

model::AccountId const kAccount("123456789012");

class StandingClock final : public Clock {
  public:
    [[nodiscard]] WallTime wall_now() const override { return now; }
    [[nodiscard]] MonotonicTime monotonic_now() const override { return {}; }
    WallTime now{std::chrono::seconds(1'700'000'000)};
};

class VaultTest : public testing::Test {
  protected:
    static constexpr Master kMaster{1, 2, 3};

    VaultTest() { reopen(); }

    void reopen() {
        vault_.reset();
        vault_ = Vault::open(
                     {.directory = path_,
                      .region = model::RegionName("us-east-1"),
                      .keys = vault_keys(kMaster),
                      .secrets = {{Kind::kFunction, {json::json_pointer("/settings/environment")}}},
                      .recovery = {recovery_.keep(kMaster, random_)},
                      .access = GitRepository::Access::kWrite},
                     clock_)
                     .value();
    }

    store::LogEntry entry(std::vector<store::Change> changes,
                          std::string caller = "arn:aws:iam::123456789012:user/alice") {
        return {.log = store::LogName::kRegion,
                .sequence = ++sequence_,
                .caller = std::move(caller),
                .time = clock_.now,
                .changes = std::move(changes)};
    }
    void append(std::vector<store::Change> changes) {
        auto const made = entry(std::move(changes));
        ASSERT_TRUE(vault_->append(std::span(&made, 1)));
    }
    static store::Key function(std::string name) {
        return {kAccount, Kind::kFunction, std::move(name)};
    }

    StandingClock clock_;
    crypto::SystemRandom random_;
    RecoveryKey recovery_ = RecoveryKey::make(random_);
    TestFolder folder_;
    std::filesystem::path path_ = folder_.path() / "vault.git";
    store::Sequence sequence_ = 0;
    std::unique_ptr<Vault> vault_;
};

TEST_F(VaultTest, KeepsEachChangeAsACommitOfItsCaller) {
    append({{function("hello"), json{{"memory", 128}}}});
    append({{function("hello"), json{{"memory", 256}}},
            {{kAccount, Kind::kAlias, "hello:live"}, json{{"version", "1"}}}});
    append({{function("hello"), std::nullopt, json{{"last_version", 3}}},
            {{kAccount, Kind::kAlias, "hello:live"}, std::nullopt}});

    EXPECT_EQ(git(path_, "log --reverse --format='%an|%ae|%cn|%s' main"),
              "Meridian|us-east-1|Meridian|the vault of us-east-1\n"
              "user/alice|arn:aws:iam::123456789012:user/alice|Meridian|function hello\n"
              "user/alice|arn:aws:iam::123456789012:user/alice|Meridian|function hello and 1 more\n"
              "user/alice|arn:aws:iam::123456789012:user/alice|Meridian|delete function hello and "
              "1 more\n");
    auto const folder = std::string("accounts/123456789012/functions/hello");
    EXPECT_EQ(git(path_, "show main~1:" + folder + "/function.json"), "{\n  \"memory\": 256\n}\n");
    EXPECT_EQ(
        git(path_, "ls-tree -r --name-only main~1"),
        "README.md\n" + folder + "/aliases/live.json\n" + folder + "/function.json\nvault.json\n");
    EXPECT_EQ(git(path_, "ls-tree -r --name-only main"),
              "README.md\n" + folder + "/function.deleted\nvault.json\n");
    EXPECT_EQ(git(path_, "fsck --full --strict"), "");

    auto const records = vault_->read_records(vault_->head().value()).value();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_TRUE(records[0].is_epitaph);
    EXPECT_EQ(records[0].key, function("hello"));
    EXPECT_EQ(records[0].value, (json{{"last_version", 3}}));
}

TEST_F(VaultTest, GoesOnWhereItStopped) {
    append({{function("a"), json{{"n", 1}}}});
    EXPECT_EQ(vault_->position(), (Position{1, 0}));
    reopen();
    EXPECT_EQ(vault_->position(), (Position{1, 0}));
    store::LogEntry const account{.log = store::LogName::kAccount,
                                  .sequence = 1,
                                  .caller = "",
                                  .time = clock_.now,
                                  .changes = {{{kAccount, Kind::kIamRole, "r"}, json::object()}}};
    ASSERT_TRUE(vault_->append(std::span(&account, 1)));
    EXPECT_EQ(vault_->position(), (Position{1, 1}));

    // Neither a gap nor an entry that is here already, and the vault is as it was.
    auto const head = vault_->head().value();
    EXPECT_EQ(vault_->append(std::span(&account, 1)).error().code, Errc::kConflict);
    auto gap = account;
    gap.sequence = 3;
    EXPECT_EQ(vault_->append(std::span(&gap, 1)).error().code, Errc::kConflict);
    EXPECT_EQ(vault_->head().value(), head);
    append({{function("b"), json{{"n", 2}}}});
    EXPECT_EQ(vault_->read_records(vault_->head().value()).value().size(), 3U);
}

TEST_F(VaultTest, ManyThatWaitShareACommit) {
    std::vector<store::LogEntry> entries;
    for (int i = 0; i < 40; ++i) {
        entries.push_back(entry({{function("f" + std::to_string(i)), json::object()}},
                                i < 30 ? "arn:aws:iam::1:user/a" : "arn:aws:iam::1:user/b"));
    }
    ASSERT_TRUE(vault_->append(entries));
    EXPECT_EQ(git(path_, "log --reverse --format='%an %s' main -2"),
              "user/a function f0 and 29 more\nuser/b function f30 and 9 more\n");
    EXPECT_EQ(vault_->read_records(vault_->head().value()).value().size(), 40U);
}

TEST_F(VaultTest, SealsWhatIsSecretAndChangesNothingElse) {
    json const value = {{"settings", {{"environment", {{"TOKEN", "abc"}, {"B", "abc"}}}}}};
    append({{function("f"), value}});
    auto const first = git(path_, "show main:accounts/123456789012/functions/f/function.json");
    EXPECT_THAT(first, testing::Not(testing::HasSubstr("abc")));
    EXPECT_THAT(first, testing::HasSubstr("\"TOKEN\": {"));
    EXPECT_EQ(vault_->read_records(vault_->head().value()).value()[0].value, value);
    append({{function("f"), value}});
    EXPECT_EQ(git(path_, "diff main~1 main"), "") << "no phantom difference";

    auto const reader = Vault::open({.directory = path_,
                                     .region = model::RegionName("us-east-1"),
                                     .keys = std::nullopt,
                                     .secrets = {}},
                                    clock_)
                            .value();
    auto const record = reader->read_records(reader->head().value()).value()[0];
    EXPECT_THAT(record.sealed, testing::UnorderedElementsAre("/settings/environment/TOKEN",
                                                             "/settings/environment/B"));
}

TEST_F(VaultTest, KeepsPackagesByteForByteAndTheirPartsOnce) {
    std::string const shared(50'000, 's');
    auto const one = store::make_zip({{.name = "lib", .content = shared}, {.name = "a"}});
    auto const two = store::make_zip({{.name = "lib", .content = shared}, {.name = "b"}});
    for (auto const& zip : {one, two}) {
        ASSERT_TRUE(vault_->put_package(zip));
        append({{function("f"),
                 json{{"code",
                       {{"sha256", crypto::sha256_base64(zip)}, {"size_bytes", zip.size()}}}}}});
    }
    auto const head = vault_->head().value();
    for (auto const& zip : {one, two}) {
        auto const hex = crypto::sha256_hex(zip);
        EXPECT_TRUE(vault_->has_package(hex));
        EXPECT_EQ(vault_->read_package(head, hex).value(), zip);
        EXPECT_EQ(git(path_, fmt::format("rev-parse main:{}/000000", package_path(hex))),
                  object_id(ObjectType::kBlob, shared).hex() + "\n");
    }
    EXPECT_EQ(vault_->read_package(head, std::string(64, 'a')).error().code,
              Errc::kResourceNotFound);
    auto const verified = vault_->verify(head).value();
    EXPECT_THAT(verified.problems, testing::IsEmpty());
    EXPECT_EQ(verified.packages, 2U);
}

TEST_F(VaultTest, NamesAPackageThatARecordNeedsAndNobodyHas) {
    append({{function("f"),
             json{{"code", {{"sha256", crypto::sha256_base64("x")}, {"size_bytes", 1}}}}}});
    Progress stopped(clock_);
    stopped.stop();
    EXPECT_EQ(vault_->verify(vault_->head().value(), {}, &stopped).error().code, Errc::kCancelled);
    EXPECT_THAT(vault_->verify(vault_->head().value()).value().problems,
                testing::ElementsAre("the vault has no package " + crypto::sha256_hex("x")));
}

TEST_F(VaultTest, BaselinesAreTagsThatGitVerifies) {
    append({{function("f"), json{{"n", 1}}}});
    auto const made =
        vault_
            ->create_baseline("v1", "Black Friday",
                              {.name = "user/alice", .email = "a@b", .time = clock_.now})
            .value();
    EXPECT_EQ(vault_->create_baseline("v1", "again", {}).error().code, Errc::kResourceConflict);
    EXPECT_EQ(vault_->create_baseline("a b", "odd", {}).error().code, Errc::kInvalidParameterValue);
    append({{function("f"), json{{"n", 2}}}});
    EXPECT_THAT(vault_->baselines().value(), testing::ElementsAre(made));
    EXPECT_EQ(vault_->baseline("v1").value(), made);
    EXPECT_EQ(vault_->read_records(made.commit).value()[0].value, (json{{"n", 1}}));
    EXPECT_EQ(vault_->baseline("v2").error().code, Errc::kResourceNotFound);

    auto const signer = crypto::ed25519_public_key(vault_keys(kMaster).signing);
    EXPECT_EQ(made.signer, signer);
    auto const allowed = folder_.path() / "allowed_signers";
    write_file(allowed, "* " + format_ssh_key(signer) + "\n");
    EXPECT_THAT(git(path_, fmt::format("-c gpg.format=ssh -c gpg.ssh.allowedSignersFile={} tag -v "
                                       "baseline/v1",
                                       allowed.string())),
                testing::HasSubstr("Good \"git\" signature"));
    // Anybody can make the root again from a checkout.
    git(path_, "worktree add -q ../out baseline/v1");
    auto const out = folder_.path() / "out";
    EXPECT_EQ(git(out, fmt::format("ls-files -z accounts | LC_ALL=C sort -z | (cd {}; xargs -0 "
                                   "sha256sum) | sha256sum",
                                   out.string())),
              made.merkle_root + "  -\n");
}

TEST_F(VaultTest, AProofIsKeptSignedUntilAnotherOneProves) {
    append({{function("f"), json{{"n", 1}}}});
    EXPECT_TRUE(vault_->proofs().value().last.empty());
    Proof good{.level = VerifyLevel::kHash,
               .commit = vault_->head().value(),
               .began = clock_.now,
               .ended = clock_.now,
               .by = "schedule",
               .parts_covered = 1,
               .covered_since = clock_.now};
    ASSERT_TRUE(vault_->keep_proof(good));
    auto bad = good;
    bad.problems = {"a file is damaged"};
    bad.parts_covered = 0;
    ASSERT_TRUE(vault_->keep_proof(bad));
    reopen();
    auto const kept = vault_->proofs().value();
    EXPECT_EQ(kept.last.at(VerifyLevel::kHash), bad);
    EXPECT_EQ(kept.proven.at(VerifyLevel::kHash), good);
    EXPECT_FALSE(kept.last.contains(VerifyLevel::kIndex));
    EXPECT_EQ(git(path_, "log --format=%s refs/meridian/proofs"),
              fmt::format("hash: problems of {0}\nhash: good of {0}\n", good.commit.hex()));
    EXPECT_EQ(git(path_, "fsck --full --strict"), "");

    // Whoever can write the repository cannot write a proof.
    git(path_, "worktree add -q ../forged refs/meridian/proofs");
    auto const forged = folder_.path() / "forged";
    auto text = read_file(forged / "proven" / "hash.json");
    text.replace(text.find("schedule"), 8, "somebody");
    write_file(forged / "proven" / "hash.json", text);
    git(forged, "-c user.name=a -c user.email=b commit -qam forged");
    git(forged, "update-ref refs/meridian/proofs HEAD");
    EXPECT_EQ(vault_->proofs().error().code, Errc::kCorrupt);
}

TEST_F(VaultTest, ABaselineIsRemovedAndItsStateStays) {
    append({{function("f"), json{{"n", 1}}}});
    auto const made = vault_->create_baseline("v1", "", {.name = "a", .email = "b"}).value();
    append({{function("f"), json{{"n", 2}}}});
    ASSERT_TRUE(vault_->remove_baseline("v1"));
    EXPECT_EQ(vault_->remove_baseline("v1").error().code, Errc::kResourceNotFound);
    reopen();
    EXPECT_TRUE(vault_->baselines().value().empty());
    EXPECT_EQ(vault_->read_records(made.commit).value()[0].value, (json{{"n", 1}}));
}

TEST_F(VaultTest, TheIndexLevelNamesWhatIsMissing) {
    append({{function("f"), json{{"n", 1}}}});
    ASSERT_TRUE(vault_->create_baseline("v1", "", {.name = "a", .email = "b"}));
    auto const head = vault_->head().value();
    EXPECT_TRUE(vault_->verify_index(head).value().problems.empty());
    EXPECT_EQ(vault_->verify_index(head).value().records, 1U);
    // Everything but the record's file.
    auto const file = git(path_, "rev-parse main:accounts/123456789012/functions/f/function.json");
    vault_.reset();
    auto const packs = folder_.path() / "packs";
    std::filesystem::rename(path_ / "objects" / "pack", packs);
    std::filesystem::create_directory(path_ / "objects" / "pack");
    for (auto const& at : std::filesystem::directory_iterator(packs)) {
        if (at.path().extension() == ".pack")
            git(path_, fmt::format("unpack-objects -q < '{}'", at.path().string()));
    }
    std::filesystem::remove(path_ / "objects" / file.substr(0, 2) / file.substr(2, 38));
    reopen();
    EXPECT_THAT(vault_->verify_index(head).value().problems,
                testing::ElementsAre(testing::HasSubstr(
                    "accounts/123456789012/functions/f/function.json: " + file.substr(0, 40))));
}

TEST_F(VaultTest, FindsWhatWasThereAtAMoment) {
    auto const start = clock_.now;
    append({{function("f"), json{{"n", 1}}}});
    clock_.now += std::chrono::seconds(10);
    append({{function("f"), json{{"n", 2}}}});
    auto const at = [&](std::chrono::seconds after) {
        return vault_->read_records(vault_->commit_at(start + after).value()).value()[0].value;
    };
    EXPECT_EQ(at(std::chrono::seconds(9)), (json{{"n", 1}}));
    EXPECT_EQ(at(std::chrono::seconds(10)), (json{{"n", 2}}));
    EXPECT_EQ(vault_->commit_at(start - std::chrono::seconds(1)).error().code,
              Errc::kResourceNotFound);
}

TEST(Layout, EveryKindHasAPlaceAndEveryPlaceItsKey) {
    struct {
        Kind kind;
        char const* id;
        char const* path;
    } const cases[] = {
        {Kind::kFunction, "f", "functions/f/function.json"},
        {Kind::kFunctionVersion, "f:000000000012", "functions/f/versions/12.json"},
        {Kind::kAlias, "f:live", "functions/f/aliases/live.json"},
        {Kind::kResourcePolicy, "f:", "functions/f/policy.json"},
        {Kind::kResourcePolicy, "f:live", "functions/f/policy/live.json"},
        {Kind::kFunctionUrl, "f:", "functions/f/url.json"},
        {Kind::kEventInvokeConfig, "f:$LATEST", "functions/f/event-invoke-config/$LATEST.json"},
        {Kind::kProvisionedConcurrency, "f:1", "functions/f/provisioned-concurrency/1.json"},
        {Kind::kReservedConcurrency, "f:", "functions/f/reserved-concurrency.json"},
        {Kind::kRuntimeManagement, "f:1", "functions/f/runtime-management/1.json"},
        {Kind::kRecursionConfig, "f:", "functions/f/recursion.json"},
        {Kind::kScalingConfig, "f:", "functions/f/scaling.json"},
        {Kind::kFunctionCodeSigning, "f:", "functions/f/code-signing.json"},
        {Kind::kLayer, "l", "layers/l/layer.json"},
        {Kind::kLayerVersion, "l:000000000001", "layers/l/versions/1.json"},
        {Kind::kEventSourceMapping, "uuid", "event-source-mappings/uuid.json"},
        {Kind::kCodeSigningConfig, "csc-1", "code-signing-configs/csc-1.json"},
        {Kind::kPipeline, "shop", "pipelines/shop/pipeline.json"},
        {Kind::kPipelineExecution, "shop:000000000012", "pipelines/shop/executions/12.json"},
        {Kind::kIamRole, "r.json", "iam/roles/r.json.json"},
        {Kind::kIamUser, "u@x", "iam/users/u@x.json"},
        {Kind::kIamGroup, "g", "iam/groups/g.json"},
        {Kind::kIamPolicy, "p", "iam/policies/p.json"},
        {Kind::kIamAccessKey, "AKIA1", "iam/access-keys/AKIA1.json"},
        {Kind::kIamInstanceProfile, "i", "iam/instance-profiles/i.json"},
    };
    for (auto const& c : cases) {
        RecordPlace place{{kAccount, c.kind, c.id}};
        auto path = path_of(place).value();
        EXPECT_EQ(path, std::string("accounts/123456789012/") + c.path);
        EXPECT_EQ(place_of(path), place) << path;
        place.is_epitaph = true;
        path = path_of(place).value();
        EXPECT_EQ(place_of(path), place) << path;
    }
    EXPECT_EQ(path_of({{kAccount, Kind::kIamHome, "home"}}), std::nullopt);
    EXPECT_EQ(path_of({{kAccount, Kind::kIamSessionKey, "k"}}), std::nullopt);
    for (auto const* path :
         {"", "accounts/", "accounts/123456789012/", "accounts/123456789012/functions/f.json",
          "accounts/123456789012/functions/f/versions/01.json",
          "accounts/123456789012/functions/f/versions/x.json",
          "accounts/123456789012/functions/f/aliases/a/b.json", "code/ab/recipe",
          "accounts/123456789012/functions/f/other.json",
          "accounts/123456789012/functions/f/function.yaml"})
        EXPECT_EQ(place_of(path), std::nullopt) << path;
}

TEST(RecoveryKey, BringsTheMasterBackForItsOwnerAlone) {
    crypto::SystemRandom random;
    Master const master{4, 5, 6};
    auto const key = RecoveryKey::make(random);
    auto const kept = key.keep(master, random);
    auto const text = key.show();
    EXPECT_THAT(text, testing::MatchesRegex("meridian-recovery(-[0-9a-f]{8}){9}"));
    EXPECT_EQ(RecoveryKey::parse(text).value().recover(kept).value(), master);
    EXPECT_EQ(RecoveryKey::make(random).recover(kept).error().code, Errc::kAccessDenied);
    for (std::size_t at = 18; at < text.size(); ++at) {
        auto typo = text;
        if (typo[at] == '-') continue;
        typo[at] = typo[at] == '0' ? '1' : '0';
        EXPECT_FALSE(RecoveryKey::parse(typo)) << at;
    }
    // Somebody who knows the public half seals keys of his own to it: nobody vouches for them.
    auto const other = RecoveryKey::make(random).keep(Master{7}, random);
    auto forged = key.keep(Master{7}, random);
    forged.voucher = other.voucher;
    EXPECT_EQ(key.recover(forged).error().code, Errc::kCorrupt);
    forged = kept;
    forged.box[10] = forged.box[10] == 'A' ? 'B' : 'A';
    EXPECT_EQ(key.recover(forged).error().code, Errc::kCorrupt);
}

// `ssh-keygen -Y sign -n git`, which hashes with SHA-512.
TEST(SshSignature, OneOfOpenSshIsReadToo) {
    std::string_view const signature =
        "-----BEGIN SSH SIGNATURE-----\n"
        "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgGK9pxb009WhvcNQntCKcChLNW+\n"
        "DjcrVh7KakhXnJzWQAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5\n"
        "AAAAQGSDu8ezlmSMb2o9fznq+oNBPiCQMkCNG4NDDvDYByR8nC7CRdjsURjam5Cv0JnzWF\n"
        "RmY4Q8osc4lRSqgpn5ig4=\n"
        "-----END SSH SIGNATURE-----\n";
    EXPECT_EQ(ssh_fingerprint(ssh_verify("text", signature).value()),
              "SHA256:U1FkpbiD1wT5xsj1lnTKqNBr+VaJBbFvOzUwQvBtwSY");
    EXPECT_FALSE(ssh_verify("other", signature));
}

TEST(SshSignature, IsOneThatWasMadeForThisTextAlone) {
    crypto::Ed25519Seed const seed{8};
    auto const signature = ssh_sign(seed, "text");
    EXPECT_EQ(ssh_verify("text", signature).value(), crypto::ed25519_public_key(seed));
    EXPECT_FALSE(ssh_verify("other", signature));
    for (std::size_t at = 0; at < signature.size(); ++at) {
        auto changed = signature;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        auto const verified = ssh_verify("text", changed);
        EXPECT_TRUE(!verified || *verified != crypto::ed25519_public_key(seed)) << at;
    }
}

}  // namespace
}  // namespace meridian::vault
