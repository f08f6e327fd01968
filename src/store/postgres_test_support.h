#pragma once
// A PostgreSQL server of a test's own: a cluster in a temporary directory, reached by a Unix socket
// there. It runs as the user postgres, since it refuses root.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/types.h>
#include <unistd.h>

namespace meridian::store {

class PostgresCluster {
  public:
    PostgresCluster() {
        std::string name =
            (std::filesystem::temp_directory_path() / "meridian-postgres-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = name;
        if (::geteuid() == 0) {
            auto const* const user = ::getpwnam("postgres");
            if (user == nullptr || ::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0)
                throw std::runtime_error("there is no user postgres; script/setup installs it");
        }
        must("initdb", fmt::format("-D {0}/data -A trust -U meridian -N --no-instructions "
                                   "-E UTF8 --locale=C",
                                   name));
        start();
    }
    ~PostgresCluster() {
        static_cast<void>(
            run("pg_ctl", fmt::format("-D {}/data -m immediate stop", directory_.string())));
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    PostgresCluster(PostgresCluster const&) = delete;
    PostgresCluster& operator=(PostgresCluster const&) = delete;

    [[nodiscard]] std::string url() const {
        return fmt::format("host={} user=meridian dbname=postgres", directory_.string());
    }

    void start() {
        must("pg_ctl",
             fmt::format("-D {0}/data -w -l {0}/log -o \"-k {0} -c listen_addresses=''\" start",
                         directory_.string()));
    }
    // As a crash: nothing is flushed that was not.
    void kill() {
        std::ifstream file(directory_ / "data/postmaster.pid");
        pid_t pid = 0;
        file >> pid;
        if (pid <= 1 || ::kill(pid, SIGKILL) != 0) throw std::runtime_error("no postmaster");
        // Its children end by themselves; until then a new one does not start.
        for (int i = 0; i < 200 && !run("pg_ctl", fmt::format("-D {0}/data -w -l {0}/log -o "
                                                              "\"-k {0} -c listen_addresses=''\" "
                                                              "start",
                                                              directory_.string()));
             ++i)
            ::usleep(50'000);
    }

  private:
    static std::filesystem::path programs() {
        std::filesystem::path newest;
        for (auto const& entry : std::filesystem::directory_iterator("/usr/lib/postgresql"))
            newest = std::max(newest, entry.path());
        return newest / "bin";
    }
    bool run(std::string const& program, std::string const& arguments) const {
        auto const as =
            ::geteuid() == 0 ? "setpriv --reuid postgres --regid postgres --init-groups " : "";
        auto const command =
            fmt::format("cd {} && env -u LD_PRELOAD {}{} {} >{}/output 2>&1", directory_.string(),
                        as, (programs() / program).string(), arguments, directory_.string());
        return std::system(command.c_str()) == 0;
    }
    void must(std::string const& program, std::string const& arguments) const {
        if (run(program, arguments)) return;
        std::ifstream file(directory_ / "output");
        throw std::runtime_error(program + ": " +
                                 std::string{std::istreambuf_iterator<char>(file), {}});
    }

    std::filesystem::path directory_;
};

// One for all tests of the process.
inline PostgresCluster& postgres_cluster() {
    static PostgresCluster cluster;
    return cluster;
}

}  // namespace meridian::store
