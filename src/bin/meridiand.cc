// meridiand: hosts regions behind one port. Started by meridian-jailer (see `meridian up`), without
// privileges.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/front.h"
#include "bin/configuration.h"
#include "bin/data_lock.h"
#include "bin/functions_api.h"
#include "bin/key_file.h"
#include "bin/memory_return.h"
#include "bin/metrics_endpoint.h"
#include "bin/object_source.h"
#include "bin/pipeline_runner.h"
#include "bin/region.h"
#include "bin/root_credentials.h"
#include "bin/stop_watchdog.h"
#include "crypto/system_random.h"
#include "io/durable_file.h"
#include "io/system_clock.h"
#include "model/limits.h"
#include "sandbox/jailer_client.h"
#include "telemetry/stderr_log.h"

namespace meridian::bin {
namespace {

namespace fs = std::filesystem;
namespace limits = model::limits;

constexpr std::size_t kBlockingThreads = 2;
constexpr int kLateStopStatus = 3;
// What functions asked for ends soon after their environments.
constexpr std::chrono::milliseconds kLastRequestsGrace{1'000};

struct Options {
    fs::path data;
    std::string shown_data;  // as the user named it; `data` may be a mount of it
    std::string host = "127.0.0.1";
    std::uint16_t port = 4600;
    std::vector<std::string> regions = {"us-east-1", "sa-east-1"};
    std::string auth = "sigv4";
    std::vector<std::string> accounts = {"123456789012"};
    std::string vault = "on";
    std::string metrics_port = "0";  // or "off"
    std::string store;               // a PostgreSQL URL; empty: SQLite
    Configuration configuration;
    fs::path runtimes;
    std::uint32_t idle_lifetime_seconds = 600;
    std::uint32_t account_concurrency = limits::kAccountConcurrencyMax;
    std::chrono::seconds stop_timeout{30};
    bool verbose = false;

    // How long a stop waits for invocations in progress before it ends them.
    [[nodiscard]] std::chrono::milliseconds drain_grace() const { return stop_timeout * 2 / 3; }
};

class BundleCatalog final : public control::InstalledRuntimes {
  public:
    explicit BundleCatalog(invoke::RuntimeBundles const& bundles) : bundles_(bundles) {}
    [[nodiscard]] bool is_installed(std::string_view runtime) const override {
        return bundles_.find(std::string(runtime)) != nullptr;
    }

  private:
    invoke::RuntimeBundles const& bundles_;
};

std::string_view text_of(sandbox::Weakness weakness) {
    switch (weakness) {
        case sandbox::Weakness::kNoMemoryLimit:
            return "no memory limit";
        case sandbox::Weakness::kNoCpuLimit:
            return "no CPU limit";
        case sandbox::Weakness::kNoProcessLimit:
            return "no process limit";
        case sandbox::Weakness::kTmpOnTmpfs:
            return "/tmp counts as memory";
        case sandbox::Weakness::kSharedHostUid:
            return "all sandboxes run as one host user";
        case sandbox::Weakness::kNoFreezer:
            return "idle environments are not frozen";
        case sandbox::Weakness::kNoNetworkNamespace:
            return "no network namespace";
        case sandbox::Weakness::kNoUserNamespace:
            return "no user namespace";
        case sandbox::Weakness::kNoSeccomp:
            return "no system call filter";
    }
    return "?";
}

// `metrics` is empty where there are none.
void print_ready(Options const& options, std::string const& endpoint, std::string const& metrics) {
    auto const& data = options.shown_data;
    fmt::print(
        "\nMeridian is ready at {0}\n"
        "Regions: {1}\n"
        "Credentials: {2}/credentials (profile file for AWS's own tools; settings in "
        "{2}/config)\n\n"
        "  export AWS_ENDPOINT_URL={0} AWS_SHARED_CREDENTIALS_FILE={2}/credentials "
        "AWS_CONFIG_FILE={2}/config\n\n"
        "  aws iam create-role --role-name r --assume-role-policy-document "
        "'{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{"
        "\"Service\":"
        "\"lambda.amazonaws.com\"}},\"Action\":\"sts:AssumeRole\"}}]}}' && aws lambda "
        "create-function --function-name f "
        "--runtime python3.11 --handler app.handler --role arn:aws:iam::{3}:role/r --zip-file "
        "fileb://f.zip\n"
        "  aws lambda invoke --function-name f /dev/stdout\n"
        "  aws lambda list-functions\n"
        "  meridian logs f --follow\n\n",
        endpoint, fmt::join(options.regions, ", "), data, options.accounts.front());
    nlohmann::json ready = {{"ready", true}, {"endpoint", endpoint}, {"regions", options.regions}};
    if (!metrics.empty()) {
        fmt::print("Metrics for Prometheus: {}\n", metrics);
        ready["metrics"] = metrics;
    }
    fmt::print("{}\n", ready.dump());
    std::fflush(stdout);
}

void print_recovery_key(std::string const& key) {
    fmt::print(
        "\nRecovery key: {}\n"
        "It opens what the vaults seal, on a machine that has nothing but a vault. It is shown "
        "only "
        "now and kept nowhere: write it down, and keep it away from this machine.\n",
        key);
}

io::Task<> serve(Options options, Clock const& clock, Random& random, Log& log, io::UniqueFd jailer,
                 StopWatchdog& watchdog) {
    auto const executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGTERM, SIGINT);

    io::BlockingPool pool({.threads = kBlockingThreads});
    MERIDIAN_CO_TRY(auto const credentials,
                    RootCredentials::load_or_create(
                        options.data / "credentials",
                        {options.accounts.begin(), options.accounts.end()}, random));
    MERIDIAN_CO_TRY(auto const account_key,
                    load_or_create_key(options.data / "account.key", random));
    iam::SecretKeys const secrets(account_key);
    std::optional<VaultSecrets> vault_secrets;
    if (options.vault == "on") {
        MERIDIAN_CO_TRY(vault_secrets, load_or_create_vault_secrets(options.data, random));
    }
    MERIDIAN_CO_TRY(auto const sandboxes,
                    co_await sandbox::JailerClient::connect(executor, std::move(jailer)));
    for (auto const weakness : sandboxes->weaknesses()) {
        log.write(LogLevel::kWarn, "this host cannot enforce a limit; see `meridian doctor`",
                  {{"weakness", std::string(text_of(weakness))}});
    }
    std::vector<std::string> problems;
    auto const bundles = invoke::RuntimeBundles::load(options.runtimes, problems);
    for (auto const& problem : problems)
        log.write(LogLevel::kWarn, "a runtime is left out", {{"problem", problem}});
    BundleCatalog const installed(bundles);
    control::KnownRuntimeCatalog const catalog(installed);

    MERIDIAN_CO_TRY(auto const objects, object_source_from_environment(executor, clock, log));
    std::optional<repositories::GitProgram> git;
    if (auto found = co_await repositories::GitProgram::find()) {
        git = std::move(*found);
    } else {
        log.write(LogLevel::kWarn, "git repositories are not served",
                  {{"error", found.error().message}});
    }
    std::string endpoint;
    FunctionsApi functions_api;
    RegionHost const shared{
        .executor = executor,
        .pool = pool,
        .clock = clock,
        .random = random,
        .log = log,
        .sandboxes = *sandboxes,
        .bundles = bundles,
        .functions_api = &functions_api,
        .runtimes = catalog,
        .root_credentials = credentials,
        .secrets = secrets,
        .records_key = crypto::derive_key(account_key, "records"),
        .objects = *objects,
        .store_url = options.store,
        .git = git,
        .vault_secrets = vault_secrets ? &*vault_secrets : nullptr,
        .backup_plan = options.configuration.backup,
        .invoker_options = {.account_concurrency = options.account_concurrency,
                            .idle_lifetime = std::chrono::seconds(options.idle_lifetime_seconds)},
        .build_settings = options.configuration.build,
        .endpoint = endpoint};
    std::vector<regions::AccountFollower*> iam_copies;
    std::vector<std::unique_ptr<Region>> regions;
    for (auto const& name : options.regions) {
        MERIDIAN_CO_TRY(auto region,
                        Region::open(shared, model::RegionName{name}, options.data / name));
        regions.push_back(std::move(region));
    }
    MERIDIAN_CO_TRY(auto* const iam_home,
                    co_await find_iam_home(regions, model::AccountId{options.accounts.front()}));

    api::Front front(
        {.verify_signatures = options.auth != "off", .anonymous = credentials.caller()}, clock,
        random, log);
    for (auto const& region : regions) {
        MERIDIAN_CO_CHECK(co_await region->start(iam_home->store(), iam_copies));
        front.add_region(region->services());
    }
    for (auto const& region : regions) region->begin_jobs(front.keeper_of());

    io::HttpServerOptions http;
    http.header_bytes_max = limits::kHeaderBytesMax;
    http.header_fields_max = limits::kHeaderFieldsMax;
    http.connections_max = limits::kHttpConnectionsMax;
    http.body_bytes_max = api::Front::body_bytes_max;
    http.discarded_bytes_max = limits::kDiscardedBodyBytesMax;
    http.idle_timeout = limits::kHttpIdleTimeout;
    http.head_timeout = limits::kHttpHeadTimeout;
    http.body_stall_timeout = limits::kHttpBodyStallTimeout;
    http.refusal = api::Front::refusal;
    http.streaming = {
        .wanted = api::Front::is_git,
        .early_answer = [&front](HttpRequest const& head) { return front.refuse_git(head); },
        .handler =
            [&front](io::StreamedRequest request) { return front.handle_git(std::move(request)); },
        .directory = options.data / "spool",
        .pool = &pool};
    std::error_code no_folder;
    fs::create_directories(http.streaming.directory, no_folder);
    if (no_folder) {
        co_return fail(Errc::kIo, fmt::format("cannot make {}/spool: {}", options.shown_data,
                                              no_folder.message()));
    }
    io::HttpServer server(executor, clock, log, std::move(http), [&front](HttpRequest request) {
        return front.handle(std::move(request));
    });
    MERIDIAN_CO_TRY(auto const port, server.listen(options.host, options.port));
    functions_api.open(front);

    auto const host =
        options.host.find(':') == std::string::npos ? options.host : "[" + options.host + "]";
    endpoint = fmt::format("http://{}:{}", host, port);
    MERIDIAN_CO_CHECK(
        io::write_file_durably(options.data / "config",
                               fmt::format("[default]\nregion = {}\nendpoint_url = {}\n",
                                           options.regions.front(), endpoint),
                               0644));
    // Where a scraper finds it; a file of an earlier start would lead astray.
    MetricsEndpoint metrics(executor, clock, log, regions);
    std::string metrics_url;
    auto const url_file = options.data / "metrics-endpoint";
    MERIDIAN_CO_TRY(auto const metrics_port, parse_metrics_port(options.metrics_port));
    if (metrics_port) {
        MERIDIAN_CO_TRY(metrics_url, metrics.listen(options.host, *metrics_port));
        MERIDIAN_CO_CHECK(io::write_file_durably(url_file, metrics_url + "\n", 0644));
    } else {
        std::error_code ignored;
        fs::remove(url_file, ignored);
    }
    if (vault_secrets && vault_secrets->new_recovery_key)
        print_recovery_key(*vault_secrets->new_recovery_key);
    for (auto const& region : regions) {
        MERIDIAN_CO_CHECK(co_await region->resume_pipelines());
    }
    print_ready(options, endpoint, metrics_url);

    auto [error, number] = co_await signals.async_wait(io::kNoThrow);
    log.write(LogLevel::kInfo, "stopping", {{"signal", std::to_string(number)}});
    watchdog.arm();
    co_await metrics.stop();
    // One grace for both: a stop has a bound.
    auto const until = clock.monotonic_now() + options.drain_grace();
    co_await server.stop(options.drain_grace());
    for (auto const& region : regions) co_await region->stop_environments();
    auto const left = std::chrono::floor<std::chrono::milliseconds>(until - clock.monotonic_now());
    co_await functions_api.drain(clock, std::max(left, kLastRequestsGrace));
    for (auto const& region : regions) co_await region->stop();
    co_return Result<void>{};
}

Result<void> check(Options const& options) {
    boost::system::error_code error;
    auto const address = asio::ip::make_address(options.host, error);
    if (error || !address.is_loopback()) {
        return fail(
            Errc::kInvalidParameterValue,
            fmt::format(
                "--host {} is not a loopback address: plain HTTP{} is served on loopback only.",
                options.host, options.auth == "off" ? " without signatures" : ""));
    }
    if (auto const port = parse_metrics_port(options.metrics_port); !port)
        return std::unexpected(port.error());
    for (auto const& account : options.accounts) {
        if (account.size() != 12 || account.find_first_not_of("0123456789") != std::string::npos)
            return fail(Errc::kInvalidParameterValue, "--account needs 12 digits.");
        if (std::ranges::count(options.accounts, account) != 1) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("--account names {} twice.", account));
        }
    }
    for (auto const& region : options.regions) {
        // A region's name becomes a folder's name.
        if (region.empty() || region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") !=
                                  std::string::npos) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("--regions: {} is not a region's name.", region));
        }
        if (std::ranges::count(options.regions, region) != 1) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("--regions names {} twice.", region));
        }
    }
    return {};
}

