#include "control/function_records.h"

#include <charconv>

#include <fmt/format.h>

#include "control/settings_records.h"
#include "store/record_format.h"

namespace meridian::control {

namespace {

using nlohmann::json;

constexpr std::size_t kVersionDigits = 12;
constexpr char const* kCreatingReason = "The function is being created.";
constexpr char const* kCreatingCode = "Creating";

json definition_to_json(model::FunctionVersion const& version) {
    json value = json::object();
    value["settings"] = settings_to_json(version.settings);
    auto& code = value["code"];
    code["sha256"] = version.code.sha256.value();
    code["size_bytes"] = version.code.size_bytes;
    value["last_modified_us"] = version.last_modified.time_since_epoch().count();
    auto& revision = value["revision"];
    revision["while_in_progress"] = version.revision.while_in_progress.value();
    revision["settled"] = version.revision.settled.value();
    return value;
}

model::FunctionVersion definition_from_json(json const& value, model::Version version) {
    model::FunctionVersion out;
    out.version = std::move(version);
    out.settings = settings_from_json(value.at("settings"));
    out.code.sha256 = model::CodeSha256(value.at("code").at("sha256").get<std::string>());
    out.code.size_bytes = value.at("code").at("size_bytes").get<std::uint64_t>();
    out.last_modified =
        WallTime{std::chrono::microseconds{value.at("last_modified_us").get<std::int64_t>()}};
    out.revision.while_in_progress =
        model::RevisionId(value.at("revision").at("while_in_progress").get<std::string>());
    out.revision.settled = model::RevisionId(value.at("revision").at("settled").get<std::string>());
    return out;
}

}  // namespace

std::vector<store::SecretMembers> secret_members() {
    using Pointer = json::json_pointer;
    Pointer const serving("/serving/settings/environment");
    return {{store::Kind::kFunction, {Pointer("/latest/settings/environment"), serving}},
            {store::Kind::kFunctionVersion, {Pointer("/version/settings/environment"), serving}}};
}

store::Key function_key(model::AccountId const& account, model::FunctionName const& name) {
    return {account, store::Kind::kFunction, name.value()};
}

std::string version_id_prefix(model::FunctionName const& name) { return name.value() + ":"; }

store::Key version_key(model::AccountId const& account, model::FunctionName const& name,
                       std::uint64_t number) {
    return {account, store::Kind::kFunctionVersion,
            fmt::format("{}:{:0{}}", name.value(), number, kVersionDigits)};
}

model::FunctionName function_name_of(store::Key const& key) {
    return model::FunctionName(key.id.substr(0, key.id.rfind(':')));
}

std::optional<std::uint64_t> version_number(std::string_view version) {
    if (version == model::kLatest) return 0;
    if (version.empty() || version.front() == '0' || version.size() > kVersionDigits)
        return std::nullopt;
    std::uint64_t number = 0;
    auto const [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), number);
    if (error != std::errc{} || end != version.data() + version.size()) return std::nullopt;
    return number;
}

model::Version version_of(std::uint64_t number) {
    return number == 0 ? model::Version(model::kLatest) : model::Version(std::to_string(number));
}

json function_to_json(model::Function const& function) {
    // Member by member, as in wire/function_json.cc: it is most of a creation's text.
    json value = json::object();
    value["format"] = kFunctionFormat;
    value["name"] = function.name.value();
    value["latest"] = definition_to_json(function.latest);
    value["tags"] = function.tags;
    value["last_version"] = function.last_version;
    value["last_published_description"] = function.last_published_description;
    return value;
}

json version_to_json(model::FunctionVersion const& version) {
    json value = json::object();
    value["format"] = kFunctionFormat;
    value["number"] = version_number(version.version.value()).value_or(0);
    value["version"] = definition_to_json(version);
    return value;
}

json epitaph_to_json(std::uint64_t last_version) {
    return {{"format", kFunctionFormat}, {"last_version", last_version}};
}

