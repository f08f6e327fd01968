#include "bin/scratch_region.h"

#include <fmt/format.h>

#include "base/random.h"
#include "io/sleep.h"
#include "wire/arn.h"

namespace meridian::bin {
namespace {

constexpr auto kInitialiseMax = std::chrono::seconds(60);
constexpr auto kPollInterval = std::chrono::milliseconds(2);

// A function that is run to prove a backup is to change nothing: it reaches no region, least of all
// the real ones, which would take its credentials.
class NoApi final : public invoke::RegionApi {
  public:
    asio::awaitable<HttpResponse> handle(HttpRequest) override {
        auto response = refusal(403, "A backup is being verified: functions reach no API.");
        response.headers.add("x-amzn-ErrorType", "AccessDeniedException");
        co_return response;
    }
    [[nodiscard]] std::size_t body_bytes_max(HttpRequest const& head) const override {
        return api::Front::body_bytes_max(head);
    }
    [[nodiscard]] HttpResponse refusal(int status, std::string reason) const override {
        return api::Front::refusal(status, std::move(reason));
    }
};

class ScratchRegion final : public vault::ScratchRegion {
  public:
    ScratchRegion(RegionHost const& host, std::filesystem::path directory)
        : clock_(host.clock),
          random_(host.random),
          pool_(host.pool),
          directory_(std::move(directory)) {}

    io::Task<> start(RegionHost host, model::RegionName name, vault::VaultKeeper& source) {
        MERIDIAN_CO_CHECK(co_await remove_files());
        // Of one process, not of the region's servers: always a file, never a vault of its own.
        host.store_url.clear();
        host.vault_secrets = nullptr;
        host.functions_api = &no_api_;
        MERIDIAN_CO_TRY(region_, Region::open(std::move(host), std::move(name), directory_));
        MERIDIAN_CO_CHECK(co_await region_->start(region_->store(), iam_copies_));
        region_->restore_from(source);
        co_return Result<void>{};
    }

    [[nodiscard]] vault::Restorer& restorer() override { return *region_->restorer(); }

    io::Task<> unpack(model::CodeSha256 sha256) override {
        MERIDIAN_CO_CHECK(co_await region_->code().open_unpacked(std::move(sha256)));
        co_return Result<void>{};
    }

    io::Task<> initialise(model::AccountId account, model::FunctionName function,
                          model::Version version) override {
        auto const services = region_->services();
        auto const over = clock_.monotonic_now() + kInitialiseMax;
        MERIDIAN_CO_CHECK(co_await wait_until_active(account, function, version, over));
        services.invoker.provision(account, function, version, 1);
        auto done = fail(Errc::kDeadlineExceeded, "its environment did not start in time");
        for (;;) {
            auto const status = services.invoker.provisioned_status(account, function, version);
            if (status.initialised != 0) {
                services.invoker.provision(account, function, version, 0);
                co_return Result<void>{};
            }
            // A proof does not try again.
            bool const failed = status.failed_inits != 0;
            if (failed) done = fail(Errc::kInternal, "its Init phase failed");
            if (failed || clock_.monotonic_now() > over) break;
            MERIDIAN_CO_CHECK(co_await io::sleep_for(kPollInterval));
        }
        services.invoker.provision(account, function, version, 0);
        co_return done;
    }

    io::Task<std::string> invoke(model::AccountId account, model::FunctionName function,
                                 std::string payload) override {
        auto const over = clock_.monotonic_now() + kInitialiseMax;
        MERIDIAN_CO_CHECK(
            co_await wait_until_active(account, function, model::Version(model::kLatest), over));
        invoke::InvokeRequest request{
            .account = account,
            .name = function,
            .qualifier = {},
            .request_id = model::RequestId(make_uuid(random_)),
            .invoked_arn = wire::function_arn(region_->name(), account, function),
            .payload = std::move(payload)};
        MERIDIAN_CO_TRY(auto result,
                        co_await region_->services().invoker.invoke(std::move(request)));
        if (result.function_error) {
            co_return fail(Errc::kInternal, fmt::format("the function failed: {}", result.payload));
        }
        co_return std::move(result.payload);
    }

    asio::awaitable<void> end() override {
        if (region_) co_await region_->stop();
        region_.reset();
        (void)co_await remove_files();
    }

  private:
    io::Task<> wait_until_active(model::AccountId const& account,
                                 model::FunctionName const& function, model::Version const& version,
                                 MonotonicTime over) {
        for (;;) {
            auto const found = region_->services().control.published().find(
                account.value(), function.value(), version.value());
            auto const state = found ? found->status.state : model::State::kPending;
            if (state == model::State::kActive) co_return Result<void>{};
            if (state == model::State::kFailed)
                co_return fail(Errc::kInternal, "its code cannot be prepared");
            if (clock_.monotonic_now() > over)
                co_return fail(Errc::kDeadlineExceeded, "it does not become Active");
            MERIDIAN_CO_CHECK(co_await io::sleep_for(kPollInterval));
        }
    }

    io::Task<> remove_files() {
        co_return co_await io::blocking(pool_, [directory = directory_]() -> Result<void> {
            std::error_code error;
            std::filesystem::remove_all(directory, error);
            if (!error) return {};
            return fail(Errc::kIo,
                        fmt::format("cannot remove {}: {}", directory.string(), error.message()));
        });
    }

    Clock const& clock_;
    Random& random_;
    io::BlockingPool& pool_;
    std::filesystem::path const directory_;
    NoApi no_api_;
    std::vector<regions::AccountFollower*> iam_copies_;
    std::unique_ptr<Region> region_;
};

}  // namespace

io::Task<std::unique_ptr<vault::ScratchRegion>> make_scratch_region(RegionHost host,
                                                                    model::RegionName name,
                                                                    std::filesystem::path directory,
                                                                    vault::VaultKeeper& source) {
    auto made = std::make_unique<ScratchRegion>(host, std::move(directory));
    auto const started = co_await made->start(std::move(host), std::move(name), source);
    if (!started) {
        co_await made->end();
        co_return std::unexpected(started.error());
    }
    co_return std::unique_ptr<vault::ScratchRegion>(std::move(made));
}

}  // namespace meridian::bin
