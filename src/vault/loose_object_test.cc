#include "vault/loose_object.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "vault/git_repository.h"
#include "vault/vault_test_support.h"

namespace meridian::vault {
namespace {

std::string packed(std::string const& text) {
    std::string out(compressBound(text.size()), '\0');
    uLongf size = out.size();
    EXPECT_EQ(compress(reinterpret_cast<Bytef*>(out.data()), &size,
                       reinterpret_cast<Bytef const*>(text.data()), text.size()),
              Z_OK);
    out.resize(size);
    return out;
}

std::string object(std::string const& header, std::string const& contents) {
    return header + '\0' + contents;
}

TEST(LooseObject, IsReadAsGitWritesIt) {
    auto const read = parse_loose_object(packed(object("blob 5", "hello"))).value();
    EXPECT_EQ(read.type, ObjectType::kBlob);
    EXPECT_EQ(read.bytes, "hello");
    EXPECT_EQ(parse_loose_object(packed(object("tree 0", ""))).value().type, ObjectType::kTree);
    std::string const large(300'000, 'x');
    EXPECT_EQ(parse_loose_object(packed(object("commit 300000", large))).value().bytes, large);
}

TEST(LooseObject, IsRefusedWhereItIsNotWhole) {
    auto const good = packed(object("blob 5", "hello"));
    for (auto const& file :
         {std::string(), std::string("x"), good.substr(0, good.size() - 1), good + "x",
          packed(object("blob 4", "hello")), packed(object("blob 6", "hello")),
          packed(object("blob -5", "hello")), packed(object("blob 5 ", "hello")),
          packed(object("blob", "hello")), packed(object("dance 5", "hello")), packed("blob 5"),
          packed(object("blob 99999999999999999999", "hello"))})
        EXPECT_EQ(parse_loose_object(file).error().code, Errc::kCorrupt) << file.size();
}

// libgit2 1.5.1 writes beyond its memory for the first of these (found by damage_test.cc).
TEST(LooseObject, OneThatLiesAboutItsSizeIsNamedByTheRepository) {
    TestFolder folder;
    git(folder.path(), "init -q --bare vault.git");
    auto const path = folder.path() / "vault.git";
    auto const repository = GitRepository::open(path, GitRepository::Access::kRead).value();
    auto const id = object_id(ObjectType::kBlob, std::string(400, 'y'));
    EXPECT_EQ(repository->read(ObjectType::kBlob, id).error().message,
              "cannot read blob " + id.hex() + ": it is missing");
    auto const file = path / "objects" / id.hex().substr(0, 2) / id.hex().substr(2);
    std::filesystem::create_directories(file.parent_path());
    for (auto const* const header : {"blob 37", "blob 4000"}) {
        write_file(file, packed(object(header, std::string(400, 'y'))));
        EXPECT_EQ(repository->read(ObjectType::kBlob, id).error().message,
                  "cannot read blob " + id.hex() + ": the file is no whole object");
    }
    write_file(file, packed(object("blob 400", std::string(400, 'y'))));
    EXPECT_EQ(repository->read(ObjectType::kBlob, id).value(), std::string(400, 'y'));
    EXPECT_NE(repository->read(ObjectType::kTree, id).error().message.find("is a blob, not a tree"),
              std::string::npos);
    EXPECT_TRUE(repository->contains(id));
}

}  // namespace
}  // namespace meridian::vault
