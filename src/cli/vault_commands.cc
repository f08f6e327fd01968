#include "cli/vault_commands.h"

#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "cli/job_watch.h"
#include "cli/meridian_api.h"
#include "wire/shown_json.h"
#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

std::string one_line(json const& baseline) {
    return fmt::format("{:<20} {}  {}  {}\n", baseline.value("Name", ""),
                       baseline.value("Created", ""), baseline.value("Commit", "").substr(0, 12),
                       baseline.value("Message", ""));
}

constexpr std::size_t kShownValueBytesMax = 120;

std::string value_text(json const& member, char const* side) {
    if (!member.contains(side)) return "(none)";
    return wire::shown_json(member[side], kShownValueBytesMax);
}

std::string member_text(json const& member) {
    if (member.value("Bookkeeping", false)) return {};
    auto const path = member.value("Member", "");
    if (member.value("Secret", false)) return fmt::format("    {}: a secret differs\n", path);
    return fmt::format("    {}: {} → {}\n", path, value_text(member, "Before"),
                       value_text(member, "After"));
}

std::string changes_text(json const& answer) {
    std::string text;
    for (auto const& change : answer.value("Changes", json::array())) {
        text += fmt::format("  {}\n", change.value("What", ""));
        for (auto const& member : change.value("Members", json::array()))
            text += member_text(member);
    }
    for (auto const& warning : answer.value("Warnings", json::array()))
        text += fmt::format("  warning: {}\n", warning.get<std::string>());
    return text;
}

std::string copies_text(json const& answer) {
    std::string text;
    for (auto const& copy : answer.value("Copies", json::array())) {
        auto const name = copy.value("Copy", "");
        if (copy.contains("SendingSince"))
            text +=
                fmt::format("  {}: being sent since {}\n", name, copy.value("SendingSince", ""));
        if (copy.contains("Error")) {
            text += fmt::format("  {}: not sent: {}\n", name, copy.value("Error", ""));
        } else if (copy.contains("Sent")) {
            text += fmt::format("  {}: sent {}\n", name, copy.value("Sent", ""));
        } else if (!copy.contains("SendingSince")) {
            text += fmt::format("  {}: not sent since the server started\n", name);
        }
    }
    return text;
}

// When something was last proven, and what the last look at it found.
std::string proof_text(std::string const& name, json const& proofs) {
    auto text = proofs.contains("Proven") ? fmt::format("{} last proven {} by {}\n", name,
                                                        proofs["Proven"].value("ProvenAsOf", ""),
                                                        proofs["Proven"].value("By", ""))
                                          : fmt::format("{} never proven\n", name);
    if (!proofs.contains("Last")) return text;
    auto const problems = proofs["Last"].value("Problems", json::array());
    if (problems.empty()) return text;
    return text + fmt::format("         at {}: {}\n", proofs["Last"].value("Began", ""),
                              counted(problems.size(), "problem"));
}

std::string baseline_path(std::string const& name) {
    return "baselines/" + wire::percent_encoded(name);
}

}  // namespace

io::Task<> create_baseline(Connection connection, Clock const& clock, std::string name,
                           std::string message, Output output) {
    MERIDIAN_CO_TRY(
        bool const said,
        co_await only_said(
            connection, clock, output,
            {.does = fmt::format("name the state of now{}", name.empty() ? "" : " " + name),
             .about = "baselines",
             .makes = name.empty() ? std::string() : "baselines/" + wire::percent_encoded(name)}));
    if (said) co_return Result<void>{};
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
        co_return Result<void>{};
    }
    output.print(fmt::format("commit {}, {} behind the region\n", answer.value("Head", ""),
                             counted(answer.value("Behind", 0U), "change")));
    for (auto const& trouble : answer.value("Troubles", json::array())) {
        output.print(fmt::format("it cannot follow the {}'s log since {}: {}\n",
                                 trouble.value("Log", ""), trouble.value("Since", ""),
                                 trouble.value("Error", "")));
    }
    for (auto const& level : answer.value("Levels", json::array()))
        output.print(proof_text(fmt::format("{:<8}", level.value("Level", "")), level));
    for (auto const& copy : answer.value("Copies", json::array()))
        output.print(proof_text(copy.value("Copy", ""), copy));
    co_return Result<void>{};
}

io::Task<> verify_vault(Connection connection, Clock const& clock, VerifyOptions options,
                        Output output) {
    json body = {{"Level", options.level}};
    if (!options.baseline.empty()) body["Baseline"] = options.baseline;
    if (!options.copy.empty()) body["Copy"] = options.copy;
    if (!options.part.empty()) {
        unsigned part = 0, parts = 0;
        int end = 0;
        auto const read = std::sscanf(options.part.c_str(), "%u/%u%n", &part, &parts, &end);
        if (read != 2 || static_cast<std::size_t>(end) != options.part.size())
            co_return fail(Errc::kInvalidParameterValue, "--part is N/T, such as 3/8.");
        body["Part"] = part;
        body["Parts"] = parts;
    }
    MERIDIAN_CO_TRY(auto const answer, co_await run_job(std::move(connection), clock,
                                                        "vault/verify", std::move(body), output));
    auto const problems = answer.value("Problems", json::array());
    if (output.json) {
        print_json(output, answer);
    } else {
        auto const number = [&](char const* member, std::string_view noun) {
            return counted(answer.value(member, std::uint64_t{0}), noun);
        };
        auto const level = answer.value("Level", "");
        output.print(fmt::format(
            "{}: {} and {}{}\n", level, number("Records", "record"), number("Packages", "package"),
            answer.value("Bytes", std::uint64_t{0}) == 0
                ? ""
                : fmt::format(", {} read and compared", number("Bytes", "byte"))));
        if (answer.contains("Functions"))
            output.print(
                fmt::format("{} restored into a scratch region\n", number("Functions", "version")));
        if (answer.contains("Initialised")) {
            output.print(fmt::format("{} started there, {} answered as recorded\n",
                                     number("Initialised", "version"),
                                     number("Answered", "test event")));
        }
        for (auto const& note : answer.value("Notes", json::array()))
            output.print(fmt::format("  note: {}\n", note.get<std::string>()));
        for (auto const& problem : problems)
            output.print(fmt::format("  {}\n", problem.get<std::string>()));
    }
    if (problems.empty()) co_return Result<void>{};
    co_return fail(Errc::kCorrupt,
                   fmt::format("The {} has {}.", options.copy.empty() ? "vault" : "copy",
                               counted(problems.size(), "problem")));
}

