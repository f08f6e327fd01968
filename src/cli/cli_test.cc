#include <fstream>

#include <gtest/gtest.h>

#include "cli/aws_profile.h"
#include "cli/connection.h"

namespace meridian::cli {
namespace {

constexpr auto kText = R"(# comment
[default]
aws_access_key_id = AKIA1
  nested = no
aws_secret_access_key=s/1=
[profile other]
region = sa-east-1
; more
)";

TEST(AwsProfile, ReadsOneSection) {
    EXPECT_EQ(read_profile(kText, "default"),
              (ProfileSection{{"aws_access_key_id", "AKIA1"}, {"aws_secret_access_key", "s/1="}}));
    EXPECT_EQ(read_profile(kText, "other"), (ProfileSection{{"region", "sa-east-1"}}));
    EXPECT_TRUE(read_profile(kText, "absent").empty());
    EXPECT_TRUE(read_profile("[", "x").empty());
}

class ConnectionTest : public testing::Test {
  protected:
    ConnectionTest() {
        char name[] = "/tmp/meridian-cli-XXXXXX";
        data_ = ::mkdtemp(name);
        std::ofstream(data_ / "credentials")
            << "[default]\naws_access_key_id = AKIADATA\naws_secret_access_key = d\n";
        std::ofstream(data_ / "config")
            << "[default]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:4600\n";
    }
    ~ConnectionTest() override { std::filesystem::remove_all(data_); }

    Result<Connection> find(ConnectionFlags flags,
                            std::map<std::string, std::string> variables = {}) {
        flags.data = data_;
        variables.try_emplace("HOME", "/nonexistent");
        return find_connection(flags, [&](char const* name) -> std::optional<std::string> {
            auto const found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        });
    }
    std::filesystem::path data_;
};

TEST_F(ConnectionTest, FallsBackToTheDataDirectory) {
    auto const connection = find({}).value();
    EXPECT_EQ(connection.port, "4600");
    EXPECT_EQ(connection.region, "us-east-1");
    EXPECT_EQ(connection.access_key_id, "AKIADATA");
}

TEST_F(ConnectionTest, FlagsBeatVariablesAndVariablesBeatFiles) {
    auto const connection =
        find({.endpoint_url = {}, .region = "r-flag", .profile = {}, .data = {}},
             {{"AWS_ENDPOINT_URL", "http://localhost:1/x"},
              {"AWS_REGION", "r-variable"},
              {"AWS_ACCESS_KEY_ID", "AKIAENV"},
              {"AWS_SECRET_ACCESS_KEY", "s"}})
            .value();
    EXPECT_EQ(connection.host, "localhost");
    EXPECT_EQ(connection.port, "1");
    EXPECT_EQ(connection.region, "r-flag");
    EXPECT_EQ(connection.access_key_id, "AKIAENV");
}

TEST_F(ConnectionTest, SaysWhatIsMissing) {
    std::filesystem::remove(data_ / "config");
    EXPECT_NE(find({}).error().message.find("--endpoint-url"), std::string::npos);
    EXPECT_NE(find({.endpoint_url = "ftp://x", .region = {}, .profile = {}, .data = {}})
                  .error()
                  .message.find("http://"),
              std::string::npos);
    std::filesystem::remove(data_ / "credentials");
    EXPECT_NE(find({.endpoint_url = "http://h:1", .region = "r", .profile = {}, .data = {}})
                  .error()
                  .message.find("AWS_ACCESS_KEY_ID"),
              std::string::npos);
}

TEST(DataDirectory, FollowsTheUsersHabits) {
    auto const none = [](char const*) -> std::optional<std::string> { return std::nullopt; };
    EXPECT_EQ(default_data_directory(none, true), "/var/lib/meridian");
    auto const home = [](char const* n) -> std::optional<std::string> {
        if (std::string_view(n) == "HOME") return "/home/u";
        return std::nullopt;
    };
    EXPECT_EQ(default_data_directory(home, false), "/home/u/.local/share/meridian");
}

}  // namespace
}  // namespace meridian::cli
