#include "api/rollout_steps.h"

#include <charconv>

#include <fmt/format.h>

#include "api/rollout_records.h"

namespace meridian::api {
namespace {

using nlohmann::json;

constexpr std::size_t kStepsPerPage = 500;

std::string step_prefix(std::string const& rollout) { return rollout + ":step:"; }

store::Key step_key(model::AccountId const& account, std::string const& rollout,
                    std::uint64_t number) {
    return {account, store::Kind::kRolloutPackage,
            fmt::format("{}{:012}", step_prefix(rollout), number)};
}

}  // namespace

std::optional<std::uint64_t> parse_step_number(std::string_view text) {
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || number == 0 || number > kStepNumberMax || text.starts_with('0'))
        return std::nullopt;
    return number;
}

io::Task<json> read_steps(store::Store& store, model::AccountId account, std::string rollout) {
    auto const prefix = step_prefix(rollout);
    json out = json::array();
    std::string after;
    for (;;) {
        MERIDIAN_CO_TRY(auto const page, co_await store.scan({.account = account,
                                                              .kind = store::Kind::kRolloutPackage,
                                                              .id_prefix = prefix,
                                                              .after_id = after,
                                                              .limit = kStepsPerPage}));
        if (page.empty()) co_return out;
        after = page.back().key.id;
        for (auto const& record : page) {
            auto digits = std::string_view(record.key.id).substr(prefix.size());
            digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
            auto const number = parse_step_number(digits);
            if (!number) co_return fail(Errc::kCorrupt, record.key.id + " is no step.");
            out.push_back({{"Number", *number},
                           {"Step", record.value.value(rollout_member::kRecord, json::object())}});
        }
    }
}

Result<void> add_steps(model::AccountId const& account, std::string const& rollout,
                       json const& steps, store::Transaction& transaction) {
    if (!steps.is_object()) return fail(Errc::kInvalidParameterValue, "Steps must be an object.");
    if (steps.size() > kStepsPerRequestMax) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("Steps are {} at most.", kStepsPerRequestMax));
    }
    for (auto const& [text, step] : steps.items()) {
        auto const number = parse_step_number(text);
        if (!number || !step.is_object()) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("Steps must be objects by their numbers, from 1 to {}.",
                                    kStepNumberMax));
        }
        transaction.changes.push_back({.key = step_key(account, rollout, *number),
                                       .value = json{{rollout_member::kRecord, step}}});
    }
    return {};
}

}  // namespace meridian::api
