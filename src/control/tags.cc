// TagResource, UntagResource and ListTags, for functions. Tags are not versioned.

#include "control/control_plane.h"
#include "control/retry.h"
#include "control/settings_rules.h"

namespace meridian::control {

io::Task<> ControlPlane::tag_function(Requester who, model::FunctionName name, model::Tags tags) {
    if (tags.empty()) {
        co_return fail(Errc::kInvalidParameterValue,
                       "An error occurred and the request cannot be processed.");
    }
    co_return co_await retry_conflicts([&] { return try_change_tags(who, name, tags, {}); });
}

io::Task<> ControlPlane::untag_function(Requester who, model::FunctionName name,
                                        std::vector<std::string> keys) {
    co_return co_await retry_conflicts([&] { return try_change_tags(who, name, {}, keys); });
}

io::Task<> ControlPlane::try_change_tags(Requester who, model::FunctionName name, model::Tags add,
                                         std::vector<std::string> remove) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, name));
    if (!add.empty()) {
        MERIDIAN_CO_CHECK(check_changeable(stored, std::nullopt));
    }
    auto tags = stored.function.tags;
    for (auto const& key : remove) tags.erase(key);
    for (auto const& [key, value] : add) tags[key] = value;
    if (tags == stored.function.tags) co_return Result<void>{};
    MERIDIAN_CO_CHECK(check_tags(tags));
    stored.function.tags = std::move(tags);
    // Recorded: tags are not versioned, but they change $LATEST's RevisionId.
    stored.function.latest.revision = new_revision();
    auto const key = function_key(who.account, name);
    store::Transaction transaction{
        .caller = who.arn,
        .expectations = {{key, stored.sequence}},
        .changes = {{key, function_to_text(stored.function)}},
        .statuses = {{key, status_to_text(stored.latest, stored.function.latest)}}};
    MERIDIAN_CO_CHECK(co_await parts_.store.commit(std::move(transaction)));
    co_return Result<void>{};
}

io::Task<model::Tags> ControlPlane::list_function_tags(Requester who, model::FunctionName name) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, name));
    co_return std::move(stored.function.tags);
}

}  // namespace meridian::control
