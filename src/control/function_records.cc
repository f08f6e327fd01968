#include "control/function_records.h"

#include <charconv>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "control/settings_records.h"
#include "store/record_format.h"

namespace meridian::control {

namespace {

using nlohmann::json;

constexpr std::size_t kVersionDigits = 12;
constexpr char const* kCreatingReason = "The function is being created.";
constexpr char const* kCreatingCode = "Creating";

// Where the environment variables of each stand, as JSON pointers.
constexpr char kOfLatest[] = "/latest/settings/environment";
constexpr char kOfVersion[] = "/version/settings/environment";
constexpr char kOfServing[] = "/serving/settings/environment";

WrittenEnvironment write_definition(JsonWriter& out, model::FunctionVersion const& version) {
    out.begin_object();
    out.begin_object("code");
    out.member("sha256", version.code.sha256.value());
    out.member("size_bytes", version.code.size_bytes);
    out.end_object();
    out.member("last_modified_us", version.last_modified.time_since_epoch().count());
    out.begin_object("revision");
    out.member("settled", version.revision.settled.value());
    out.member("while_in_progress", version.revision.while_in_progress.value());
    out.end_object();
    out.name("settings");
    auto const environment = write_settings(out, version.settings);
    out.end_object();
    return environment;
}

store::JsonText finished(JsonWriter& out, WrittenEnvironment environment, char const* member) {
    return {.text = out.text(),
            .secret_member = member,
            .secret_at = environment.at,
            .secret_bytes = environment.bytes};
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
    return {{store::Kind::kFunction, {Pointer(kOfLatest), Pointer(kOfServing)}},
            {store::Kind::kFunctionVersion, {Pointer(kOfVersion), Pointer(kOfServing)}}};
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

store::JsonText function_to_text(model::Function const& function) {
    JsonWriter out;
    out.begin_object();
    out.member("format", kFunctionFormat);
    out.member("last_published_description", function.last_published_description);
    out.member("last_version", function.last_version);
    out.name("latest");
    auto const environment = write_definition(out, function.latest);
    out.member("name", function.name.value());
    out.member("tags", function.tags);
    out.end_object();
    return finished(out, environment, kOfLatest);
}

store::JsonText version_to_text(model::FunctionVersion const& version) {
    JsonWriter out;
    out.begin_object();
    out.member("format", kFunctionFormat);
    out.member("number", version_number(version.version.value()).value_or(0));
    out.name("version");
    auto const environment = write_definition(out, version);
    out.end_object();
    return finished(out, environment, kOfVersion);
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

store::JsonText status_to_text(VersionStatus const& status,
                               model::FunctionVersion const& definition) {
    JsonWriter out;
    WrittenEnvironment environment;
    auto const& said = status.status;
    out.begin_object();
    out.member("format", kFunctionFormat);
    out.member("last_update", model::name_of(said.last_update));
    out.member_with_content("last_update_reason", said.last_update_reason);
    out.member_with_content("last_update_reason_code", said.last_update_reason_code);
    out.member("of_revision", definition.revision.settled.value());
    if (status.serving) {
        out.name("serving");
        environment = write_definition(out, *status.serving);
    }
    out.member("state", model::name_of(said.state));
    out.member_with_content("state_reason", said.state_reason);
    out.member_with_content("state_reason_code", said.state_reason_code);
    out.end_object();
    return finished(out, environment, kOfServing);
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
