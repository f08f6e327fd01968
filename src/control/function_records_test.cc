#include "control/function_records.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "wire/page_marker.h"

namespace meridian::control {
namespace {

// Values of every shape that the types allow, from a seed.
class Generator {
  public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    std::string text() {
        static constexpr std::string_view kPieces[] = {"a", "Z9", "\"",       "\\", "\n",
                                                       "ü", "𝄞",  "{region}", " ",  "/"};
        std::string out;
        for (auto n = below(6); n > 0; --n) out += kPieces[below(std::size(kPieces))];
        return out;
    }
    std::map<std::string, std::string> map() {
        std::map<std::string, std::string> out;
        for (auto n = below(4); n > 0; --n) out[text()] = text();
        return out;
    }
    model::FunctionVersion version(std::uint64_t number) {
        model::FunctionVersion out;
        out.version = version_of(number);
        out.settings = {.description = text(),
                        .runtime = text(),
                        .handler = text(),
                        .role_arn = text(),
                        .timeout_seconds = static_cast<int>(below(900)),
                        .memory_mb = static_cast<int>(below(10'240)),
                        .ephemeral_storage_mb = static_cast<int>(below(10'240)),
                        .architecture = text(),
                        .kms_key_arn = text(),
                        .dead_letter_target_arn = text(),
                        .active_tracing = below(2) == 0,
                        .snap_start = below(2) == 0};
        if (below(2) == 0) out.settings.json_logs = {text(), text()};
        if (below(2) == 0) out.settings.vpc = {{text(), text()}, {text()}, below(2) == 0};
        for (auto n = below(3); n > 0; --n) out.settings.file_systems.push_back({text(), text()});
        if (below(2) == 0) out.settings.environment = map();
        if (below(2) == 0) out.settings.log_group = text();
        for (auto n = below(3); n > 0; --n) {
            out.settings.layers.push_back({{model::AccountId(text()), text(), random_.next()},
                                           {model::CodeSha256(text()), random_.next()}});
        }
        out.code = {model::CodeSha256(text()), random_.next()};
        out.last_modified =
            WallTime{std::chrono::microseconds{static_cast<std::int64_t>(below(1ULL << 60))}};
        out.revision = {model::RevisionId(make_uuid(random_)),
                        model::RevisionId(make_uuid(random_))};
        return out;
    }
    model::FunctionStatus status() {
        model::FunctionStatus out;
        out.state = static_cast<model::State>(below(4));
        out.last_update = static_cast<model::LastUpdateStatus>(below(3));
        out.state_reason = text();
        out.state_reason_code = text();
        out.last_update_reason = text();
        out.last_update_reason_code = text();
        return out;
    }
    std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }

  private:
    SeededRandom random_;
};

store::Key const kKey = function_key(model::AccountId("123456789012"), model::FunctionName("f"));

nlohmann::json parsed(store::JsonText const& text) { return nlohmann::json::parse(text.text); }

// Byte for byte, and with the secret where secret_members() looks for it in a tree.
void expect_as_the_library_writes(store::Kind kind, store::JsonText const& text) {
    auto const tree = parsed(text);
    EXPECT_EQ(text.text, tree.dump());
    auto const all = secret_members();
    auto const of_kind = std::ranges::find(all, kind, &store::SecretMembers::kind);
    ASSERT_NE(of_kind, all.end());
    std::string member;
    std::string secret;
    for (auto const& pointer : of_kind->members) {
        if (!tree.contains(pointer) || tree.at(pointer).empty()) continue;
        member = pointer.to_string();
        secret = tree.at(pointer).dump();
    }
    EXPECT_EQ(text.text.substr(text.secret_at, text.secret_bytes), secret);
    if (!secret.empty()) {
        EXPECT_EQ(text.secret_member, member);
    }
}

TEST(FunctionRecords, WhatIsWrittenIsReadBack) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Generator generate(seed);
        model::Function function;
        function.account = kKey.account;
        function.name = model::FunctionName("f");
        function.latest = generate.version(0);
        function.tags = generate.map();
        function.last_version = generate.below(1'000'000);
        function.last_published_description = generate.text();
        auto const text = function_to_text(function);
        EXPECT_EQ(function_from_record(kKey, parsed(text)), function) << "seed " << seed;
        expect_as_the_library_writes(store::Kind::kFunction, text);

        auto const version = generate.version(1 + generate.below(1'000'000));
        auto const version_text = version_to_text(version);
        EXPECT_EQ(version_from_record(kKey, parsed(version_text)), version) << "seed " << seed;
        expect_as_the_library_writes(store::Kind::kFunctionVersion, version_text);

        VersionStatus status{generate.status(), std::nullopt};
        if (generate.below(2) == 0) {
            status.serving = generate.version(0);
            status.serving->version = version.version;
        }
        auto const status_text = status_to_text(status, version);
        EXPECT_EQ(status_from_record(kKey, parsed(status_text), version), status)
            << "seed " << seed;
        expect_as_the_library_writes(store::Kind::kFunction, status_text);
    }
}

TEST(FunctionRecords, ANewerFormatIsRefusedWithItsReason) {
    auto value = parsed(function_to_text({}));
    value["format"] = 3;
    auto const read = function_from_record(kKey, value);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::kCorrupt);
    EXPECT_EQ(read.error().message,
              "The store's record 123456789012/1/f cannot be read: it was written in format 3 by a "
              "newer version of "
              "Meridian; this one reads formats up to 2. Start the newer version again.");
}

TEST(FunctionRecords, Format1IsRead) {
    Generator generate(1);
    model::Function function{
        .account = kKey.account, .name = model::FunctionName("f"), .latest = generate.version(0)};
    auto const now = function.latest.settings;
    // What it had.
    function.latest.settings = {.description = now.description,
                                .runtime = now.runtime,
                                .handler = now.handler,
                                .role_arn = now.role_arn,
                                .timeout_seconds = now.timeout_seconds,
                                .memory_mb = now.memory_mb,
                                .ephemeral_storage_mb = now.ephemeral_storage_mb,
                                .architecture = now.architecture,
                                .environment = now.environment,
                                .log_group = now.log_group};
    auto value = parsed(function_to_text(function));
    value["format"] = 1;
    EXPECT_EQ(function_from_record(kKey, value), function);
    value["latest"]["settings"]["empty_vpc_config"] = true;
    function.latest.settings.vpc.emplace();
    EXPECT_EQ(function_from_record(kKey, value), function);
}

TEST(FunctionRecords, DamageIsCorruptNotACrash) {
    auto const good = parsed(function_to_text({}));
    for (auto const& [member, value] : good.items()) {
        for (auto const& wrong : {nlohmann::json(), nlohmann::json(-1), nlohmann::json::array()}) {
            auto damaged = good;
            if (wrong.is_null()) {
                damaged.erase(member);
            } else {
                damaged[member] = wrong;
            }
            auto const read = function_from_record(kKey, damaged);
            // An empty array is an empty map to the JSON library; a negative number an odd but
            // legal count.
            if (read) continue;
            EXPECT_EQ(read.error().code, Errc::kCorrupt) << member;
        }
        auto damaged = good;
        damaged.erase(member);
        EXPECT_FALSE(function_from_record(kKey, damaged)) << member;
    }
    for (auto const* text : {"null", "[]", "1", "{}", R"({"format":"1"})", R"({"format":0})"}) {
        EXPECT_FALSE(function_from_record(kKey, nlohmann::json::parse(text))) << text;
        EXPECT_FALSE(version_from_record(kKey, nlohmann::json::parse(text))) << text;
        EXPECT_FALSE(last_version_from_epitaph(kKey, nlohmann::json::parse(text))) << text;
    }
}

TEST(FunctionRecords, AStatusOfAnOlderDefinitionReadsAsAnUpdateInProgress) {
    Generator generate(1);
    auto const before = generate.version(0);
    auto const after = generate.version(0);
    auto const status = parsed(status_to_text({active(), std::nullopt}, before));
    EXPECT_EQ(status_from_record(kKey, status, before)->status, active());
    EXPECT_EQ(status_from_record(kKey, status, after)->status, update_in_progress());
    EXPECT_EQ(status_from_record(kKey, nullptr, after)->status, pending_creation());
}

TEST(FunctionRecords, VersionsSortByNumber) {
    model::AccountId const account("123456789012");
    model::FunctionName const name("f");
    EXPECT_LT(version_key(account, name, 9).id, version_key(account, name, 10).id);
    EXPECT_EQ(function_name_of(version_key(account, name, 10)), name);
    EXPECT_EQ(version_number("$LATEST"), 0u);
    EXPECT_EQ(version_number("12"), 12u);
    EXPECT_EQ(version_number("012"), std::nullopt);
    EXPECT_EQ(version_number("1x"), std::nullopt);
}

TEST(PageMarker, ReadsItsOwnAndNothingElse) {
    wire::PagePosition const position{"name", 7};
    auto const marker = wire::encode_marker("functions", position);
    EXPECT_EQ(wire::decode_marker("functions", marker), position);
    EXPECT_EQ(wire::decode_marker("versions", marker), std::nullopt);
    for (auto const* text : {"", "x", "W10=", "bnVsbA==", "W1tbW1tbW1tb"}) {
        EXPECT_EQ(wire::decode_marker("functions", text), std::nullopt) << text;
    }
    EXPECT_EQ(wire::decode_marker("functions", std::string(10'000, 'A')), std::nullopt);
}

}  // namespace
}  // namespace meridian::control
