#include "cli/repository_commands.h"

#include <fmt/format.h>

#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

std::string repository_path(std::string const& name) {
    return "repositories/" + wire::percent_encoded(name);
}

}  // namespace

io::Task<> create_repository(Connection connection, Clock const& clock, std::string name,
                             bool deny_force_push, Output output) {
    MERIDIAN_CO_TRY(bool const said,
                    co_await only_said(connection, clock, output,
                                       {.does = fmt::format("make the repository {}", name),
                                        .makes = repository_path(name)}));
    if (said) co_return Result<void>{};
    json body{{"Name", name}};
    if (deny_force_push) body["DenyForcePush"] = true;
    MERIDIAN_CO_TRY(auto const made, co_await ask(std::move(connection), clock, "POST",
                                                  "repositories", std::move(body)));
    if (output.json) {
        print_json(output, made);
    } else {
        output.print(
            fmt::format("Repository {0} is made.\n"
                        "  git remote add origin {1}\n"
                        "User name and password are an access key id and its secret access key, or "
                        "come from `aws codecommit credential-helper --ignore-host-check`.\n"
                        "Remove it with: meridian repo delete {0} --yes\n",
                        name, made.value("CloneUrl", "")));
    }
    co_return Result<void>{};
}

io::Task<> list_repositories(Connection connection, Clock const& clock, Output output) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "GET", "repositories"));
    if (output.json) {
        print_json(output, answer);
    } else {
        for (auto const& repository : answer.value("Repositories", json::array()))
            output.print(fmt::format("{:<30} {}\n", repository.value("Name", ""),
                                     repository.value("CloneUrl", "")));
    }
    co_return Result<void>{};
}

io::Task<> show_repository(Connection connection, Clock const& clock, std::string name,
                           Output output) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "GET", repository_path(name)));
    if (output.json) {
        print_json(output, answer);
        co_return Result<void>{};
    }
    output.print(fmt::format("{}\nforce pushes: {}\n", answer.value("CloneUrl", ""),
                             answer.value("DenyForcePush", false) ? "refused" : "allowed"));
    for (auto const& [branch, commit] : answer.value("Branches", json::object()).items()) {
        output.print(fmt::format("  {} {}{}\n", commit.get<std::string>().substr(0, 12), branch,
                                 branch == answer.value("DefaultBranch", "") ? " (default)" : ""));
    }
    co_return Result<void>{};
}

io::Task<> delete_repository(Connection connection, Clock const& clock, std::string name,
                             Output output) {
    MERIDIAN_CO_TRY(bool const said,
                    co_await only_said(connection, clock, output,
                                       {.does = fmt::format(
                                            "delete the repository {} with everything in it", name),
                                        .about = repository_path(name)}));
    if (said) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "DELETE", repository_path(name)));
    if (output.json) {
        print_json(output, answer);
    } else {
        output.print(fmt::format(
            "Repository {} is deleted. Nothing here brings it back; a clone of it does: create it "
            "again and push.\n",
            name));
    }
    co_return Result<void>{};
}

}  // namespace meridian::cli
