#include "vault/job.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"

namespace meridian::vault {
namespace {

using nlohmann::json;

constexpr int kJobFormat = 2;
constexpr int kJobFormatOfNoCancel = 1;
constexpr std::uint32_t kJobKeyId = 1;
constexpr std::string_view kIdPrefix = "j-";
constexpr std::size_t kIdLettersCount = 9;
constexpr std::string_view kIdLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr JobKind kKinds[] = {JobKind::kRestore, JobKind::kVerify, JobKind::kBackup};
constexpr JobState kStates[] = {JobState::kRunning, JobState::kSucceeded, JobState::kFailed,
                                JobState::kCancelled};

template <typename Value, std::size_t kCount>
std::optional<Value> named(Value const (&values)[kCount], std::string_view name) {
    auto const* const found =
        std::ranges::find(values, name, [](Value value) { return name_of(value); });
    return found == std::end(values) ? std::nullopt : std::optional(*found);
}

std::int64_t job_milliseconds(WallTime time) {
    return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

WallTime job_time(json const& value) {
    return WallTime{std::chrono::milliseconds(value.get<std::int64_t>())};
}

std::unexpected<Error> damaged(std::string_view what) {
    return fail(Errc::kCorrupt, fmt::format("a job cannot be read: {}", what));
}

}  // namespace

std::string_view name_of(JobKind kind) {
    switch (kind) {
        case JobKind::kRestore:
            return "Restore";
        case JobKind::kVerify:
            return "Verify";
        case JobKind::kBackup:
            return "Backup";
    }
    return "?";
}

std::string_view name_of(JobState state) {
    switch (state) {
        case JobState::kRunning:
            return "Running";
        case JobState::kSucceeded:
            return "Succeeded";
        case JobState::kFailed:
            return "Failed";
        case JobState::kCancelled:
            return "Cancelled";
    }
    return "?";
}

bool is_job_id(std::string_view text) {
    return text.size() == kIdPrefix.size() + kIdLettersCount && text.starts_with(kIdPrefix) &&
           text.find_first_not_of(kIdLetters, kIdPrefix.size()) == text.npos;
}

std::string format_job(Job const& job, crypto::AeadKey const& key, Random& random) {
    auto const sealed = crypto::seal(key, kJobKeyId, job.request.dump(), job.id, random);
    json out = {{"format", kJobFormat},
                {"id", job.id},
                {"kind", name_of(job.kind)},
                {"account", job.account.value()},
                {"by", job.by},
                {"request", to_base64(sealed)},
                {"began_ms", job_milliseconds(job.began)},
                {"starts", job.starts},
                {"state", name_of(job.state)},
                {"result", job.result},
                {"error", job.error}};
    if (job.ended) out["ended_ms"] = job_milliseconds(*job.ended);
    if (!job.cancelled_by.empty()) out["cancelled_by"] = job.cancelled_by;
    return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Job> parse_job(std::string_view text, crypto::AeadKey const& key) {
    auto const value = json::parse(text, nullptr, false);
    if (!value.is_object()) return damaged("it is no JSON object");
    try {
        auto const format = value.at("format").get<int>();
        if (format != kJobFormat && format != kJobFormatOfNoCancel)
            return damaged("a newer Meridian wrote it");
        auto const kind = named(kKinds, value.at("kind").get<std::string>());
        auto const state = named(kStates, value.at("state").get<std::string>());
        if (!kind || !state) return damaged("its kind or its state is not known");
        Job job{.id = value.at("id").get<std::string>(),
                .kind = *kind,
                .account = model::AccountId(value.at("account").get<std::string>()),
                .by = value.at("by").get<std::string>(),
                .began = job_time(value.at("began_ms")),
                .starts = value.at("starts").get<std::uint32_t>(),
                .state = *state,
                .result = value.at("result"),
                .error = value.at("error").get<std::string>()};
        if (!is_job_id(job.id)) return damaged("its id is none");
        if (format >= kJobFormat) job.cancelled_by = value.value("cancelled_by", "");
        if (job.state == JobState::kCancelled && job.cancelled_by.empty())
            return damaged("nobody cancelled it");
        if (value.contains("ended_ms")) job.ended = job_time(value["ended_ms"]);
        auto const sealed = from_base64(value.at("request").get<std::string>());
        if (!sealed) return damaged("its request is not base64");
        MERIDIAN_TRY(auto const request, crypto::open(key, *sealed, job.id));
        job.request = json::parse(request, nullptr, false);
        if (!job.request.is_object()) return damaged("its request is no JSON object");
        return job;
    } catch (json::exception const& error) {
        return damaged(error.what());
    }
}

}  // namespace meridian::vault
