#include "control/layer_records.h"

#include <charconv>

#include <fmt/format.h>

#include "store/record_format.h"

namespace meridian::control {

namespace {

using nlohmann::json;

constexpr int kLayerFormat = 1;
constexpr std::size_t kLayerVersionDigits = 12;

template <typename T>
std::optional<T> optional_member(json const& value, char const* member) {
    auto const found = value.find(member);
    if (found == value.end()) return std::nullopt;
    return found->get<T>();
}

template <typename T>
void put(json& value, char const* member, std::optional<T> const& content) {
    if (content) value[member] = *content;
}

}  // namespace

std::string layer_version_prefix(std::string const& layer) { return layer + ":"; }

std::string layer_version_key_id(std::string const& layer, std::uint64_t number) {
    return fmt::format("{}{:0{}}", layer_version_prefix(layer), number, kLayerVersionDigits);
}

json LayerCodec::to_json(Value const& last_version) {
    return {{"format", kLayerFormat}, {"last_version", last_version}};
}

Result<std::uint64_t> LayerCodec::from_record(store::Key const& key, json const& value) {
    MERIDIAN_CHECK(check_format(key, value, kLayerFormat));
    return guarded(key, [&] { return value.at("last_version").get<std::uint64_t>(); });
}

json LayerVersionCodec::to_json(Value const& record) {
    auto const& version = record.version;
    json value = {
        {"format", kLayerFormat},
        {"code",
         {{"sha256", version.code.sha256.value()}, {"size_bytes", version.code.size_bytes}}},
        {"description", version.description},
        {"created_us", version.created.time_since_epoch().count()},
    };
    put(value, "compatible_runtimes", version.compatible_runtimes);
    put(value, "compatible_architectures", version.compatible_architectures);
    put(value, "license_info", version.license_info);
    if (record.policy) {
        value["policy"] = record.policy->document.dump();
        value["policy_revision"] = record.policy->revision.value();
    }
    return value;
}

Result<LayerVersionRecord> LayerVersionCodec::from_record(store::Key const& key,
                                                          json const& value) {
    MERIDIAN_CHECK(check_format(key, value, kLayerFormat));
    auto const colon = key.id.rfind(':');
    std::uint64_t number = 0;
    if (colon == std::string::npos ||
        std::from_chars(key.id.data() + colon + 1, key.id.data() + key.id.size(), number).ec !=
            std::errc{}) {
        return corrupt(key, "its id has no version number.");
    }
    return guarded(key, [&] {
        LayerVersionRecord record;
        auto& version = record.version;
        version.id = {key.account, key.id.substr(0, colon), number};
        version.code = {model::CodeSha256(value.at("code").at("sha256").get<std::string>()),
                        value.at("code").at("size_bytes").get<std::uint64_t>()};
        version.description = value.at("description").get<std::string>();
        version.created =
            WallTime{std::chrono::microseconds{value.at("created_us").get<std::int64_t>()}};
        using Texts = std::vector<std::string>;
        version.compatible_runtimes = optional_member<Texts>(value, "compatible_runtimes");
        version.compatible_architectures =
            optional_member<Texts>(value, "compatible_architectures");
        version.license_info = optional_member<std::string>(value, "license_info");
        if (value.contains("policy")) {
            record.policy = {nlohmann::ordered_json::parse(value["policy"].get<std::string>()),
                             model::RevisionId(value.at("policy_revision").get<std::string>())};
        }
        return record;
    });
}

void write_reference(JsonWriter& out, model::LayerReference const& reference) {
    out.begin_object();
    out.member("account", reference.id.account.value());
    out.member("layer", reference.id.layer);
    out.member("sha256", reference.code.sha256.value());
    out.member("size_bytes", reference.code.size_bytes);
    out.member("version", reference.id.number);
    out.end_object();
}

model::LayerReference reference_from_json(json const& value) {
    return {{model::AccountId(value.at("account").get<std::string>()),
             value.at("layer").get<std::string>(), value.at("version").get<std::uint64_t>()},
            {model::CodeSha256(value.at("sha256").get<std::string>()),
             value.at("size_bytes").get<std::uint64_t>()}};
}

}  // namespace meridian::control
