#include "cli/vault_commands.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kApi = "/meridian/v1/";

io::Task<json> ask(Connection connection, Clock const& clock, std::string method, std::string path,
                   json body = nullptr) {
    MERIDIAN_CO_TRY(auto const response,
                    co_await call(std::move(connection), clock, std::move(method),
                                  fmt::format("{}{}", kApi, path),
                                  body.is_null() ? std::string() : body.dump()));
    auto answer = json::parse(response.body, nullptr, false);
    if (!answer.is_object()) co_return fail(Errc::kIo, "The server's answer is not JSON.");
    co_return answer;
}

void print_json(Output const& output, json const& answer) { output.print(answer.dump(2) + "\n"); }

std::string one_line(json const& baseline) {
    return fmt::format("{:<20} {}  {}  {}\n", baseline.value("Name", ""),
                       baseline.value("Created", ""), baseline.value("Commit", "").substr(0, 12),
                       baseline.value("Message", ""));
}

std::string changes_text(json const& answer) {
    std::string text;
    for (auto const& change : answer.value("Changes", json::array()))
        text += fmt::format("  {}\n", change.value("What", ""));
    for (auto const& warning : answer.value("Warnings", json::array()))
        text += fmt::format("  warning: {}\n", warning.get<std::string>());
    return text;
}

std::string baseline_path(std::string const& name) {
    return "baselines/" + wire::percent_encoded(name);
}

}  // namespace

io::Task<> create_baseline(Connection connection, Clock const& clock, std::string name,
                           std::string message, Output output) {
    json body = json::object();
    if (!name.empty()) body["Name"] = name;
    if (!message.empty()) body["Message"] = message;
    MERIDIAN_CO_TRY(auto const made, co_await ask(std::move(connection), clock, "POST", "baselines",
                                                  std::move(body)));
    if (output.json) {
        print_json(output, made);
    } else {
        auto const shown = made.value("Name", "");
        output.print(
            fmt::format("{}"
                        "Restore it with: meridian restore --baseline {}\n",
                        one_line(made), shown));
    }
    co_return Result<void>{};
}

io::Task<> list_baselines(Connection connection, Clock const& clock, Output output) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "GET", "baselines"));
    if (output.json) {
        print_json(output, answer);
    } else {
        for (auto const& baseline : answer.value("Baselines", json::array()))
            output.print(one_line(baseline));
    }
    co_return Result<void>{};
}

io::Task<> show_baseline(Connection connection, Clock const& clock, std::string name,
                         Output output) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "GET", baseline_path(name)));
    if (output.json) {
        print_json(output, answer);
    } else {
        for (auto const& [member, value] : answer.items())
            output.print(fmt::format("{}: {}\n", member,
                                     value.is_string() ? value.get<std::string>() : value.dump()));
    }
    co_return Result<void>{};
}

io::Task<> show_changes(Connection connection, Clock const& clock, std::string from, std::string to,
                        Output output) {
    auto const path =
        fmt::format("{}/changes?to={}", baseline_path(from), wire::percent_encoded(to));
    MERIDIAN_CO_TRY(auto const answer, co_await ask(std::move(connection), clock, "GET", path));
    if (output.json) {
        print_json(output, answer);
    } else {
        auto const text = changes_text(answer);
        output.print(text.empty() ? "Nothing has changed.\n" : text);
    }
    co_return Result<void>{};
}

io::Task<> show_vault(Connection connection, Clock const& clock, Output output) {
    MERIDIAN_CO_TRY(auto const answer, co_await ask(std::move(connection), clock, "GET", "vault"));
    if (output.json) {
        print_json(output, answer);
    } else {
        output.print(fmt::format("commit {}, {} changes behind the region\n",
                                 answer.value("Head", ""), answer.value("Behind", 0U)));
    }
    co_return Result<void>{};
}

io::Task<> verify_vault(Connection connection, Clock const& clock, std::string baseline,
                        Output output) {
    json body = json::object();
    if (!baseline.empty()) body["Baseline"] = baseline;
    MERIDIAN_CO_TRY(auto const answer, co_await ask(std::move(connection), clock, "POST",
                                                    "vault/verify", std::move(body)));
    auto const problems = answer.value("Problems", json::array());
    if (output.json) {
        print_json(output, answer);
    } else {
        output.print(fmt::format("{} records and {} packages, {} bytes, read and compared\n",
                                 answer.value("Records", 0U), answer.value("Packages", 0U),
                                 answer.value("Bytes", std::uint64_t{0})));
        for (auto const& problem : problems)
            output.print(fmt::format("  {}\n", problem.get<std::string>()));
    }
    if (problems.empty()) co_return Result<void>{};
    co_return fail(Errc::kCorrupt, fmt::format("The vault has {} problems.", problems.size()));
}

io::Task<> restore(Connection connection, Clock const& clock, RestoreOptions options,
                   Output output) {
    json body = json::object();
    auto const put = [&](char const* member, std::string const& text) {
        if (!text.empty()) body[member] = text;
    };
    put("Baseline", options.baseline);
    put("At", options.at);
    put("Function", options.function);
    put("FromRegion", options.from_region);
    put("Vault", options.vault);
    put("RecoveryKey", options.recovery_key);
    put("Signer", options.signer);
    if (options.exact) body["Exact"] = true;
    if (options.dry_run) body["DryRun"] = true;
    for (auto const& pair : options.map) {
        auto const equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            co_return fail(Errc::kInvalidParameterValue, "--map is FROM=TO.");
        body["Map"].push_back({pair.substr(0, equals), pair.substr(equals + 1)});
    }
    MERIDIAN_CO_TRY(auto const answer, co_await ask(std::move(connection), clock, "POST",
                                                    "restores", std::move(body)));
    if (output.json) {
        print_json(output, answer);
        co_return Result<void>{};
    }
    output.print(changes_text(answer));
    auto const count = answer.value("Changes", json::array()).size();
    output.print(fmt::format("{} {} changes from commit {}; {} records are as they were.\n",
                             options.dry_run ? "Would apply" : "Applied", count,
                             answer.value("Commit", "").substr(0, 12),
                             answer.value("Unchanged", 0U)));
    if (!options.dry_run && count != 0) {
        output.print(
            "What stood there before is in the vault: meridian restore --at with a time before "
            "now brings it back.\n");
    }
    co_return Result<void>{};
}

}  // namespace meridian::cli
