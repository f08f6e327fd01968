#include "deploy/rollout_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "deploy/service_calls.h"
#include "io/all.h"
#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::string_view kApi = "/meridian/v1/";
constexpr char const* kInProgress = "InProgress";

bool is_out_of_reach(Errc code) {
    return code == Errc::kUnavailable || code == Errc::kDeadlineExceeded || code == Errc::kIo;
}

bool is_over_already(Error const& error) {
    return error.code == Errc::kResourceConflict && error.message.contains("is over");
}

json hooks_of(RegionPart const& part) {
    json out = json::object();
    for (auto const& hook : part.hooks) out[hook.id] = "Pending";
    return out;
}

// SHA-256 in hex of a CodeSha256.
std::string hex_of(std::string const& sha256) {
    return to_hex(from_base64(sha256).value_or(std::string()));
}

}  // namespace

io::Task<json> RolloutStore::ask(std::string region, std::string method, std::string path,
                                 json body) {
    auto const found = apis_.find(region);
    if (found == apis_.end())
        co_return fail(Errc::kUnavailable, fmt::format("{} is not part of this deploy.", region));
    auto answer = co_await found->second->rest("meridian", method, fmt::format("{}{}", kApi, path),
                                               std::move(body));
    if (!answer) {
        co_return fail(answer.error().code, fmt::format("{}: {}", region, answer.error().message));
    }
    if (!answer->ok()) co_return std::unexpected(error_of(region, *answer));
    co_return std::move(answer->body);
}

io::Task<std::optional<StackRecord>> RolloutStore::stack(std::string region, std::string name,
                                                         bool even_if_active) {
    auto const answer = co_await ask(region, "GET", "stacks/" + wire::percent_encoded(name));
    if (!answer) {
        if (answer.error().code == Errc::kResourceNotFound) co_return std::nullopt;
        co_return std::unexpected(answer.error());
    }
    if (auto const active = answer->value("ActiveRollout", "");
        !active.empty() && !even_if_active) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("{} is being changed in {} by {}: finish it (meridian rollout "
                                   "resume {}) or undo it (meridian rollout abort {}).",
                                   name, region, active, active, active));
    }
    if (!answer->contains("Record")) co_return std::nullopt;
    MERIDIAN_CO_TRY(auto record, parse_stack_record((*answer)["Record"]));
    co_return std::optional(std::move(record));
}

io::Task<> RolloutStore::open(RolloutRecord const& rollout, std::string region) {
    json body = {{"Id", rollout.id},
                 {"Stack", rollout.stack},
                 {"Holder", holder_},
                 {"LeaseSeconds", kLeaseSeconds},
                 {"Summary", summary_of(rollout)},
                 {"Record", to_json(rollout)}};
    MERIDIAN_CO_TRY(auto const made, co_await ask(region, "POST", "rollouts", std::move(body)));
    epochs_[region] = made.value("Epoch", std::uint64_t{1});
    co_return Result<void>{};
}

io::Task<> RolloutStore::create(RolloutRecord const& rollout) {
    std::vector<std::string> written;
    std::optional<Error> refused;
    for (auto const& [region, _] : apis_) {
        auto const opened = co_await open(rollout, region);
        if (!opened) {
            refused = opened.error();
            break;
        }
        written.push_back(region);
    }
    if (!refused) co_return Result<void>{};
    for (auto const& region : written) {
        json body = {{"Epoch", epochs_[region]}, {"State", "NotStarted"}};
        (void)co_await ask(region, "PUT", "rollouts/" + rollout.id, std::move(body));
    }
    co_return std::unexpected(*refused);
}

