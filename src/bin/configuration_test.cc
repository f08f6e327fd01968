#include "bin/configuration.h"

#include <gtest/gtest.h>

namespace meridian::bin {
namespace {

TEST(Configuration, EmptyIsTheDefaults) {
    EXPECT_EQ(parse_configuration("f", "").value().backup, vault::BackupPlan{});
    EXPECT_EQ(parse_configuration("f", "# nothing\n").value().backup, vault::BackupPlan{});
}

TEST(Configuration, SaysHowToBackUp) {
    auto const plan = parse_configuration("f", R"(
backup:
  every: 90s
  keep: {last: 2, hourly: 12, daily: 0}
  copies:
    - /mnt/usb/vault.git
    - remote: ssh://git@example.com/vault.git
      ssh_key: /etc/meridian/backup_key
      known_hosts: /etc/meridian/known_hosts
  verify:
    index: never
    hash: 6h
    hash_parts: 8
    invoke: 7d
    copies: 30d
  copy_timeout: 5m
)")
                          .value()
                          .backup;
    EXPECT_EQ(plan.every, std::chrono::seconds(90));
    EXPECT_EQ(plan.keep, (vault::Retention{.last = 2, .hourly = 12, .daily = 0}));
    EXPECT_EQ(plan.copies, (std::vector<vault::BackupCopy>{
                               {.remote = "/mnt/usb/vault.git"},
                               {.remote = "ssh://git@example.com/vault.git",
                                .access = {.ssh_key = "/etc/meridian/backup_key",
                                           .known_hosts = "/etc/meridian/known_hosts"}}}));
    EXPECT_EQ(plan.hash_parts, 8U);
    EXPECT_EQ(plan.verify_copies, std::chrono::days(30));
    EXPECT_EQ(plan.copy_time_max, std::chrono::minutes(5));
    using enum vault::VerifyLevel;
    EXPECT_EQ(plan.verify, (std::map<vault::VerifyLevel, std::chrono::seconds>{
                               {kHash, std::chrono::hours(6)}, {kInvoke, std::chrono::days(7)}}));
    EXPECT_EQ(parse_configuration("f", "backup: {every: never}").value().backup.every,
              std::nullopt);
}

TEST(Configuration, SaysWhatBuildsMay) {
    auto const build = parse_configuration("f", R"(
build:
  registries: [pypi.org, 'mirror.example:8443']
  private_registries: [nexus.example]
  environment: {PIP_INDEX_URL: 'https://mirror.example:8443/simple'}
  timeout: 90s
  memory_mb: 256
  storage_mb: 1024
  network_mb: 10
)")
                           .value()
                           .build;
    EXPECT_TRUE(build.registries.is_named({"pypi.org", 443}));
    EXPECT_TRUE(build.registries.is_named({"mirror.example", 8443}));
    auto const private_address = boost::asio::ip::make_address("10.1.2.3");
    EXPECT_TRUE(build.registries.is_allowed({"nexus.example", 443}, private_address));
    EXPECT_FALSE(build.registries.is_allowed({"pypi.org", 443}, private_address));
    EXPECT_EQ(build.environment.at("PIP_INDEX_URL"), "https://mirror.example:8443/simple");
    EXPECT_EQ(build.timeout, std::chrono::seconds(90));
    EXPECT_EQ(build.memory_bytes, 256UL * 1024 * 1024);
    EXPECT_EQ(build.storage_bytes, 1024UL * 1024 * 1024);
    EXPECT_EQ(build.network_bytes_max, 10UL * 1024 * 1024);
    EXPECT_TRUE(parse_configuration("f", "").value().build.registries.empty());
}

TEST(Configuration, NamesWhatIsWrongAndWhere) {
    struct Case {
        char const* text;
        char const* message;
    };
    for (auto const& test : {
             Case{"backups: {}", "f:1:1: the configuration has no backups"},
             Case{"backup:\n  evry: 1h", "f:2:3: backup has no evry"},
             Case{"backup:\n  every: 1x", "f:2:10: '1x' is no duration such as 90s, 5m, 12h, 7d"},
             Case{"backup:\n  every: 0s", "f:2:10: '0s' is no duration such as 90s, 5m, 12h, 7d"},
             Case{"backup: {keep: {last: 0}}", "f:1:23: '0' is no number from 1 to 100000"},
             Case{"backup: {copies: x}", "f:1:18: copies is a list of git remotes"},
             Case{"backup: {copies: [--upload-pack=x]}",
                  "f:1:19: a copy is a git remote, as `git push` takes it"},
             Case{"backup: {copies: [{ssh_key: /k}]}", "f:1:19: a copy has a remote"},
             Case{"backup: {copies: [{remote: /v.git, key: /k}]}", "f:1:36: a copy has no key"},
             Case{"backup: {copies: [{remote: /v.git, ssh_key: [/k]}]}",
                  "f:1:45: a file's path is a text"},
             Case{"backup: {copies: [{remote: 'https://h/v.git', ssh_key: /k}]}",
                  "f:1:19: ssh_key is for ssh remotes"},
             Case{"backup: {copies: [/v.git, /v.git]}", "f:1:27: /v.git stands here twice"},
             Case{"backup: {verify: {all: 1h}}", "f:1:19: verify has no all"},
             Case{"backup: {verify: {hash_parts: 1001}}",
                  "f:1:31: '1001' is no number from 1 to 1000"},
             Case{"backup: {every: 1h, every: 2h}", "f:1:21: every stands here twice"},
             Case{"build: {memory_mb: 1}", "f:1:20: '1' is no number from 128 to 65536"},
             Case{"build: {registries: x}", "f:1:21: registries is a list of hosts"},
             Case{"build: {registries: ['http://x']}",
                  "f:1:22: 'http://x' is no registry such as pypi.org or mirror.example:8443: the "
                  "port is no number from 1 to 65535"},
             Case{"build: {environment: {A=B: x}}", "f:1:23: 'A=B' is no variable's name"},
             Case{"- a", "f:1:1: the configuration is a mapping"},
         }) {
        auto const read = parse_configuration("f", test.text);
        ASSERT_FALSE(read) << test.text;
        EXPECT_EQ(read.error().message, test.message);
    }
    EXPECT_FALSE(parse_configuration("f", "backup: ["));
    EXPECT_FALSE(read_checked_configuration("/nonexistent/meridian.yaml"));
}

TEST(Duration, HasAUnit) {
    EXPECT_EQ(parse_duration("1s"), std::chrono::seconds(1));
    EXPECT_EQ(parse_duration("2m"), std::chrono::minutes(2));
    EXPECT_EQ(parse_duration("3h"), std::chrono::hours(3));
    EXPECT_EQ(parse_duration("4d"), std::chrono::days(4));
    for (auto const* const text : {"", "s", "1", "1.5h", "-1h", "1ms", "1 h", "99999999d"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

}  // namespace
}  // namespace meridian::bin
