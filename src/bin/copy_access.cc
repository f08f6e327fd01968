#include "bin/copy_access.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace meridian::bin {
namespace {

constexpr std::string_view kHttps = "https://";
// No question is asked, and a server that is gone is noticed.
constexpr std::string_view kSsh =
    "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=4";
// What neither ssh's settings, nor a shell, nor git's settings read as more than themselves.
constexpr std::string_view kPathCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/+@,";

struct Setting {
    std::string_view name;
    std::filesystem::path vault::CopyAccess::* file;
    bool is_ssh;
};
constexpr Setting kSettings[] = {{"ssh_key", &vault::CopyAccess::ssh_key, true},
                                 {"known_hosts", &vault::CopyAccess::known_hosts, true},
                                 {"ca_file", &vault::CopyAccess::ca_file, false},
                                 {"credentials", &vault::CopyAccess::credentials, false}};

// SCHEME://…, or [USER@]HOST:PATH as ssh alone takes it.
bool is_ssh(std::string_view remote) {
    auto const scheme = remote.find("://");
    if (scheme != remote.npos) return remote.substr(0, scheme).contains("ssh");
    auto const colon = remote.find(':');
    return colon != remote.npos && remote.find('/') > colon;
}

std::string_view origin_of(std::string_view url) {
    return url.substr(0, url.find('/', kHttps.size()));
}

}  // namespace

Result<void> check_copy_access(vault::BackupCopy const& copy) {
    auto const refused = [](std::string text) {
        return fail(Errc::kInvalidParameterValue, std::move(text));
    };
    for (auto const& [name, member, for_ssh] : kSettings) {
        auto const& file = copy.access.*member;
        if (file.empty()) continue;
        if (for_ssh ? !is_ssh(copy.remote) : !copy.remote.starts_with(kHttps))
            return refused(fmt::format("{} is for {} remotes", name, for_ssh ? "ssh" : "https"));
        bool const plain = file.native().find_first_not_of(kPathCharacters) == std::string::npos;
        if (!file.is_absolute() || !plain)
            return refused(
                fmt::format("{} is an absolute path of letters, digits and any of ._-/+@,", name));
    }
    return {};
}

GitAccess git_access(vault::BackupCopy const& copy, std::string_view ssh_command) {
    GitAccess out;
    auto const& access = copy.access;
    std::string ssh(kSsh);
    if (!access.ssh_key.empty()) {
        ssh += fmt::format(" -i {} -o IdentitiesOnly=yes -o IdentityAgent=none",
                           access.ssh_key.string());
    }
    if (!access.known_hosts.empty()) {
        ssh += fmt::format(
            " -o StrictHostKeyChecking=yes -o UserKnownHostsFile={} -o "
            "GlobalKnownHostsFile=/dev/null",
            access.known_hosts.string());
    }
    bool const own = access.ssh_key.empty() && access.known_hosts.empty() && !ssh_command.empty();
    out.environment.push_back(
        fmt::format("GIT_SSH_COMMAND={}", own ? ssh_command : std::string_view(ssh)));
    if (!access.ca_file.empty()) {
        // Git hears the variable before the setting.
        out.environment.push_back(fmt::format("GIT_SSL_CAINFO={}", access.ca_file.string()));
    }
    if (!access.credentials.empty()) {
        // Only this server gets them. Git's own `store` would remove what a server has refused
        // once.
        out.arguments.insert(
            out.arguments.end(),
            {"-c", "credential.helper=", "-c",
             fmt::format("credential.{}.helper=!f() {{ test \"$1\" != get || cat {}; }}; f",
                         origin_of(copy.remote), access.credentials.string())});
    }
    return out;
}

Result<void> access_files_readable(vault::CopyAccess const& access) {
    for (auto const& [name, member, for_ssh] : kSettings) {
        auto const& file = access.*member;
        if (file.empty() || ::access(file.c_str(), R_OK) == 0) continue;
        return fail(Errc::kUnavailable, fmt::format("{}: the server cannot read {}: {}", name,
                                                    file.string(), std::strerror(errno)));
    }
    return {};
}

std::string explained(std::string_view git_errors) {
    constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
        {"Host key verification failed", "known_hosts: the server's host key is not among them"},
        {"UNPROTECTED PRIVATE KEY FILE", "ssh_key: others may read the file too"},
        {"Permission denied (", "ssh_key: the server does not accept it"},
        {"server certificate verification failed",
         "ca_file: it does not vouch for the server's certificate"},
        {"SSL certificate problem", "ca_file: it does not vouch for the server's certificate"},
        {"Authentication failed for", "credentials: the server does not accept them"},
        {"could not read Username", "credentials: the server wants some"},
        {"could not read Password", "credentials: the server wants a password"},
    };
    for (auto const& [said, meaning] : kMeanings) {
        if (git_errors.contains(said)) return fmt::format("{}; git: {}", meaning, git_errors);
    }
    return fmt::format("git: {}", git_errors);
}

}  // namespace meridian::bin
