#include "bin/copy_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian::bin {
namespace {

TEST(CopyAccess, EachSettingIsForItsKindOfRemote) {
    struct Case {
        vault::BackupCopy copy;
        std::string_view error;
    };
    for (auto const& [copy, error] : {
             Case{{.remote = "/mnt/usb/vault.git"}, ""},
             Case{{.remote = "ssh://git@host/v.git",
                   .access = {.ssh_key = "/etc/m/key", .known_hosts = "/etc/m/hosts"}},
                  ""},
             Case{{.remote = "git@host:v.git", .access = {.ssh_key = "/etc/m/key"}}, ""},
             Case{{.remote = "https://host/v.git",
                   .access = {.ca_file = "/etc/m/ca.pem", .credentials = "/etc/m/password"}},
                  ""},
             Case{{.remote = "/a:b/v.git", .access = {.ssh_key = "/k"}},
                  "ssh_key is for ssh remotes"},
             Case{{.remote = "https://host/v.git", .access = {.known_hosts = "/k"}},
                  "known_hosts is for ssh remotes"},
             Case{{.remote = "ssh://host/v.git", .access = {.ca_file = "/k"}},
                  "ca_file is for https remotes"},
             // A password is not sent where anybody can read it.
             Case{{.remote = "http://host/v.git", .access = {.credentials = "/k"}},
                  "credentials is for https remotes"},
             Case{{.remote = "ssh://host/v.git", .access = {.ssh_key = "key"}},
                  "ssh_key is an absolute path of letters, digits and any of ._-/+@,"},
             Case{{.remote = "https://host/v.git", .access = {.credentials = "/k; touch /x"}},
                  "credentials is an absolute path of letters, digits and any of ._-/+@,"},
         }) {
        auto const checked = check_copy_access(copy);
        EXPECT_EQ(checked ? "" : checked.error().message, error) << copy.remote;
    }
}

TEST(CopyAccess, GitIsToldWhatIsConfiguredAndNothingAsksAnybody) {
    auto const ssh = git_access({.remote = "ssh://host/v.git",
                                 .access = {.ssh_key = "/etc/key", .known_hosts = "/etc/hosts"}},
                                "ssh -v");
    EXPECT_THAT(ssh.environment, testing::ElementsAre(testing::AllOf(
                                     testing::StartsWith("GIT_SSH_COMMAND=ssh -o BatchMode=yes"),
                                     testing::HasSubstr(" -i /etc/key -o IdentitiesOnly=yes"),
                                     testing::HasSubstr(" -o StrictHostKeyChecking=yes -o "
                                                        "UserKnownHostsFile=/etc/hosts"))));
    EXPECT_THAT(ssh.arguments, testing::IsEmpty());
    // The operator's own command serves where the configuration says nothing.
    EXPECT_THAT(git_access({.remote = "ssh://host/v.git"}, "ssh -v").environment,
                testing::ElementsAre("GIT_SSH_COMMAND=ssh -v"));
    EXPECT_THAT(git_access({.remote = "ssh://host/v.git"}, "").environment,
                testing::ElementsAre(testing::HasSubstr("BatchMode=yes")));

    auto const https =
        git_access({.remote = "https://host:8443/a/v.git",
                    .access = {.ca_file = "/etc/ca.pem", .credentials = "/etc/password"}},
                   "");
    EXPECT_THAT(https.arguments,
                testing::ElementsAre("-c", "credential.helper=", "-c",
                                     "credential.https://host:8443.helper=!f() { test \"$1\" != "
                                     "get || cat /etc/password; }; f"));
}

TEST(CopyAccess, WhatGitSaysIsNamedAfterItsSetting) {
    EXPECT_EQ(explained("Host key verification failed.\n"),
              "known_hosts: the server's host key is not among them; git: Host key verification "
              "failed.\n");
    EXPECT_EQ(explained("x: Permission denied (publickey)."),
              "ssh_key: the server does not accept it; git: x: Permission denied (publickey).");
    EXPECT_EQ(explained("[rejected]"), "git: [rejected]");
}

TEST(CopyAccess, AFileThatCannotBeReadIsNamed) {
    auto const read = access_files_readable({.credentials = "/nonexistent/password"});
    EXPECT_EQ(read.error().message,
              "credentials: the server cannot read /nonexistent/password: No such file or "
              "directory");
    EXPECT_TRUE(access_files_readable({}));
}

}  // namespace
}  // namespace meridian::bin
