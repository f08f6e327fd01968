// meridian: the command line.

#include <cstdio>
#include <cstdlib>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "bin/configuration.h"
#include "bin/deploy_options.h"
#include "bin/doctor.h"
#include "bin/pipeline_options.h"
#include "bin/repository_options.h"
#include "bin/runtime_command.h"
#include "bin/transfer_options.h"
#include "bin/up.h"
#include "bin/vault_options.h"
#include "cli/connection.h"
#include "cli/logs_command.h"
#include "cli/metrics_command.h"
#include "io/system_clock.h"

namespace meridian::bin {
namespace {

std::optional<std::string> environment(char const* name) {
    auto const* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

int failed(Error const& error) {
    fmt::print(stderr, "meridian: {}\n", error.message);
    return 1;
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

// Runs `command(connection, clock)` to its end: the program's status.
template <typename Command>
int run_client(cli::ConnectionFlags const& flags, Command const& command) {
    auto const connection = cli::find_connection(flags, environment);
    if (!connection) return failed(connection.error());
    io::SystemClock const clock;
    asio::io_context context(1);
    int status = 0;
    asio::co_spawn(context, command(*connection, clock),
                   [&](std::exception_ptr exception, Result<void> result) {
                       if (exception) std::rethrow_exception(exception);
                       if (!result) status = failed(result.error());
                   });
    context.run();
    return status;
}

int run(int argc, char** argv) {
    CLI::App app{"Meridian: AWS Lambda that you run yourself, in several regions."};
    app.require_subcommand(1);
    auto const data_default = cli::default_data_directory(environment, ::geteuid() == 0);

    auto* const up_command =
        app.add_subcommand("up", "Start the regions on this machine, until SIGTERM or Ctrl-C");
    UpOptions up_options{
        .data = data_default, .runtimes = default_runtimes_directory(), .passed_on = {}};
    std::string regions = "us-east-1,sa-east-1", auth = "sigv4", account = "123456789012",
                host = "127.0.0.1";
    std::uint16_t port = 4600;
    std::uint32_t idle_lifetime = 600, account_concurrency = 1000, stop_timeout = 30;
    bool verbose = false;
    up_command->add_option("--data", up_options.data, "Data directory")->capture_default_str();
    up_command->add_option("--port", port, "Port of the API; 0 takes a free one")
        ->capture_default_str();
    up_command->add_option("--host", host, "Loopback address of the API")->capture_default_str();
    up_command->add_option("--regions", regions, "Regions, separated by commas")
        ->capture_default_str();
    up_command
        ->add_option("--auth", auth, "sigv4, or off: any signature is accepted (loopback only)")
        ->check(CLI::IsMember({"sigv4", "off"}))
        ->capture_default_str();
    up_command
        ->add_option(
            "--account", account,
            "Account ids, 12 digits each, with commas between; the first one's root is [default]")
        ->capture_default_str();
    std::string store;
    up_command->add_option("--store", store,
                           "PostgreSQL database for functions and IAM (postgres://…, also "
                           "$MERIDIAN_STORE); otherwise a file a region");
    std::string vault = "on";
    up_command
        ->add_option("--vault", vault,
                     "on, or off: whether regions keep every change in DIR/REGION/vault.git")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    std::string config_file;
    up_command->add_option("--config", config_file,
                           "meridian.yaml: backups, how they are verified, and builds");
    std::string build_registries;
    up_command->add_option("--build-registries", build_registries,
                           "Hosts that builds may reach, with commas between; public: those of "
                           "PyPI, npm, Go and crates.io; none: builds have no network");
    std::string metrics_port = "0";
    up_command
        ->add_option("--metrics-port", metrics_port,
                     "Port of /metrics for Prometheus; 0 takes a free one, written to "
                     "DIR/metrics-endpoint; off: none")
        ->capture_default_str();
    up_command->add_option("--runtimes", up_options.runtimes, "Directory of runtime bundles")
        ->capture_default_str();
    up_command
        ->add_option("--idle-lifetime", idle_lifetime, "Seconds that an idle environment is kept")
        ->capture_default_str();
    up_command
        ->add_option("--account-concurrency", account_concurrency,
                     "Concurrent executions per region")
        ->capture_default_str();
    up_command
        ->add_option("--stop-timeout", stop_timeout,
                     "Seconds until a stop that hangs is cut short; two thirds of them are for "
                     "invocations in progress")
        ->capture_default_str();
    up_command->add_flag("--verbose", verbose, "Log more");

    auto* const logs_command = app.add_subcommand("logs", "Show what a function wrote");
    cli::LogsOptions logs_options;
    cli::ConnectionFlags flags{
        .endpoint_url = {}, .region = {}, .profile = {}, .data = data_default};
    logs_command->add_option("function", logs_options.function, "Function name or ARN")->required();
    logs_command->add_flag("--follow,-f", logs_options.follow, "Go on until Ctrl-C");
    logs_command->add_flag("--json", logs_options.json, "One JSON object a line");
    add_connection_options(logs_command, flags);
    auto* const metrics_command =
        app.add_subcommand("metrics", "Show how often a function ran, how long, and how it ended");
    cli::MetricsOptions metrics_options;
    std::string metrics_since = "5m";
    std::uint32_t metrics_period = 60;
    metrics_command->add_option("function", metrics_options.function, "Function name or ARN")
        ->required();
    metrics_command->add_option("--qualifier", metrics_options.qualifier,
                                "What was called through this alias or version alone");
    metrics_command->add_option("--since", metrics_since, "How far back: 90s, 5m, 2h, up to 1d")
        ->capture_default_str();
    metrics_command
        ->add_option("--period", metrics_period,
                     "Seconds of each line; other than multiples of 60 for the last 15 minutes")
        ->check(CLI::Range(1U, 86'400U))
        ->capture_default_str();
    metrics_command->add_flag("--json", metrics_options.json, "One JSON object a line");
    metrics_command->add_flag("--watch", metrics_options.watch, "Again and again until Ctrl-C");
    add_connection_options(metrics_command, flags);
    VaultCommands vault_commands(app, flags);
    RepositoryCommands repository_commands(app, flags);
    PipelineCommands pipeline_commands(app, flags);
    TransferCommands transfer_commands(app, flags, environment);
    DeployCommands deploy_commands(app, transfer_commands.imports(), flags, environment);

    auto* const doctor_command = app.add_subcommand(
        "doctor", "Say what this machine gives to the sandbox, and what is weaker");
    bool doctor_json = false;
    doctor_command->add_flag("--json", doctor_json, "As JSON");

    auto* const runtime_command =
        app.add_subcommand("runtime", "The runtimes that functions can use here");
    runtime_command->require_subcommand(1);
    auto* const runtime_list =
        runtime_command->add_subcommand("list", "Known and installed runtimes");
    auto* const runtime_build = runtime_command->add_subcommand("build", "Install a runtime");
    std::string runtime_name;
    runtime_build->add_option("name", runtime_name, "For example python3.11")->required();
    bool runtime_json = false, runtime_dry_run = false;
    for (auto* const command : {runtime_list, runtime_build})
        command->add_flag("--json", runtime_json, "The answer as JSON");
    add_dry_run(runtime_build, runtime_dry_run);

    CLI11_PARSE(app, argc, argv);

    if (*up_command) {
        up_options.passed_on = {"--host",
                                host,
                                "--port",
                                std::to_string(port),
                                "--regions",
                                regions,
                                "--auth",
                                auth,
                                "--account",
                                account,
                                "--idle-lifetime",
                                std::to_string(idle_lifetime),
                                "--account-concurrency",
                                std::to_string(account_concurrency),
                                "--vault",
                                vault,
                                "--metrics-port",
                                metrics_port,
                                "--stop-timeout",
                                std::to_string(stop_timeout)};
        if (!store.empty())
            up_options.passed_on.insert(up_options.passed_on.end(), {"--store", store});
        if (!build_registries.empty())
            up_options.passed_on.insert(up_options.passed_on.end(),
                                        {"--build-registries", build_registries});
        if (!config_file.empty()) {
            // meridiand may not be allowed to read the file: it gets what stands in it.
            auto const text = read_checked_configuration(config_file);
            if (!text) return failed(text.error());
            up_options.passed_on.insert(up_options.passed_on.end(), {"--config", *text});
        }
        if (verbose) up_options.passed_on.emplace_back("--verbose");
        return failed(up(up_options).error());
    }
    if (*logs_command) {
        return run_client(flags, [&](cli::Connection connection, Clock const& clock) {
            return cli::show_logs(std::move(connection), clock, logs_options, print);
        });
    }
    if (*metrics_command) {
        auto const since = cli::parse_span(metrics_since);
        if (!since) return failed(since.error());
        metrics_options.since = *since;
        metrics_options.period = std::chrono::seconds(metrics_period);
        metrics_options.screen = ::isatty(STDOUT_FILENO) == 1;
        return run_client(flags, [&](cli::Connection connection, Clock const& clock) {
            return cli::show_metrics(std::move(connection), clock, metrics_options, print);
        });
    }
    if (auto const command = vault_commands.chosen()) return run_client(flags, *command);
    if (auto const command = repository_commands.chosen()) return run_client(flags, *command);
    if (auto const done = pipeline_commands.checked()) return *done ? 0 : failed(done->error());
    if (auto const command = pipeline_commands.chosen()) return run_client(flags, *command);
    if (auto const command = deploy_commands.chosen()) return run_client(flags, *command);
    if (auto const command = transfer_commands.chosen()) return run_client(flags, *command);
    if (*doctor_command) {
        fmt::print("{}", doctor(default_runtimes_directory(), doctor_json));
        return 0;
    }
    if (*runtime_list) {
        auto const text = list_runtimes(default_runtimes_directory(), runtime_json);
        if (!text) return failed(text.error());
        fmt::print("{}", *text);
        return 0;
    }
    auto const status = build_runtime(runtime_name, default_runtimes_directory(),
                                      standard_output(runtime_json, runtime_dry_run));
    return status ? *status : failed(status.error());
}

}  // namespace
}  // namespace meridian::bin

int main(int argc, char** argv) { return meridian::bin::run(argc, argv); }
