#include "vault/layout.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace meridian::vault {
namespace {

using store::Kind;

enum class Form : std::uint8_t {
    kFolder,     // FOLDER/ID/WORD.json
    kVersion,    // FOLDER/NAME/WORD/NUMBER.json, of "NAME:000000000003"
    kQualified,  // FOLDER/NAME/WORD/QUALIFIER.json, or WORD.json, of "NAME:QUALIFIER" or "NAME:"
    kFlat,       // FOLDER/ID.json
};

struct KindPlace {
    Kind kind;
    Form form;
    std::string_view folder;
    std::string_view word;  // empty: the folder has no others
    std::string_view noun;
};

constexpr std::array kPlaces = {
    KindPlace{Kind::kFunction, Form::kFolder, "functions", "function", "function"},
    KindPlace{Kind::kFunctionVersion, Form::kVersion, "functions", "versions", "version"},
    KindPlace{Kind::kAlias, Form::kQualified, "functions", "aliases", "alias"},
    KindPlace{Kind::kResourcePolicy, Form::kQualified, "functions", "policy", "resource policy"},
    KindPlace{Kind::kFunctionUrl, Form::kQualified, "functions", "url", "function URL"},
    KindPlace{Kind::kEventInvokeConfig, Form::kQualified, "functions", "event-invoke-config",
              "event invoke config"},
    KindPlace{Kind::kProvisionedConcurrency, Form::kQualified, "functions",
              "provisioned-concurrency", "provisioned concurrency"},
    KindPlace{Kind::kReservedConcurrency, Form::kQualified, "functions", "reserved-concurrency",
              "reserved concurrency"},
    KindPlace{Kind::kRuntimeManagement, Form::kQualified, "functions", "runtime-management",
              "runtime management"},
    KindPlace{Kind::kRecursionConfig, Form::kQualified, "functions", "recursion", "recursion"},
    KindPlace{Kind::kScalingConfig, Form::kQualified, "functions", "scaling", "scaling"},
    KindPlace{Kind::kFunctionCodeSigning, Form::kQualified, "functions", "code-signing",
              "code signing"},
    KindPlace{Kind::kTestEvent, Form::kQualified, "functions", "test-events", "test event"},
    KindPlace{Kind::kLayer, Form::kFolder, "layers", "layer", "layer"},
    KindPlace{Kind::kLayerVersion, Form::kVersion, "layers", "versions", "layer version"},
    KindPlace{Kind::kEventSourceMapping, Form::kFlat, "event-source-mappings", "",
              "event source mapping"},
    KindPlace{Kind::kCodeSigningConfig, Form::kFlat, "code-signing-configs", "",
              "code signing config"},
    KindPlace{Kind::kPipeline, Form::kFolder, "pipelines", "pipeline", "pipeline"},
    KindPlace{Kind::kPipelineExecution, Form::kVersion, "pipelines", "executions",
              "pipeline execution"},
    KindPlace{Kind::kStack, Form::kFlat, "stacks", "", "stack"},
    KindPlace{Kind::kRollout, Form::kFlat, "rollouts", "", "rollout"},
    KindPlace{Kind::kIamRole, Form::kFlat, "iam/roles", "", "role"},
    KindPlace{Kind::kIamUser, Form::kFlat, "iam/users", "", "user"},
    KindPlace{Kind::kIamGroup, Form::kFlat, "iam/groups", "", "group"},
    KindPlace{Kind::kIamPolicy, Form::kFlat, "iam/policies", "", "managed policy"},
    KindPlace{Kind::kIamAccessKey, Form::kFlat, "iam/access-keys", "", "access key"},
    KindPlace{Kind::kIamInstanceProfile, Form::kFlat, "iam/instance-profiles", "",
              "instance profile"},
};

constexpr std::string_view kLive = ".json";
constexpr std::string_view kDeleted = ".deleted";
constexpr std::size_t kVersionDigits = 12;
constexpr std::size_t kAccountDigits = 12;

KindPlace const* place_of_kind(Kind kind) {
    auto const* const found = std::ranges::find(kPlaces, kind, &KindPlace::kind);
    return found == kPlaces.end() ? nullptr : found;
}

// "3" of "000000000003"; nothing for what is no version's number.
std::optional<std::uint64_t> number_in(std::string_view digits) {
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || number == 0)
        return std::nullopt;
    return number;
}