int run(int argc, char** argv) {
    Options options;
    CLI::App app{"One node of Meridian: hosts regions. Started by `meridian up`."};
    app.add_option("--data", options.data, "Data directory")->required();
    app.add_option("--shown-data", options.shown_data, "The data directory's name in messages");
    app.add_option("--host", options.host, "Loopback address to listen on")->capture_default_str();
    app.add_option("--port", options.port, "Port; 0 takes a free one")->capture_default_str();
    app.add_option("--regions", options.regions, "Regions to host")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--auth", options.auth, "sigv4 or off")
        ->check(CLI::IsMember({"sigv4", "off"}))
        ->capture_default_str();
    app.add_option("--account", options.accounts, "Account ids; the first one's root is [default]")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--store", options.store,
                   "PostgreSQL database for functions and IAM (postgres://…); otherwise a file a "
                   "region")
        ->envname("MERIDIAN_STORE");
    app.add_option("--vault", options.vault, "on or off: keep every change in DIR/REGION/vault.git")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    app.add_option("--metrics-port", options.metrics_port,
                   "Port of /metrics; 0 takes a free one, written to DIR/metrics-endpoint; off")
        ->capture_default_str();
    app.add_option_function<std::string>(
        "--config",
        [&options](std::string const& text) {
            auto read = parse_configuration("--config", text);
            if (!read) throw CLI::ValidationError(read.error().message);
            options.configuration = std::move(*read);
        },
        "The contents of meridian.yaml");
    std::vector<std::string> build_registries;
    app.add_option("--build-registries", build_registries, "Hosts that builds may reach")
        ->delimiter(',');
    app.add_option("--runtimes", options.runtimes, "Directory of runtime bundles")->required();
    app.add_option("--idle-lifetime", options.idle_lifetime_seconds,
                   "Seconds that an idle environment is kept")
        ->check(CLI::Range(1U, 86'400U))
        ->capture_default_str();
    app.add_option("--account-concurrency", options.account_concurrency,
                   "Concurrent executions per region")
        ->check(CLI::Range(1U, 10'000U))
        ->capture_default_str();
    std::uint32_t stop_timeout_seconds = 30;
    app.add_option("--stop-timeout", stop_timeout_seconds,
                   "Seconds until a stop that hangs is cut short")
        ->check(CLI::Range(1U, 3'600U))
        ->capture_default_str();
    app.add_flag("--verbose", options.verbose, "Log more");
    CLI11_PARSE(app, argc, argv);
    options.stop_timeout = std::chrono::seconds(stop_timeout_seconds);
    for (auto const& host : build_registries) {
        if (auto const added = options.configuration.build.registries.add(host); !added) {
            fmt::print(stderr, "meridiand: --build-registries: {}\n", added.error().message);
            return 1;
        }
    }
    if (options.shown_data.empty()) options.shown_data = options.data.string();

    io::SystemClock const clock;
    telemetry::StderrLog log(clock, options.verbose ? LogLevel::kDebug : LogLevel::kInfo);
    auto const failed = [](Error const& error) {
        fmt::print(stderr, "meridiand: {}\n", error.message);
        return 1;
    };
    if (auto const good = check(options); !good) return failed(good.error());
    std::signal(SIGPIPE, SIG_IGN);
    auto jailer = sandbox::JailerClient::take_peer_from_environment();
    if (!jailer) return failed(jailer.error());

    auto const lock = lock_data(options.data, options.shown_data);
    if (!lock) return failed(lock.error());

    crypto::SystemRandom random;
    // The kernel, and the jailer that sees this process end, clear up what it leaves.
    StopWatchdog watchdog(options.stop_timeout, [&log] {
        log.write(LogLevel::kError, "the stop took too long and is cut short", {});
        std::_Exit(kLateStopStatus);
    });
    MemoryReturn const memory_return;
    asio::io_context context(1);
    int status = 0;
    asio::co_spawn(context, serve(options, clock, random, log, std::move(*jailer), watchdog),
                   [&](std::exception_ptr exception, Result<void> result) {
                       if (exception) {
                           try {
                               std::rethrow_exception(exception);
                           } catch (std::exception const& e) {
                               status = failed({Errc::kInternal, e.what()});
                           }
                       } else if (!result) {
                           status = failed(result.error());
                       }
                       context.stop();
                   });
    context.run();
    return status;
}

}  // namespace
}  // namespace meridian::bin

int main(int argc, char** argv) {
    // Without it, each mktime() of a zip's entry asks the file system whether the zone is another.
    ::setenv("TZ", ":/etc/localtime", 0);
    // A runner of a pipeline is this program, too (pipeline_runner.h).
    if (argc == 4 && argv[1] == std::string_view(meridian::bin::kRunPipeline))
        return meridian::bin::run_pipeline(argv[2], argv[3]);
    return meridian::bin::run(argc, argv);
}