io::Task<> create_backup(Connection connection, Clock const& clock, std::string message,
                         Output output) {
    MERIDIAN_CO_TRY(
        bool const said,
        co_await only_said(
            connection, clock, output,
            {.does = std::string("make a backup of the state of now and send it to every copy"),
             .about = "backups"}));
    if (said) co_return Result<void>{};
    json body = json::object();
    if (!message.empty()) body["Message"] = message;
    MERIDIAN_CO_TRY(auto const made, co_await run_job(std::move(connection), clock, "backups",
                                                      std::move(body), output));
    std::size_t failed = 0;
    for (auto const& copy : made.value("Copies", json::array()))
        failed += copy.contains("Error") ? 1 : 0;
    if (output.json) {
        print_json(output, made);
    } else {
        output.print(one_line(made) + copies_text(made) +
                     fmt::format("Restore it with: meridian restore --baseline {}\n",
                                 made.value("Name", "")));
    }
    if (failed == 0) co_return Result<void>{};
    co_return fail(Errc::kUnavailable,
                   fmt::format("{} did not get the backup.", counted(failed, "copy")));
}

io::Task<> list_backups(Connection connection, Clock const& clock, Output output) {
    MERIDIAN_CO_TRY(auto const answer,
                    co_await ask(std::move(connection), clock, "GET", "backups"));
    if (output.json) {
        print_json(output, answer);
    } else {
        for (auto const& backup : answer.value("Backups", json::array()))
            output.print(one_line(backup));
        output.print(copies_text(answer));
    }
    co_return Result<void>{};
}

io::Task<> prune_backups(Connection connection, Clock const& clock, PruneOptions options,
                         Output output) {
    json body = json::object();
    if (options.last) body["Last"] = *options.last;
    if (options.hourly) body["Hourly"] = *options.hourly;
    if (options.daily) body["Daily"] = *options.daily;
    if (options.dry_run) body["DryRun"] = true;
    MERIDIAN_CO_TRY(auto const answer, co_await ask(std::move(connection), clock, "POST",
                                                    "backups/prune", std::move(body)));
    auto const removed = answer.value("Removed", json::array());
    if (output.json) {
        print_json(output, answer);
        co_return Result<void>{};
    }
    for (auto const& name : removed) output.print(fmt::format("  {}\n", name.get<std::string>()));
    output.print(fmt::format(
        "{} {}; what was named stays in the history: `meridian restore --at`.\n",
        options.dry_run ? "Would remove" : "Removed", counted(removed.size(), "backup")));
    co_return Result<void>{};
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
    MERIDIAN_CO_TRY(auto const answer, co_await run_job(std::move(connection), clock, "restores",
                                                        std::move(body), output));
    if (output.json) {
        print_json(output, answer);
        co_return Result<void>{};
    }
    output.print(changes_text(answer));
    auto const count = answer.value("Changes", json::array()).size();
    output.print(fmt::format("{} {} from commit {}; {} unchanged.\n",
                             options.dry_run ? "Would apply" : "Applied", counted(count, "change"),
                             answer.value("Commit", "").substr(0, 12),
                             counted(answer.value("Unchanged", 0U), "record")));
    for (auto const& function : answer.value("NotReady", json::array())) {
        output.print(fmt::format("{} cannot be invoked: {}\n", function.value("Function", ""),
                                 function.value("Reason", "")));
    }
    if (!options.dry_run && count != 0) {
        output.print(
            "What stood there before is in the vault: meridian restore --at with a time before "
            "now brings it back.\n");
    }
    co_return Result<void>{};
}

io::Task<> restore_with_way_back(Connection connection, Clock const& clock, std::string name_prefix,
                                 RestoreOptions options, Output output) {
    if (options.dry_run)
        co_return co_await restore(std::move(connection), clock, std::move(options), output);
    auto const now = std::chrono::floor<std::chrono::milliseconds>(clock.wall_now());
    auto const second = std::chrono::floor<std::chrono::seconds>(now);
    auto const before =
        fmt::format("{}-{:%Y-%m-%dT%H-%M-%S}-{:03}Z", name_prefix, second, (now - second).count());
    auto const region = connection.region;
    MERIDIAN_CO_CHECK(co_await ask(
        connection, clock, "POST", "baselines",
        {{"Name", before}, {"Message", fmt::format("before {} came", options.baseline)}}));
    auto done = co_await restore(std::move(connection), clock, std::move(options), output);
    auto const way_back =
        fmt::format("Undo it with: meridian baseline rollback {} --region {}", before, region);
    // It may have been applied in part.
    if (!done) co_return fail(done.error().code, done.error().message + "\n" + way_back);
    if (!output.json) output.print(way_back + "\n");
    co_return Result<void>{};
}

}  // namespace meridian::cli