// What stands after the account's folder, without the suffix.
std::optional<std::string> stem_of(KindPlace const& place, std::string_view id) {
    if (place.form == Form::kFlat) return fmt::format("{}/{}", place.folder, id);
    if (place.form == Form::kFolder) return fmt::format("{}/{}/{}", place.folder, id, place.word);
    auto const colon = id.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto const name = id.substr(0, colon);
    auto const rest = id.substr(colon + 1);
    if (place.form == Form::kVersion) {
        auto const number = number_in(rest);
        if (!number) return std::nullopt;
        return fmt::format("{}/{}/{}/{}", place.folder, name, place.word, *number);
    }
    if (rest.empty()) return fmt::format("{}/{}/{}", place.folder, name, place.word);
    return fmt::format("{}/{}/{}/{}", place.folder, name, place.word, rest);
}

// The id that stem_of() gives this stem for.
std::optional<std::string> id_of(KindPlace const& place, std::string_view stem) {
    if (!stem.starts_with(place.folder) || stem.size() <= place.folder.size() ||
        stem[place.folder.size()] != '/')
        return std::nullopt;
    stem.remove_prefix(place.folder.size() + 1);
    if (place.form == Form::kFlat)
        return stem.find('/') == stem.npos ? std::optional(std::string(stem)) : std::nullopt;
    auto const slash = stem.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    std::string name(stem.substr(0, slash));
    auto rest = stem.substr(slash + 1);
    if (!rest.starts_with(place.word)) return std::nullopt;
    rest.remove_prefix(place.word.size());
    if (place.form == Form::kFolder) return rest.empty() ? std::optional(name) : std::nullopt;
    if (rest.empty() && place.form == Form::kQualified) return name + ":";
    if (rest.size() < 2 || rest.front() != '/' || rest.find('/', 1) != rest.npos)
        return std::nullopt;
    rest.remove_prefix(1);
    if (place.form == Form::kQualified) return fmt::format("{}:{}", name, rest);
    auto const number = number_in(rest);
    if (!number || rest.front() == '0' || rest.size() > kVersionDigits) return std::nullopt;
    return fmt::format("{}:{:0{}}", name, *number, kVersionDigits);
}

}  // namespace

std::optional<std::string> path_of(RecordPlace const& place) {
    auto const* const kind = place_of_kind(place.key.kind);
    if (kind == nullptr) return std::nullopt;
    auto const stem = stem_of(*kind, place.key.id);
    if (!stem) return std::nullopt;
    return fmt::format("{}/{}/{}{}", kAccountsFolder, place.key.account, *stem,
                       place.is_epitaph ? kDeleted : kLive);
}

std::optional<RecordPlace> place_of(std::string_view path) {
    if (!path.starts_with(kAccountsFolder)) return std::nullopt;
    path.remove_prefix(kAccountsFolder.size());
    if (path.size() < kAccountDigits + 2 || path.front() != '/' || path[kAccountDigits + 1] != '/')
        return std::nullopt;
    model::AccountId const account(std::string(path.substr(1, kAccountDigits)));
    auto stem = path.substr(kAccountDigits + 2);
    bool const is_epitaph = stem.ends_with(kDeleted);
    if (!is_epitaph && !stem.ends_with(kLive)) return std::nullopt;
    stem.remove_suffix(is_epitaph ? kDeleted.size() : kLive.size());
    for (auto const& place : kPlaces) {
        if (auto id = id_of(place, stem))
            return RecordPlace{{account, place.kind, std::move(*id)}, is_epitaph};
    }
    return std::nullopt;
}

std::string describe(store::Key const& key) {
    auto const* const place = place_of_kind(key.kind);
    if (place == nullptr) return key.id;
    auto id = key.id;
    auto const colon = id.find(':');
    if (colon != std::string::npos) {
        auto const number = place->form == Form::kVersion
                                ? number_in(std::string_view(id).substr(colon + 1))
                                : std::nullopt;
        if (number) id = fmt::format("{}:{}", id.substr(0, colon), *number);
        if (id.ends_with(':')) id.pop_back();
    }
    return fmt::format("{} {}", place->noun, id);
}

std::string package_path(std::string_view sha256_hex) {
    return fmt::format("{}/{}/{}", kCodeFolder, sha256_hex.substr(0, 2), sha256_hex);
}

}  // namespace meridian::vault
