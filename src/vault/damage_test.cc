// One bit flipped anywhere in a vault is found, and the file or the object is named.

#include <algorithm>
#include <cctype>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "crypto/system_random.h"
#include "store/zip_test_support.h"
#include "vault/vault.h"
#include "vault/vault_test_support.h"

namespace meridian::vault {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using store::Kind;

constexpr Master kDamageMaster{7, 7, 7};
constexpr std::uint32_t kFlips = 120;

std::set<std::string> const kNotRead = {"description", "hooks", "info", "meridian.lock"};

std::string inflated(std::string const& packed) {
    std::string out(1024UL * 1024, '\0');
    uLongf size = out.size();
    auto const status = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                   reinterpret_cast<Bytef const*>(packed.data()), packed.size());
    return status == Z_OK ? out.substr(0, size) : "no stream";
}

class DamageTest : public testing::Test {
  protected:
    DamageTest() {
        auto vault = open(path_, GitRepository::Access::kWrite).value();
        for (int n = 0; n < 6; ++n) {
            EXPECT_TRUE(vault->put_package(package(n)));
            store::LogEntry const entry{
                .log = store::LogName::kRegion,
                .sequence = static_cast<store::Sequence>(n + 1),
                .caller = "arn:aws:iam::123456789012:user/alice",
                .time = clock_.wall_now(),
                .changes = {{{model::AccountId("123456789012"), Kind::kFunction, "f"},
                             json{{"n", n}, {"code", code_of(package(n))}}}}};
            EXPECT_TRUE(vault->append(std::span(&entry, 1)));
            if (n % 2 == 1) {
                Signature const by{.name = "alice",
                                   .email = "arn:aws:iam::123456789012:user/alice",
                                   .time = clock_.wall_now()};
                EXPECT_TRUE(vault->create_baseline(fmt::format("v{}", n), "", by));
            }
        }
        Proof proof{.level = VerifyLevel::kHash,
                    .commit = vault->head().value(),
                    .began = clock_.wall_now(),
                    .ended = clock_.wall_now(),
                    .by = "schedule"};
        EXPECT_TRUE(vault->keep_proof(proof));
    }

    static std::string package(int n) {
        std::string noise(3000, '\0');
        std::minstd_rand random(static_cast<unsigned>(n + 1));
        for (auto& c : noise) c = static_cast<char>(random());
        return store::make_zip({{"handler.py", "print(1)\n"}, {"data", noise}});
    }
    static json code_of(std::string const& zip) {
        return {{"sha256", crypto::sha256_base64(zip)}, {"size_bytes", zip.size()}};
    }

    Result<std::unique_ptr<Vault>> open(fs::path const& path, GitRepository::Access access) {
        return Vault::open({.directory = path,
                            .region = model::RegionName("us-east-1"),
                            .keys = vault_keys(kDamageMaster),
                            .secrets = {},
                            .access = access},
                           clock_);
    }

    // Everything that a verification at level hash looks at.
    std::vector<std::string> problems_of(fs::path const& path) {
        auto const opened = open(path, GitRepository::Access::kRead);
        if (!opened) return {opened.error().message};
        auto& vault = **opened;
        auto const head = vault.head();
        if (!head) return {head.error().message};
        std::vector<std::string> problems;
        for (auto const& found : {vault.verify_index(*head), vault.verify(*head)}) {
            if (found) {
                problems.insert(problems.end(), found->problems.begin(), found->problems.end());
            } else {
                problems.push_back(found.error().message);
            }
        }
        return problems;
    }

    // Bits that git does not read of a bare repository, or reads to the same meaning.
    static bool does_not_count(fs::path const& file, std::string const& before,
                               std::string const& after, std::size_t at) {
        auto const top = file.begin()->string();
        if (top == "packed-refs") return at <= before.find('\n') && before.starts_with("#");
        if (top == "config") {
            // Settings that are not the vault's own.
            auto const begin = before.rfind('\n', at == 0 ? 0 : at - 1);
            auto const first = begin == std::string::npos ? 0 : begin;
            auto const line = before.substr(first, before.find('\n', at) - first);
            return line.find("filemode") != line.npos || line.find("remote") != line.npos ||
                   line.find("url") != line.npos || line.find("fetch") != line.npos ||
                   line.find("mirror") != line.npos;
        }
        // What fills the last byte of a compressed stream.
        bool const loose = top == "objects" && file.string().find("pack") == std::string::npos;
        return loose && inflated(before) == inflated(after);
    }

    // Whether what was found leads to the file.
    static bool is_named(fs::path const& file, std::vector<std::string> const& problems) {
        std::set<std::string> names = {file.string(), file.stem().string()};
        // A reference whose name changed there is found by what it names.
        if (file == "packed-refs") names.insert("refs/tags/baseline/");
        auto text = file.string();
        if (text.starts_with("objects/")) {
            std::erase(text, '/');
            names.insert(text.substr(std::string("objects").size()));
        }
        return std::ranges::any_of(problems, [&](std::string const& problem) {
            return std::ranges::any_of(names, [&](std::string const& name) {
                return problem.find(name) != std::string::npos;
            });
        });
    }