Result<model::Function> function_from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kFunctionFormat));
    return store::guarded(key, [&] {
        model::Function function;
        function.account = key.account;
        function.name = model::FunctionName(value.at("name").get<std::string>());
        function.latest = definition_from_json(value.at("latest"), model::Version(model::kLatest));
        function.tags = value.at("tags").get<model::Tags>();
        function.last_version = value.at("last_version").get<std::uint64_t>();
        function.last_published_description =
            value.at("last_published_description").get<std::string>();
        return function;
    });
}

Result<model::FunctionVersion> version_from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kFunctionFormat));
    return store::guarded(key, [&] {
        return definition_from_json(value.at("version"),
                                    version_of(value.at("number").get<std::uint64_t>()));
    });
}

Result<std::uint64_t> last_version_from_epitaph(store::Key const& key, json const& epitaph) {
    MERIDIAN_CHECK(store::check_format(key, epitaph, kFunctionFormat));
    return store::guarded(key, [&] { return epitaph.at("last_version").get<std::uint64_t>(); });
}

model::FunctionStatus pending_creation() {
    return {.state = model::State::kPending,
            .state_reason = kCreatingReason,
            .state_reason_code = kCreatingCode};
}

model::FunctionStatus update_in_progress() {
    // AWS gives an update the words of a creation (recorded).
    return {.state = model::State::kActive,
            .last_update = model::LastUpdateStatus::kInProgress,
            .last_update_reason = kCreatingReason,
            .last_update_reason_code = kCreatingCode};
}

model::FunctionStatus active() { return {.state = model::State::kActive}; }

bool is_settled(model::FunctionStatus const& status) {
    return status.state != model::State::kPending &&
           status.last_update != model::LastUpdateStatus::kInProgress;
}

json status_to_json(VersionStatus const& status, model::FunctionVersion const& definition) {
    json value = json::object();
    value["format"] = kFunctionFormat;
    value["of_revision"] = definition.revision.settled.value();
    value["state"] = model::name_of(status.status.state);
    value["last_update"] = model::name_of(status.status.last_update);
    auto const put = [&](char const* name, std::string const& text) {
        if (!text.empty()) value[name] = text;
    };
    put("state_reason", status.status.state_reason);
    put("state_reason_code", status.status.state_reason_code);
    put("last_update_reason", status.status.last_update_reason);
    put("last_update_reason_code", status.status.last_update_reason_code);
    if (status.serving) value["serving"] = definition_to_json(*status.serving);
    return value;
}

Result<VersionStatus> status_from_record(store::Key const& key, json const& value,
                                         model::FunctionVersion const& definition) {
    if (value.is_null()) return VersionStatus{pending_creation(), std::nullopt};
    MERIDIAN_CHECK(store::check_format(key, value, kFunctionFormat));
    auto read = store::guarded(key, [&]() -> Result<VersionStatus> {
        VersionStatus out;
        auto const state = value.at("state").get<std::string>();
        auto const last_update = value.at("last_update").get<std::string>();
        bool known_state = false;
        for (auto candidate : {model::State::kPending, model::State::kActive,
                               model::State::kInactive, model::State::kFailed}) {
            if (state == model::name_of(candidate)) {
                out.status.state = candidate;
                known_state = true;
            }
        }
        bool known_update = false;
        for (auto candidate :
             {model::LastUpdateStatus::kSuccessful, model::LastUpdateStatus::kFailed,
              model::LastUpdateStatus::kInProgress}) {
            if (last_update == model::name_of(candidate)) {
                out.status.last_update = candidate;
                known_update = true;
            }
        }
        if (!known_state || !known_update)
            return store::corrupt(key, "its status has an unknown state.");
        out.status.state_reason = value.value("state_reason", "");
        out.status.state_reason_code = value.value("state_reason_code", "");
        out.status.last_update_reason = value.value("last_update_reason", "");
        out.status.last_update_reason_code = value.value("last_update_reason_code", "");
        if (value.contains("serving"))
            out.serving = definition_from_json(value["serving"], definition.version);
        if (value.at("of_revision").get<std::string>() != definition.revision.settled.value()) {
            // The definition moved on under this status: a replicated change that is not yet
            // prepared here.
            out.status = out.status.state == model::State::kActive ? update_in_progress()
                                                                   : pending_creation();
        }
        return out;
    });
    if (!read) return std::unexpected(read.error());
    return *read;
}

}  // namespace meridian::control
