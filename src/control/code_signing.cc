#include "control/code_signing.h"

#include <fmt/format.h>

#include "control/retry.h"
#include "control/settings_rules.h"
#include "control/sub_records.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {

using nlohmann::json;

constexpr std::string_view kConfigListing = "code-signing-configs";
constexpr std::string_view kFunctionListing = "code-signing-functions";
constexpr std::size_t kSigningScanPage = 256;
constexpr std::size_t kIdChars = 17;
constexpr char const* kConfigMember = "config";  // of a function's record: the config's id
constexpr char const* kNoun = "code signing configuration";

bool enforces(KeptSettings const& config) {
    auto const policies = config.settings.find("CodeSigningPolicies");
    return policies != config.settings.end() &&
           policies->value("UntrustedArtifactOnDeployment", "") == "Enforce";
}

// What a client cannot name is as good as missing.
std::optional<std::string> id_in(std::string_view arn, std::string const& prefix) {
    if (!arn.starts_with(prefix)) return std::nullopt;
    return std::string(arn.substr(prefix.size()));
}

std::unexpected<Error> unsigned_code(model::FunctionName const& function) {
    return fail(Errc::kCodeVerificationFailed,
                fmt::format("Lambda cannot deploy the function. The function or layer might be "
                            "signed using a signature that the client is not configured to "
                            "accept. Check the provided signature for {}.",
                            function));
}

}  // namespace

std::string CodeSigning::arn(model::AccountId const& account, std::string const& id) const {
    auto const& region = parts_.functions.region();
    return fmt::format("arn:{}:lambda:{}:{}:code-signing-config:{}", wire::partition_of(region),
                       region, account, id);
}

io::Task<std::optional<CodeSigning::Config>> CodeSigning::find(Requester who, std::string wanted) {
    auto id = id_in(wanted, arn(who.account, ""));
    if (!id) co_return std::nullopt;
    co_return co_await configs_.get(who.account, std::move(*id));
}

io::Task<CodeSigning::Config> CodeSigning::load(Requester who, std::string wanted) {
    MERIDIAN_CO_TRY(auto found, co_await find(who, wanted));
    if (found) co_return std::move(*found);
    co_return fail(
        Errc::kResourceNotFoundWithoutType,
        fmt::format("The Lambda code signing configuration {} can not be found.", wanted));
}

io::Task<CodeSigning::Config> CodeSigning::load_for_function(Requester who, std::string wanted) {
    MERIDIAN_CO_TRY(auto found, co_await find(who, wanted));
    if (found) co_return std::move(*found);
    co_return fail(Errc::kCodeSigningConfigNotFound,
                   fmt::format("The code signing configuration cannot be found. Check that the "
                               "provided configuration is not deleted: {}.",
                               wanted));
}

io::Task<CodeSigningConfig> CodeSigning::create(Requester who, json settings) {
    MERIDIAN_CO_CHECK(check_tags(settings.value("Tags", model::Tags{})));
    auto id = "csc-" + make_token(parts_.random, kLowerHex, kIdChars);
    auto const now = parts_.clock.wall_now();
    KeptSettings config{std::move(settings), now, now};
    MERIDIAN_CO_CHECK(
        co_await configs_.put(who.arn, configs_.key(who.account, id), config, std::nullopt));
    co_return CodeSigningConfig{std::move(id), std::move(config)};
}

io::Task<CodeSigningConfig> CodeSigning::get(Requester who, std::string wanted) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who, wanted));
    co_return CodeSigningConfig{stored.key.id, std::move(stored.value)};
}

io::Task<CodeSigningConfig> CodeSigning::update(Requester who, std::string wanted, json settings) {
    co_return co_await retry_conflicts([&] { return try_update(who, wanted, settings); }, kNoun);
}

io::Task<CodeSigningConfig> CodeSigning::try_update(Requester who, std::string wanted,
                                                    json settings) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who, wanted));
    if (!settings.empty()) {
        stored.value.settings.update(settings);
        stored.value.last_modified = parts_.clock.wall_now();
        MERIDIAN_CO_CHECK(
            co_await configs_.put(who.arn, stored.key, stored.value, stored.sequence));
    }
    co_return CodeSigningConfig{stored.key.id, std::move(stored.value)};
}

