#include "transfer/folder.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "transfer/fake_aws_api.h"

namespace meridian::transfer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class Folder : public testing::Test {
  protected:
    Folder() {
        fs::remove_all(path_);
        fs::create_directories(path_.parent_path());
    }
    ~Folder() override { fs::remove_all(path_); }
    fs::path path_ = fs::path(testing::TempDir()) / "meridian-transfer-test" /
                     testing::UnitTest::GetInstance()->current_test_info()->name();
};

Inventory inventory() {
    auto const code = crypto::sha256_base64("code");
    std::string const arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    std::string const layer = "arn:aws:lambda:us-east-1:123456789012:layer:l:3";
    FunctionRecord function{
        .arn = arn,
        .source_arn = arn,
        .latest = {{"CodeSha256", code},
                   {"Environment", {{"Variables", {{"A", "secret"}}}}},
                   {"Layers", {layer}}},
        .versions = {{2, {{"CodeSha256", code}, {"Environment", {{"Variables", {{"B", "b"}}}}}}}},
        .parts = {{"Aliases", {{"live", {{"FunctionVersion", "2"}}}}},
                  {"EventSourceMappings", {{{"EventSourceArn", "arn:q"}}}}}};
    Inventory out{.region = "us-east-1", .account = "123456789012"};
    out.functions.push_back(std::move(function));
    out.layers.push_back({.arn = layer,
                          .source_arn = layer,
                          .properties = {{"CodeSha256", crypto::sha256_base64("layer")}}});
    out.roles["arn:aws:iam::123456789012:role/p/r"] = {{"Path", "/p/"}};
    out.policies["arn:aws:iam::123456789012:policy/x"] = {{"Path", "/"}};
    return out;
}

TEST(FolderDocuments, AreTheInventoryAgain) {
    auto const wanted = inventory();
    auto const documents = folder_documents(wanted);
    auto const read = read_documents(documents);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(folder_documents(*read), documents);
    EXPECT_EQ(read->functions.at(0).arn, wanted.functions.at(0).arn);
    EXPECT_EQ(read->functions.at(0).versions, wanted.functions.at(0).versions);
    EXPECT_EQ(read->functions.at(0).parts, wanted.functions.at(0).parts);
    EXPECT_EQ(read->layers.at(0).number(), 3U);
    EXPECT_EQ(read->roles, wanted.roles);
    EXPECT_EQ(read->policies, wanted.policies);
}

TEST(FolderDocuments, NamesFromOutsideStayInTheFolder) {
    Inventory bad = inventory();
    bad.functions[0].arn = "arn:aws:lambda:us-east-1:123456789012:function:..";
    bad.roles["arn:aws:iam::123456789012:role/\n"] = json::object();
    bad.roles["arn:aws:iam::123456789012:role/"] = json::object();
    for (auto const& [file, document] : folder_documents(bad)) {
        EXPECT_EQ(file.find(".."),
                  file.find("_..") == std::string::npos ? std::string::npos : file.find("_..") + 1)
            << file;
        EXPECT_EQ(file.find('\n'), std::string::npos);
    }
}

TEST(FolderDocuments, WithheldValuesAreNull) {
    auto withheld = inventory();
    withhold_environment(withheld);
    EXPECT_EQ(withheld.functions[0].latest["Environment"], (json{{"Variables", {{"A", nullptr}}}}));
    EXPECT_EQ(withheld.functions[0].versions[2]["Environment"],
              (json{{"Variables", {{"B", nullptr}}}}));
}

TEST(FolderDocuments, BadOnesAreNamed) {
    struct Case {
        char const* file;
        json document;
        char const* says;
    };
    for (auto const& [file, document, says] : {
             Case{"transfer.json", {{"Format", "x"}}, "does not say so"},
             Case{"transfer.json",
                  {{"Format", "meridian-transfer"}, {"FormatVersion", 9}},
                  "format version 9"},
             Case{"transfer.json",
                  {{"Format", "meridian-transfer"}, {"FormatVersion", 1}},
                  "Region is missing"},
             Case{"functions/f/function.json", {{"Arn", 1}}, "function.json: Arn is missing"},
             Case{"functions/f/function.json",
                  {{"Arn", "arn:x"}, {"Configuration", 1}},
                  "Configuration is no object"},
             Case{"functions/f/function.json",
                  {{"Arn", "arn:x"}, {"Configuration", {{"Layers", {1}}}}},
                  "Layers"},
             Case{"functions/f/function.json",
                  {{"Arn", "arn:x"}, {"Configuration", json::object()}, {"Aliases", {{"a", 1}}}},
                  "Aliases a is no object"},
             Case{"functions/f/function.json",
                  {{"Arn", "arn:x"}, {"Configuration", json::object()}, {"Policies", {{"a", 1}}}},
                  "Policies"},
             Case{"functions/f/versions/x.json", json::object(), "no version's file"},
             Case{"functions/g/versions/1.json", json::object(), "function.json is missing"},
             Case{"layers/l/1.json", {{"Arn", "arn:x"}}, "no layer version's"},
             Case{"other.json", json::object(), "other.json: no file of this format"},
         }) {
        auto documents = folder_documents(inventory());
        documents[file] = document;
        auto const read = read_documents(documents);
        ASSERT_FALSE(read) << file << document;
        EXPECT_THAT(read.error().message, HasSubstr(says));
    }
}