    void flip_everywhere(fs::path const& path) {
        ASSERT_EQ(problems_of(path), std::vector<std::string>{});
        // As often in small files as in large folders.
        std::map<std::string, std::vector<fs::path>> files;
        for (auto const& entry : fs::recursive_directory_iterator(path)) {
            auto const file = entry.path().lexically_relative(path);
            auto const top = file.begin()->string();
            if (!kNotRead.contains(top) && entry.is_regular_file() && entry.file_size() != 0)
                files[top].push_back(file);
        }
        std::vector<std::string> tops;
        for (auto& [top, all] : files) {
            std::ranges::sort(all);
            tops.push_back(top);
        }
        std::uint32_t counted = 0;
        std::map<std::string, int> kinds;
        for (std::uint32_t seed = 0; seed < kFlips; ++seed) {
            std::mt19937 random(seed);
            auto const& all = files[tops[random() % tops.size()]];
            auto const file = all[random() % all.size()];
            auto const before = read_file(path / file);
            auto after = before;
            auto const at = random() % after.size();
            auto const bit = random() % 8;
            after[at] = static_cast<char>(after[at] ^ (1U << bit));
            if (does_not_count(file, before, after, at)) continue;
            SCOPED_TRACE(
                fmt::format("seed {}: bit {} of byte {} of {}", seed, bit, at, file.string()));
            ++counted;
            ++kinds[file.begin()->string()];
            fs::permissions(path / file, fs::perms::owner_all);
            write_file(path / file, after);
            auto const problems = problems_of(path);
            EXPECT_FALSE(problems.empty());
            EXPECT_TRUE(is_named(file, problems)) << testing::PrintToString(problems);
            write_file(path / file, before);
        }
        EXPECT_GT(counted, kFlips / 3);
        EXPECT_EQ(kinds.size(), tops.size());
        EXPECT_EQ(problems_of(path), std::vector<std::string>{});
    }

    ManualClock clock_;
    TestFolder folder_;
    fs::path path_ = folder_.path() / "vault.git";
};

TEST_F(DamageTest, OneBitAnywhereInAVaultIsFoundAndNamed) { flip_everywhere(path_); }

TEST_F(DamageTest, OneBitAnywhereInACopyOfLooseObjectsIsFoundAndNamed) {
    auto const copy = folder_.path() / "copy.git";
    git(folder_.path(), "init -q --bare --initial-branch=main copy.git");
    git(path_, "push -q " + copy.string() + " refs/heads/main 'refs/tags/*' 'refs/meridian/*'");
    ASSERT_TRUE(fs::is_empty(copy / "objects" / "pack")) << "git keeps few objects as files";
    flip_everywhere(copy);
}

TEST_F(DamageTest, OneBitAnywhereInAMirrorIsFoundAndNamed) {
    git(folder_.path(), "clone -q --mirror --no-local vault.git mirror.git");
    ASSERT_TRUE(fs::exists(folder_.path() / "mirror.git" / "packed-refs"));
    flip_everywhere(folder_.path() / "mirror.git");
}

TEST_F(DamageTest, ARewrittenHistoryIsFound) {
    git(path_, "update-ref refs/heads/main main~1");
    auto const problems = problems_of(path_);
    EXPECT_THAT(problems, testing::Contains(testing::HasSubstr(
                              "the history was rewritten: it does not have the baseline v5")));
    EXPECT_THAT(problems,
                testing::Contains(testing::HasSubstr("which was verified at level hash")));
}

TEST_F(DamageTest, ACopyIsComparedByItsReferences) {
    auto const vault = open(path_, GitRepository::Access::kWrite).value();
    auto const own = vault->references().value();
    EXPECT_EQ(own.baselines.size(), 3U);
    auto compared = vault->compare(own).value();
    EXPECT_EQ(compared.commits_behind, 0U);
    EXPECT_TRUE(compared.problems.empty() && compared.notes.empty());

    auto older = own;
    auto const head = vault->read_commit(vault->head().value()).value();
    older.main = head.parents.front();
    older.baselines.erase("v5");
    older.baselines["pruned"] = own.baselines.at("v1");
    older.proofs.reset();
    compared = vault->compare(older).value();
    EXPECT_EQ(compared.commits_behind, 1U);
    EXPECT_TRUE(compared.problems.empty());
    EXPECT_THAT(compared.notes,
                testing::UnorderedElementsAre(testing::HasSubstr("pruned is there still"),
                                              testing::HasSubstr("v5 is not there yet")));

    auto other = own;
    other.main = ObjectId{.bytes = {1}};
    EXPECT_THAT(vault->compare(other).value().problems,
                testing::ElementsAre(testing::HasSubstr("its history is another one")));
    other = own;
    other.baselines["v1"] = ObjectId{.bytes = {2}};
    other.proofs = own.main;
    EXPECT_THAT(
        vault->compare(other).value().problems,
        testing::UnorderedElementsAre(testing::HasSubstr("baseline v1 is another one"),
                                      testing::HasSubstr("proofs that this vault does not")));
    EXPECT_THAT(vault->compare({}).value().problems, testing::ElementsAre("it has no history"));
}

}  // namespace
}  // namespace meridian::vault