io::Task<> CodeSigning::remove(Requester who, std::string wanted) {
    co_return co_await retry_conflicts([&] { return try_remove(who, wanted); }, kNoun);
}

io::Task<> CodeSigning::try_remove(Requester who, std::string wanted) {
    // The config is read first: attach() writes it, so that the commit below would conflict.
    MERIDIAN_CO_TRY(auto const stored, co_await load(who, wanted));
    MERIDIAN_CO_TRY(auto const users, co_await functions(who, wanted, "", 1));
    if (!users.functions.empty()) {
        co_return fail(Errc::kResourceConflict,
                       fmt::format("The code signing configuration {} is used by one or more "
                                   "functions and cannot be deleted.",
                                   wanted));
    }
    MERIDIAN_CO_CHECK(co_await configs_.remove(who.arn, stored.key, stored.sequence));
    co_return Result<void>{};
}

io::Task<CodeSigningConfigPage> CodeSigning::list(Requester who, std::string marker,
                                                  std::size_t max_items) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kConfigListing, marker));
    auto const size = wire::page_size(max_items, model::limits::kListPageMax);
    MERIDIAN_CO_TRY(auto stored,
                    co_await configs_.page(who.account, "", position.after_name, size + 1));
    CodeSigningConfigPage page;
    for (auto& each : stored) {
        if (page.configs.size() == size) {
            page.next_marker = wire::encode_marker(kConfigListing, {page.configs.back().id, 0});
            break;
        }
        page.configs.push_back({each.key.id, std::move(each.value)});
    }
    co_return page;
}

io::Task<SignedFunctionPage> CodeSigning::functions(Requester who, std::string wanted,
                                                    std::string marker, std::size_t max_items) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kFunctionListing, marker));
    MERIDIAN_CO_TRY(auto const config, co_await load(who, wanted));
    auto const size = wire::page_size(max_items, model::limits::kListPageMax);
    SignedFunctionPage page;
    for (auto after = position.after_name;;) {
        MERIDIAN_CO_TRY(auto const stored,
                        co_await functions_.page(who.account, "", after, kSigningScanPage));
        for (auto const& each : stored) {
            if (each.value.settings.value(kConfigMember, "") != config.key.id) continue;
            if (page.functions.size() == size) {
                page.next_marker =
                    wire::encode_marker(kFunctionListing, {sub_id(page.functions.back()), 0});
                co_return page;
            }
            page.functions.push_back(function_of_sub_id(each.key.id));
        }
        if (stored.size() < kSigningScanPage) co_return page;
        after = stored.back().key.id;
    }
}

io::Task<model::Tags> CodeSigning::change_tags(Requester who, std::string wanted, model::Tags add,
                                               std::vector<std::string> remove_keys) {
    co_return co_await retry_conflicts(
        [&] { return try_change_tags(who, wanted, add, remove_keys); }, kNoun);
}

io::Task<model::Tags> CodeSigning::try_change_tags(Requester who, std::string wanted,
                                                   model::Tags add,
                                                   std::vector<std::string> remove_keys) {
    MERIDIAN_CO_TRY(auto stored, co_await load(who, wanted));
    auto const before = stored.value.settings.value("Tags", model::Tags{});
    auto tags = before;
    for (auto const& key : remove_keys) tags.erase(key);
    for (auto const& [key, value] : add) tags[key] = value;
    if (tags == before) co_return tags;
    MERIDIAN_CO_CHECK(check_tags(tags));
    stored.value.settings["Tags"] = tags;
    MERIDIAN_CO_CHECK(co_await configs_.put(who.arn, stored.key, stored.value, stored.sequence));
    co_return tags;
}

