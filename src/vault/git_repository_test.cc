#include "vault/git_repository.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vault/tree_edit.h"
#include "vault/vault_test_support.h"

namespace meridian::vault {
namespace {

namespace fs = std::filesystem;

Signature const kAlice{.name = "user/alice",
                       .email = "arn:aws:iam::123456789012:user/alice",
                       .time = WallTime{std::chrono::seconds(1'700'000'000)}};

ObjectId put_file(GitRepository& repository, std::string_view text) {
    return repository.put(ObjectType::kBlob, text).value();
}

ObjectId put_commit(GitRepository& repository, ObjectId tree, std::vector<ObjectId> parents,
                    std::string message) {
    Commit const commit{.tree = tree,
                        .parents = std::move(parents),
                        .author = kAlice,
                        .committer = kAlice,
                        .message = std::move(message)};
    return repository.put(ObjectType::kCommit, format_commit(commit)).value();
}

class GitRepositoryTest : public testing::Test {
  protected:
    TestFolder folder_;
    fs::path path_ = folder_.path() / "vault.git";
    std::unique_ptr<GitRepository> repository_ =
        GitRepository::open(path_, GitRepository::Access::kWrite).value();

    // One commit with some files.
    ObjectId commit_files() {
        TreeEdit tree(*repository_, std::nullopt);
        EXPECT_TRUE(tree.put("functions/a/function.json", put_file(*repository_, "{}\n")));
        EXPECT_TRUE(tree.put("functions/a-b/function.json", put_file(*repository_, "[]\n")));
        EXPECT_TRUE(tree.put("functions/a.json", put_file(*repository_, kLarge)));
        return put_commit(*repository_, tree.write().value(), {}, "first\n\nRegion-Sequence: 7\n");
    }

    std::string const kLarge = std::string(100'000, 'x') + "end";
};

TEST_F(GitRepositoryTest, GitReadsWhatItWrites) {
    auto const commit = commit_files();
    ASSERT_TRUE(repository_->move_reference("refs/heads/main", std::nullopt, commit));

    EXPECT_EQ(git(path_, "fsck --full --strict"), "");
    EXPECT_EQ(git(path_, "log --format='%H %an %ae %at %s'"),
              commit.hex() + " user/alice arn:aws:iam::123456789012:user/alice 1700000000 first\n");
    EXPECT_EQ(git(path_, "ls-tree -r --name-only main"),
              "functions/a-b/function.json\nfunctions/a.json\nfunctions/a/function.json\n");
    EXPECT_EQ(git(path_, "show main:functions/a.json"), kLarge);
    EXPECT_EQ(git(path_, "log -1 --format='%(trailers:key=Region-Sequence,valueonly)'"), "7\n\n");
}

TEST_F(GitRepositoryTest, ReadsWhatGitHasPackedAnew) {
    auto const commit = commit_files();
    ASSERT_TRUE(repository_->move_reference("refs/heads/main", std::nullopt, commit));
    git(path_, "-c repack.writeBitmaps=false repack -a -d -f -q");
    auto const read = parse_commit(repository_->read(ObjectType::kCommit, commit).value()).value();
    EXPECT_EQ(read.author, kAlice);
    EXPECT_EQ(trailer(read.message, "Region-Sequence"), "7");
    TreeEdit tree(*repository_, read.tree);
    auto const file = tree.find("functions/a.json").value();
    ASSERT_TRUE(file);
    EXPECT_EQ(repository_->read(ObjectType::kBlob, file->id).value(), kLarge);
}

TEST_F(GitRepositoryTest, SeesItsOwnObjectsBeforeTheyAreOnDisk) {
    auto const blob = put_file(*repository_, "hello\n");
    EXPECT_EQ(blob.hex(), "ce013625030ba8dba906f756967f9e9ca394464a");  // git hash-object
    EXPECT_EQ(repository_->read(ObjectType::kBlob, blob).value(), "hello\n");
    EXPECT_TRUE(fs::is_empty(path_ / "objects" / "pack"));
    ASSERT_TRUE(repository_->flush());
    EXPECT_EQ(repository_->read(ObjectType::kBlob, blob).value(), "hello\n");
    EXPECT_EQ(git(path_, "cat-file blob " + blob.hex()), "hello\n");
    EXPECT_EQ(repository_->read(ObjectType::kTree, blob).error().code, Errc::kCorrupt);
}

TEST_F(GitRepositoryTest, MovesAReferenceOnlyFromWhereItIs) {
    auto const first = commit_files();
    auto const second = put_commit(*repository_, ObjectId{}, {first}, "second");
    EXPECT_EQ(repository_->move_reference("refs/heads/main", first, second).error().code,
              Errc::kConflict);
    ASSERT_TRUE(repository_->move_reference("refs/heads/main", std::nullopt, first));
    EXPECT_EQ(repository_->move_reference("refs/heads/main", std::nullopt, second).error().code,
              Errc::kConflict);
    EXPECT_EQ(repository_->move_reference("refs/heads/main", second, first).error().code,
              Errc::kConflict);
    EXPECT_EQ(repository_->reference("refs/heads/main").value(), first);
    EXPECT_EQ(repository_->reference("refs/heads/other").value(), std::nullopt);
    EXPECT_EQ(repository_->move_reference("refs/tags/a..b", std::nullopt, first).error().code,
              Errc::kInvalidParameterValue);
    ASSERT_TRUE(repository_->move_reference("refs/tags/baseline/b", std::nullopt, first));
    EXPECT_THAT(repository_->references("refs/tags/").value(),
                testing::ElementsAre(std::pair(std::string("refs/tags/baseline/b"), first)));
}

TEST_F(GitRepositoryTest, HasOneWriter) {
    auto const second = GitRepository::open(path_, GitRepository::Access::kWrite);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kUnavailable);
    EXPECT_TRUE(GitRepository::open(path_, GitRepository::Access::kRead));
    repository_.reset();
    EXPECT_TRUE(GitRepository::open(path_, GitRepository::Access::kWrite));
}

TEST_F(GitRepositoryTest, AWriterThatWasKilledLocksNothing) {
    auto const commit = commit_files();
    ASSERT_TRUE(repository_->move_reference("refs/heads/main", std::nullopt, commit));
    ASSERT_TRUE(repository_->flush());
    repository_.reset();
    // As libgit2 leaves them when it dies between making and renaming one.
    for (auto const* name : {"refs/heads/main.lock", "packed-refs.lock", "HEAD.lock"})
        std::ofstream(path_ / name) << "half";
    repository_ = GitRepository::open(path_, GitRepository::Access::kWrite).value();
    auto const next = put_commit(*repository_, TreeEdit(*repository_, std::nullopt).write().value(),
                                 {commit}, "second\n");
    EXPECT_TRUE(repository_->move_reference("refs/heads/main", commit, next));
}

TEST_F(GitRepositoryTest, LeavesWhatIsNotItsOwnAlone) {
    git(path_, "config meridian.vaultformat 2");
    repository_.reset();
    auto const newer = GitRepository::open(path_, GitRepository::Access::kWrite);
    ASSERT_FALSE(newer);
    EXPECT_THAT(newer.error().message, testing::HasSubstr("has format 2, this program knows 1"));

    auto const other = folder_.path() / "other.git";
    fs::create_directory(other);
    git(other, "init -q --bare .");
    auto const opened = GitRepository::open(other, GitRepository::Access::kWrite);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("is a git repository, but no vault"));
}

TEST_F(GitRepositoryTest, AFullGroupIsWrittenOnTheWay) {
    std::string big(kGroupBytesMax / 2 + 1, 'a');
    ASSERT_TRUE(repository_->put(ObjectType::kBlob, big, Packing::kStore));
    EXPECT_TRUE(fs::is_empty(path_ / "objects" / "pack"));
    big[0] = 'b';
    ASSERT_TRUE(repository_->put(ObjectType::kBlob, big, Packing::kStore));
    EXPECT_FALSE(fs::is_empty(path_ / "objects" / "pack"));
}

std::size_t packs_in(fs::path const& repository) {
    std::size_t count = 0;
    for (auto const& file : fs::directory_iterator(repository / "objects" / "pack"))
        count += file.path().extension() == ".pack" ? 1 : 0;
    return count;
}

TEST_F(GitRepositoryTest, ManySmallPacksBecomeFew) {
    constexpr std::size_t kWrites = 5 * kPacksMax;
    std::vector<ObjectId> commits;
    for (std::size_t n = 0; n < kWrites; ++n) {
        TreeEdit tree(*repository_, std::nullopt);
        ASSERT_TRUE(tree.put("n", put_file(*repository_, fmt::format("{}", n))));
        std::vector<ObjectId> parents;
        if (!commits.empty()) parents.push_back(commits.back());
        auto const from = commits.empty() ? std::nullopt : std::optional(commits.back());
        commits.push_back(put_commit(*repository_, tree.write().value(), parents, "m"));
        ASSERT_TRUE(repository_->move_reference("refs/heads/main", from, commits.back()));
        ASSERT_LE(packs_in(path_), kPacksMax);
    }
    for (auto const& commit : commits) EXPECT_TRUE(repository_->read(ObjectType::kCommit, commit));
    EXPECT_EQ(git(path_, "fsck --full --strict"), "");
    EXPECT_EQ(git(path_, "rev-list --count main"), fmt::format("{}\n", kWrites));
}

TEST_F(GitRepositoryTest, PacksWithDeltasStayAndLeftoversGo) {
    auto const commit = commit_files();
    ASSERT_TRUE(repository_->move_reference("refs/heads/main", std::nullopt, commit));
    for (int n = 0; n < 3; ++n) {
        put_file(*repository_, fmt::format("{}{}", kLarge, n));
        ASSERT_TRUE(repository_->flush());
    }
    git(path_, "-c pack.writeBitmaps=false repack -q -a -d --keep-unreachable -f");
    for (auto const* half : {"tmp_pack-0.pack", "tmp_pack-1.idx"})
        write_file(path_ / "objects" / "pack" / half, "half");
    EXPECT_TRUE(GitRepository::open(path_, GitRepository::Access::kRead));
    repository_.reset();
    repository_ = GitRepository::open(path_, GitRepository::Access::kWrite).value();
    for (auto const* half : {"tmp_pack-0.pack", "tmp_pack-1.idx"})
        EXPECT_FALSE(fs::exists(path_ / "objects" / "pack" / half));
    ObjectId last{};
    for (std::size_t n = 0; n <= kPacksMax; ++n) {
        last = put_file(*repository_, fmt::format("text {}", n));
        ASSERT_TRUE(repository_->flush());
    }
    EXPECT_LT(packs_in(path_), kPacksMax);
    EXPECT_TRUE(repository_->read(ObjectType::kCommit, commit));
    EXPECT_TRUE(repository_->read(ObjectType::kBlob, last));
    EXPECT_EQ(git(path_, "fsck --full --strict --no-dangling"), "");
}

TEST(PackEntries, AreWhatWasPacked) {
    PackFile pack;
    std::map<ObjectId, std::string> objects;
    for (std::size_t n = 0; n < 40; ++n) {
        std::string const text(n * n * 37, static_cast<char>('a' + n % 26));
        auto const id = object_id(ObjectType::kBlob, text);
        objects[id] = text;
        pack.add(id, ObjectType::kBlob, text, n % 2 == 0 ? Packing::kStore : Packing::kDeflate);
    }
    auto const files = pack.finish();
    auto const entries = read_pack_entries(files.pack, files.index).value();
    ASSERT_EQ(entries.size(), objects.size());
    PackFile copy;
    for (auto const& entry : entries) copy.add(entry);
    for (auto const& [id, text] : objects) EXPECT_EQ(copy.read(id), text);

    for (std::size_t at = 0; at < files.index.size(); at += 7) {
        auto damaged = files.index;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        EXPECT_FALSE(read_pack_entries(files.pack, damaged)) << at;
    }
    // The header, the objects and the checksum's place; that of git itself is not computed. A
    // prime, so that all kinds of places are met; each costs a reading of the whole.
    for (std::size_t at = 0; at < files.pack.size(); at += 61) {
        auto damaged = files.pack;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        EXPECT_FALSE(read_pack_entries(damaged, files.index)) << at;
    }
    EXPECT_FALSE(read_pack_entries("", ""));
    EXPECT_FALSE(read_pack_entries(files.index, files.pack));
}

// Whichever byte of a pack or its index is flipped: what is read then is right, or is refused.
TEST_F(GitRepositoryTest, NoFlippedBytePassesForContent) {
    auto const commit = commit_files();
    ASSERT_TRUE(repository_->move_reference("refs/heads/main", std::nullopt, commit));
    auto const text = repository_->read(ObjectType::kCommit, commit).value();
    repository_.reset();
    std::vector<fs::path> files;
    for (auto const& file : fs::directory_iterator(path_ / "objects" / "pack"))
        files.push_back(file.path());
    ASSERT_EQ(files.size(), 2U);
    std::size_t refused = 0;
    for (auto const& file : files) {
        fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
        auto const whole = read_file(file);
        for (std::size_t at = 0; at < whole.size(); at += whole.size() / 150) {
            auto damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
            write_file(file, damaged);
            auto opened = GitRepository::open(path_, GitRepository::Access::kRead);
            if (!opened) {
                ++refused;
                continue;
            }
            auto const read = (*opened)->read(ObjectType::kCommit, commit);
            if (read) {
                ASSERT_EQ(*read, text) << file << " " << at;
            } else {
                EXPECT_EQ(read.error().code, Errc::kCorrupt);
                ++refused;
            }
        }
        write_file(file, whole);
    }
    EXPECT_GT(refused, 0U);
}

TEST(TreeEdit, MakesTheTreesThatGitMakes) {
    TestFolder folder;
    auto const repository =
        GitRepository::open(folder.path() / "v", GitRepository::Access::kWrite).value();
    auto const file = put_file(*repository, "x");
    TreeEdit tree(*repository, std::nullopt);
    for (auto const* path : {"a/b/c", "a/b/d", "a/e", "f", "a.b", "a-b/c"})
        ASSERT_TRUE(tree.put(path, file)) << path;
    auto const full = tree.write().value();
    EXPECT_EQ(full, tree.write().value());

    ASSERT_TRUE(tree.remove("a/b/c").value());
    ASSERT_FALSE(tree.remove("a/b/c").value());
    ASSERT_FALSE(tree.remove("f/g").value());
    ASSERT_TRUE(tree.remove("a/b/d").value());
    EXPECT_EQ(tree.find("a/b").value(), std::nullopt) << "an empty folder goes";
    ASSERT_TRUE(tree.put("a/b/c", file));
    ASSERT_TRUE(tree.put("a/b/d", file));
    EXPECT_EQ(tree.write().value(), full);

    // A folder where a file was, and a file where a folder was.
    ASSERT_TRUE(tree.put("f/g", file));
    ASSERT_TRUE(tree.put("a", file));
    TreeEdit read(*repository, tree.write().value());
    std::vector<std::string> paths;
    ASSERT_TRUE(read.for_each_file("", [&](std::string const& path, ObjectId const&) {
        paths.push_back(path);
        return Result<void>{};
    }));
    EXPECT_THAT(paths, testing::ElementsAre("a", "a-b/c", "a.b", "f/g"));
    for (auto const* path : {"", "/a", "a//b", "a/", ".", "a/../b", ".git"})
        EXPECT_EQ(tree.put(path, file).error().code, Errc::kInvalidParameterValue) << path;
}

TEST(GitObjects, KeepsWhatGitTakesForItsOwnMarksOutOfNames) {
    Signature const odd{.name = "a <b>\nc", .email = "x>y", .time = WallTime{}};
    Commit const commit{.tree = {}, .parents = {}, .author = odd, .committer = odd, .message = "m"};
    auto const read = parse_commit(format_commit(commit)).value();
    EXPECT_EQ(read.author.name, "a ?b??c");
    EXPECT_EQ(read.author.email, "x?y");
}

TEST(GitObjects, RefusesWhatIsMalformed) {
    for (auto const* text : {"", "tree 12\n\n", "tree \nauthor x\n\n", "author a <b> 1 +0000\n\nm"})
        EXPECT_EQ(parse_commit(text).error().code, Errc::kCorrupt) << text;
    for (auto const* text : {"", "object 12\ntype commit\ntag x\n\n"})
        EXPECT_EQ(parse_tag(text).error().code, Errc::kCorrupt) << text;
    for (auto const* text : {"100644", "100644 a", "100644 a\0short"})
        EXPECT_EQ(parse_tree(text).error().code, Errc::kCorrupt) << text;
}

TEST(GitObjects, FindsATrailerInTheLastParagraphAlone) {
    EXPECT_EQ(trailer("subject\n\nA: 1\nBB: 2\n", "BB"), "2");
    EXPECT_EQ(trailer("subject\n\nA: 1\n\nBB: 2\n", "A"), std::nullopt);
    EXPECT_EQ(trailer("A: 1\n", "A"), std::nullopt);
}

}  // namespace
}  // namespace meridian::vault