TEST(Documents, AreStrictJson) {
    EXPECT_EQ(parse_document(R"({"a":[{"b":1},{"b":2}]})").value()["a"][1]["b"], 2);
    auto deep = std::string(70, '[') + std::string(70, ']');
    for (auto const& [text, says] :
         {std::pair(std::string(R"({"a":1,"a":2})"), "\"a\" stands there twice"),
          std::pair(std::string(R"({"x":{"a":1,"b":2,"a":2}})"), "\"a\" stands there twice"),
          std::pair(std::string("[]"), "no JSON object"), std::pair(std::string("{"), "parse"),
          std::pair("{\"a\":" + deep + "}", "too deep"), std::pair(std::string(""), "parse")}) {
        auto const parsed = parse_document(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr(says));
    }
}

TEST_F(Folder, IsWrittenWholeAndReplaced) {
    auto const wanted = inventory();
    for (int time = 0; time < 2; ++time) {
        auto writer = FolderWriter::begin(path_);
        ASSERT_TRUE(writer) << writer.error().message;
        for (auto const& [file, document] : folder_documents(wanted))
            ASSERT_TRUE(writer->write(file, document.dump()));
        for (auto const& file : package_files(wanted))
            ASSERT_TRUE(writer->write(file.file, file.code.qualifier.empty() ? "layer" : "code"));
        EXPECT_EQ(fs::exists(path_), time == 1) << "nothing is there before it is whole";
        ASSERT_TRUE(writer->finish());
    }
    auto const read = read_folder(path_);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(folder_documents(*read), folder_documents(wanted));
    EXPECT_EQ(package_files(wanted).size(), 2U) << "the same package is there once";
    FolderPackages packages(path_);
    for (auto const& file : package_files(wanted)) {
        auto const bytes = run(packages.fetch(0, file.code));
        ASSERT_TRUE(bytes) << bytes.error().message;
    }
    std::ofstream(path_ / package_files(wanted)[0].file) << "other";
    EXPECT_EQ(run(packages.fetch(0, package_files(wanted)[0].code)).error().code, Errc::kCorrupt);
    EXPECT_FALSE(fs::exists(path_.string() + ".partial"));
    EXPECT_FALSE(fs::exists(path_.string() + ".old"));
}

TEST_F(Folder, OfPackagesIsTheSecondSource) {
    class Nowhere final : public PackageSource {
        io::Task<std::string> fetch(std::size_t, CodeRef) override {
            co_return fail(Errc::kUnavailable, "nobody there");
        }
    } nowhere;
    CodeRef const what{.arn = "arn:f", .sha256 = crypto::sha256_base64("code")};
    fs::create_directories(path_);
    PackagesByHash packages(nowhere, path_);
    EXPECT_EQ(run(packages.fetch(0, what)).error().code, Errc::kUnavailable);
    std::ofstream(path_ / package_name(what.sha256)) << "code";
    EXPECT_EQ(run(packages.fetch(0, what)).value(), "code");
    std::ofstream(path_ / package_name(what.sha256)) << "other";
    EXPECT_EQ(run(packages.fetch(0, what)).error().code, Errc::kCorrupt);
    PackagesByHash alone(nowhere, {});
    EXPECT_EQ(run(alone.fetch(0, what)).error().code, Errc::kUnavailable);
}

TEST_F(Folder, OfAnybodyElseIsLeftAlone) {
    fs::create_directories(path_);
    std::ofstream(path_ / "mine") << "x";
    EXPECT_EQ(FolderWriter::begin(path_).error().code, Errc::kInvalidParameterValue);
    EXPECT_TRUE(fs::exists(path_ / "mine"));
    EXPECT_EQ(read_folder(path_).error().code, Errc::kInvalidParameterValue);
    EXPECT_EQ(read_folder(path_ / "nowhere").error().code, Errc::kInvalidParameterValue);
}

}  // namespace
}  // namespace meridian::transfer