io::Task<RolloutRecord> RolloutStore::take(std::string id) {
    std::map<std::string, RolloutRecord> copies;
    std::vector<std::string> without;
    std::optional<Error> last;
    for (auto const& [region, _] : apis_) {
        json body = {{"Holder", holder_}, {"LeaseSeconds", kLeaseSeconds}};
        auto const taken =
            co_await ask(region, "POST", "rollouts/" + id + "/lease", std::move(body));
        if (taken) {
            epochs_[region] = taken->value("Epoch", std::uint64_t{0});
            note(*taken);
        } else {
            last = taken.error();
            if (is_out_of_reach(last->code)) unreachable_[region] = last->message;
            if (last->code == Errc::kResourceNotFound) without.push_back(region);
            if (is_out_of_reach(last->code) || last->code == Errc::kResourceNotFound) continue;
            // Where it has ended already, its copy says how.
            if (!is_over_already(*last)) co_return std::unexpected(*last);
            over_.insert(region);
        }
        MERIDIAN_CO_TRY(auto const whole, co_await ask(region, "GET", "rollouts/" + id));
        MERIDIAN_CO_TRY(auto copy, parse_rollout(whole.value("Record", json::object())));
        MERIDIAN_CO_CHECK(take_steps(copy, whole.value("Steps", json::array())));
        copies[region] = std::move(copy);
    }
    if (epochs_.empty()) {
        co_return std::unexpected(
            last.value_or(Error{Errc::kResourceNotFound, "No region knows " + id + ".", {}}));
    }
    auto merged = copies.begin()->second;
    for (auto const& [region, copy] : copies) merged = merge(std::move(merged), copy);
    // What was done in a region is written down there before anywhere else.
    for (auto const& [region, copy] : copies) {
        auto const own = copy.regions.find(region);
        if (own != copy.regions.end()) merged.regions[region].work = own->second.work;
    }
    // Its creation was cut short before it came to these.
    for (auto const& region : without) {
        MERIDIAN_CO_CHECK(co_await open(merged, region));
    }
    co_return merged;
}

void RolloutStore::note(json const& answer) {
    signals_.abort = signals_.abort || answer.value("AbortRequested", false);
    for (auto const& [id, status] : answer.value("Hooks", json::object()).items()) {
        if (status.is_string() && status != "Pending") signals_.hooks[id] = status;
    }
}

void RolloutStore::add_step(RolloutRecord& rollout, std::string const& region,
                            WorkStep const& step) {
    auto const number = ++rollout.regions.at(region).sequence;
    unwritten_[region][std::to_string(number)] = step_record(region, step);
    changed_stacks_.insert(region);
}

json RolloutStore::take_unwritten(std::string const& region) {
    auto const found = unwritten_.find(region);
    if (found == unwritten_.end()) return json::object();
    auto steps = std::move(found->second);
    unwritten_.erase(found);
    return steps;
}

void RolloutStore::put_back(std::string const& region, json const& steps) {
    if (!steps.empty()) unwritten_[region].update(steps);
}

io::Task<> RolloutStore::write(RolloutRecord& rollout, std::string region, std::string state) {
    struct Turn {
        std::shared_ptr<io::OneShot<bool>> ended = std::make_shared<io::OneShot<bool>>();
        Turn() = default;
        Turn(Turn const&) = delete;
        Turn& operator=(Turn const&) = delete;
        ~Turn() { ended->set(true); }
    };
    Turn const turn;
    auto const before = std::exchange(last_writes_[region], turn.ended);
    if (before) (void)co_await before->wait();
    co_return co_await write_now(rollout, std::move(region), std::move(state));
}

io::Task<> RolloutStore::write_now(RolloutRecord& rollout, std::string region, std::string state) {
    auto const epoch = epochs_.find(region);
    if (epoch == epochs_.end())
        co_return fail(Errc::kUnavailable, region + " has no copy of the rollout.");
    bool const over = state != kInProgress;
    json body = {{"Epoch", epoch->second}, {"State", state}, {"Summary", summary_of(rollout)}};
    body["Progress"] = progress_of(rollout, over ? region : std::string());
    // The record that stays has the work itself.
    auto const steps = over ? json::object() : take_unwritten(region);
    if (!steps.empty()) body["Steps"] = steps;
    auto const part = rollout.regions.find(region);
    if (part != rollout.regions.end()) {
        body["Hooks"] = hooks_of(part->second);
        // Before it begins, the stack is as it was.
        bool const begun = part->second.phase != RegionPhase::kWaiting &&
                           part->second.phase != RegionPhase::kSkipped;
        if (begun && (over || changed_stacks_.contains(region))) {
            body["StackRecord"] = to_json(part->second.work.now);
            changed_stacks_.erase(region);
        }
    }
    bool const with_stack = body.contains("StackRecord");
    auto const answer = co_await ask(region, "PUT", "rollouts/" + rollout.id, std::move(body));
    if (!answer) {
        put_back(region, steps);
        if (with_stack) changed_stacks_.insert(region);
        co_return std::unexpected(answer.error());
    }
    unreachable_.erase(region);
    note(*answer);
    co_return Result<void>{};
}

io::Task<> RolloutStore::save_step(RolloutRecord& rollout, std::string region, WorkStep step) {
    auto const epoch = epochs_.find(region);
    if (epoch == epochs_.end())
        co_return fail(Errc::kUnavailable, region + " has no copy of the rollout.");
    add_step(rollout, region, step);
    auto const steps = take_unwritten(region);
    json body = {{"Epoch", epoch->second}, {"Steps", steps}};
    auto const answer =
        co_await ask(region, "PUT", fmt::format("rollouts/{}/steps", rollout.id), std::move(body));
    if (!answer) {
        put_back(region, steps);
        co_return std::unexpected(answer.error());
    }
    note(*answer);
    co_return Result<void>{};
}

