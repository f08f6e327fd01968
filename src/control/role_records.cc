#include "control/role_records.h"

#include <fmt/format.h>

namespace meridian::control {

using nlohmann::json;

store::Key role_key(model::AccountId const& account, std::string_view name) {
    std::string id(name);
    for (char& c : id) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return {account, store::Kind::kIamRole, std::move(id)};
}

json role_to_json(model::Role const& role) {
    json attached = json::array();
    for (auto const& policy : role.attached_policies) {
        attached.push_back({{"name", policy.name}, {"arn", policy.arn}});
    }
    return {
        {"format", kRoleFormat},
        {"name", role.name},
        {"id", role.id},
        {"path", role.path},
        {"description", role.description},
        {"trust", role.assume_role_policy_document},
        {"max_session_seconds", role.max_session_seconds},
        {"created_us", role.created.time_since_epoch().count()},
        {"tags", role.tags},
        {"attached", std::move(attached)},
    };
}

Result<model::Role> role_from_record(store::Key const& key, json const& value) {
    auto const corrupt = [&](std::string_view what) {
        return fail(Errc::kCorrupt, fmt::format("The store's role {}/{} cannot be read: {}",
                                                key.account.value(), key.id, what));
    };
    try {
        auto const format = value.at("format").get<std::int64_t>();
        if (format > kRoleFormat) {
            return corrupt(fmt::format(
                "it was written in format {} by a newer version of Meridian; this one reads "
                "formats up to {}. Start the newer version again.",
                format, kRoleFormat));
        }
        if (format < 1) return corrupt(fmt::format("format {} never existed.", format));
        model::Role role;
        role.account = key.account;
        role.name = value.at("name").get<std::string>();
        role.id = value.at("id").get<std::string>();
        role.path = value.at("path").get<std::string>();
        role.description = value.at("description").get<std::string>();
        role.assume_role_policy_document = value.at("trust").get<std::string>();
        role.max_session_seconds = value.at("max_session_seconds").get<int>();
        role.created =
            WallTime{std::chrono::microseconds{value.at("created_us").get<std::int64_t>()}};
        role.tags = value.at("tags").get<model::Tags>();
        for (auto const& policy : value.at("attached")) {
            role.attached_policies.insert(
                {policy.at("name").get<std::string>(), policy.at("arn").get<std::string>()});
        }
        return role;
    } catch (json::exception const& exception) {
        return corrupt(exception.what());
    }
}

}  // namespace meridian::control