io::Task<std::string> CodeSigning::of_function(Requester who, model::FunctionName function) {
    MERIDIAN_CO_CHECK(co_await parts_.functions.load(who.account, function));
    MERIDIAN_CO_TRY(auto const stored, co_await functions_.get(who.account, sub_id(function)));
    if (!stored) co_return std::string();
    co_return arn(who.account, stored->value.settings.value(kConfigMember, ""));
}

void CodeSigning::attach(Config const& config, model::FunctionName const& function,
                         std::optional<store::Sequence> before, store::Transaction* to) const {
    auto const now = parts_.clock.wall_now();
    auto key = functions_.key(config.key.account, sub_id(function));
    using Codec = KeptSettingsCodec<store::Kind::kFunctionCodeSigning>;
    to->expectations.push_back({config.key, config.sequence});
    to->changes.push_back(
        {config.key, KeptSettingsCodec<store::Kind::kCodeSigningConfig>::to_json(config.value)});
    to->expectations.push_back({key, before});
    to->changes.push_back(
        {std::move(key), Codec::to_json({{{kConfigMember, config.key.id}}, now, now})});
}

io::Task<> CodeSigning::put_for_function(Requester who, model::FunctionName function,
                                         std::string wanted) {
    co_return co_await retry_conflicts([&] { return try_put(who, function, wanted); });
}

io::Task<> CodeSigning::try_put(Requester who, model::FunctionName function, std::string wanted) {
    MERIDIAN_CO_TRY(auto const config, co_await load_for_function(who, wanted));
    MERIDIAN_CO_TRY(auto const stored, co_await parts_.functions.load(who.account, function));
    MERIDIAN_CO_TRY(auto const before, co_await functions_.get(who.account, sub_id(function)));
    store::Transaction transaction{.caller = who.arn, .expectations = {still_there(stored)}};
    attach(config, function, before ? std::optional(before->sequence) : std::nullopt, &transaction);
    MERIDIAN_CO_CHECK(co_await parts_.store.commit(std::move(transaction)));
    co_return Result<void>{};
}

io::Task<> CodeSigning::remove_for_function(Requester who, model::FunctionName function) {
    co_return co_await retry_conflicts([&] { return try_remove_for_function(who, function); });
}

io::Task<> CodeSigning::try_remove_for_function(Requester who, model::FunctionName function) {
    MERIDIAN_CO_CHECK(co_await parts_.functions.load(who.account, function));
    MERIDIAN_CO_TRY(auto const stored, co_await functions_.get(who.account, sub_id(function)));
    if (!stored) co_return Result<void>{};
    MERIDIAN_CO_CHECK(co_await functions_.remove(who.arn, stored->key, stored->sequence));
    co_return Result<void>{};
}

io::Task<> CodeSigning::allow_code(Requester who, model::FunctionName function,
                                   store::Transaction* to) {
    auto const key = functions_.key(who.account, sub_id(function));
    MERIDIAN_CO_TRY(auto const stored, co_await functions_.get(who.account, key.id));
    to->expectations.push_back({key, stored ? std::optional(stored->sequence) : std::nullopt});
    if (!stored) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const config,
                    co_await load_for_function(
                        who, arn(who.account, stored->value.settings.value(kConfigMember, ""))));
    if (enforces(config.value)) co_return unsigned_code(function);
    to->expectations.push_back({config.key, config.sequence});
    co_return Result<void>{};
}

io::Task<> CodeSigning::attach_new(Requester who, model::FunctionName function, std::string wanted,
                                   store::Transaction* to) {
    MERIDIAN_CO_TRY(auto const config, co_await load_for_function(who, wanted));
    if (enforces(config.value)) co_return unsigned_code(function);
    MERIDIAN_CO_TRY(auto const before, co_await functions_.get(who.account, sub_id(function)));
    if (before) {
        // Left by an older function of the name: it gives way instead of being removed.
        std::erase_if(to->expectations, [&](auto const& each) { return each.key == before->key; });
        std::erase_if(to->changes, [&](auto const& each) { return each.key == before->key; });
    }
    attach(config, function, before ? std::optional(before->sequence) : std::nullopt, to);
    co_return Result<void>{};
}

}  // namespace meridian::control