io::Task<> RolloutStore::save(RolloutRecord& rollout, std::string region,
                              std::optional<WorkStep> step) {
    if (step) {
        add_step(rollout, region, *step);
    } else {
        ++rollout.regions.at(region).sequence;
    }
    co_return co_await write(rollout, region, kInProgress);
}

io::Task<> RolloutStore::write_noting(RolloutRecord& rollout, std::string region, std::string state,
                                      Result<void>& written) {
    written = co_await write(rollout, std::move(region), std::move(state));
    co_return Result<void>{};
}

io::Task<> RolloutStore::save_all(RolloutRecord& rollout, std::optional<RolloutOutcome> outcome) {
    std::string const state = outcome ? std::string(name_of(*outcome)) : kInProgress;
    for (auto& [region, part] : rollout.regions) ++part.sequence;
    std::map<std::string, Result<void>> results;
    std::vector<io::Task<>> writes;
    for (auto const& [region, _] : apis_) {
        if (over_.contains(region)) continue;
        writes.push_back(write_noting(rollout, region, state, results[region]));
    }
    MERIDIAN_CO_CHECK(co_await io::all(std::move(writes)));
    std::size_t written = 0;
    std::optional<Error> last;
    for (auto const& [region, result] : results) {
        if (result) {
            ++written;
        } else if (is_out_of_reach(result.error().code)) {
            last = result.error();
            unreachable_[region] = last->message;
        } else {
            co_return std::unexpected(result.error());
        }
    }
    if (written == 0 && last) co_return std::unexpected(*last);
    co_return Result<void>{};
}

io::Task<> RolloutStore::renew_in(std::string region, std::string id,
                                  std::optional<Error>& unanswered) {
    json body = {
        {"Holder", holder_}, {"LeaseSeconds", kLeaseSeconds}, {"Epoch", epochs_.at(region)}};
    auto const kept = co_await ask(region, "POST", "rollouts/" + id + "/lease", std::move(body));
    if (kept) {
        note(*kept);
    } else if (is_out_of_reach(kept.error().code)) {
        unanswered = kept.error();
    } else if (kept.error().code == Errc::kResourceConflict && !is_over_already(kept.error())) {
        co_return std::unexpected(kept.error());
    }
    co_return Result<void>{};
}

io::Task<> RolloutStore::renew(std::string id) {
    std::map<std::string, std::optional<Error>> unanswered;
    std::vector<io::Task<>> renewals;
    for (auto const& [region, _] : epochs_)
        renewals.push_back(renew_in(region, id, unanswered[region]));
    MERIDIAN_CO_CHECK(co_await io::all(std::move(renewals)));
    bool const none =
        std::ranges::all_of(unanswered, [](auto const& each) { return each.second.has_value(); });
    if (!none || unanswered.empty()) co_return Result<void>{};
    co_return fail(Errc::kUnavailable, unanswered.begin()->second->message);
}

io::Task<> RolloutStore::put_package_in(std::string region, std::string path,
                                        std::string const& bytes) {
    json body = {{"Zip", to_base64(bytes)}};
    MERIDIAN_CO_CHECK(co_await ask(std::move(region), "PUT", std::move(path), std::move(body)));
    co_return Result<void>{};
}

io::Task<> RolloutStore::put_package(std::string id, std::string sha256, std::string bytes) {
    auto const path = fmt::format("rollouts/{}/packages/{}", id, hex_of(sha256));
    std::vector<io::Task<>> puts;
    for (auto const& [region, _] : apis_) puts.push_back(put_package_in(region, path, bytes));
    co_return co_await io::all(std::move(puts));
}

io::Task<std::string> RolloutStore::get_package(std::string id, std::string sha256) {
    std::optional<Error> last;
    for (auto const& [region, _] : apis_) {
        auto const answer =
            co_await ask(region, "GET", fmt::format("rollouts/{}/packages/{}", id, hex_of(sha256)));
        if (answer) {
            auto bytes = from_base64(answer->value("Zip", ""));
            if (bytes) co_return std::move(*bytes);
            last = Error{Errc::kCorrupt, region + ": the package is not base64.", {}};
        } else {
            last = answer.error();
        }
    }
    co_return std::unexpected(last.value_or(
        Error{Errc::kResourceNotFound, fmt::format("No region has the package {}.", sha256), {}}));
}

}  // namespace meridian::deploy
