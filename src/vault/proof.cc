#include "vault/proof.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace meridian::vault {
namespace {

using nlohmann::json;

std::int64_t milliseconds(WallTime time) {
    return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

// No proof of ours says anything later: 9999-12-31T23:59:59.999Z.
constexpr std::int64_t kMillisecondsMax = 253'402'300'799'999;

WallTime time_of(json const& value, char const* member) {
    auto const& number = value.at(member);
    bool const sound = number.is_number_integer() && number >= 0 && number <= kMillisecondsMax;
    // As the JSON library says everything else that is wrong with a proof.
    if (!sound) throw json::out_of_range::create(401, member, nullptr);
    return WallTime{std::chrono::milliseconds(number.get<std::int64_t>())};
}

}  // namespace

std::string_view name_of(VerifyLevel level) {
    switch (level) {
        case VerifyLevel::kIndex:
            return "index";
        case VerifyLevel::kHash:
            return "hash";
        case VerifyLevel::kRestore:
            return "restore";
        case VerifyLevel::kInvoke:
            return "invoke";
    }
    return "?";
}

std::optional<VerifyLevel> parse_verify_level(std::string_view name) {
    auto const* const found =
        std::ranges::find(kVerifyLevels, name, [](VerifyLevel level) { return name_of(level); });
    if (found == std::end(kVerifyLevels)) return std::nullopt;
    return *found;
}

bool VerifyPart::has(std::string_view sha256_hex) const {
    // Digests are evenly spread, in their first digits, too.
    constexpr std::size_t kDigits = 8;
    std::uint32_t number = 0;
    auto const digits = sha256_hex.substr(0, kDigits);
    std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return number % parts == part - 1;
}

void count_coverage(Proof& proof, Proof const* before) {
    proof.parts_covered = proof.problems.empty() ? 1 : 0;
    proof.covered_since = proof.began;
    if (!proof.problems.empty() || proof.part.parts == 1 || before == nullptr) return;
    bool const continues = before->problems.empty() && before->parts_covered > 0 &&
                           before->part.next() == proof.part && before->baseline == proof.baseline;
    // A round that is complete ends; the next part begins a new one.
    if (!continues || before->parts_covered >= before->part.parts) return;
    proof.parts_covered = before->parts_covered + 1;
    proof.covered_since = before->covered_since;
}

json to_json(Proof const& proof) {
    json out = {{"format", 1},
                {"level", name_of(proof.level)},
                {"baseline", proof.baseline},
                {"commit", proof.commit.hex()},
                {"region_sequence", proof.region_sequence},
                {"account_sequence", proof.account_sequence},
                {"began_ms", milliseconds(proof.began)},
                {"ended_ms", milliseconds(proof.ended)},
                {"by", proof.by},
                {"part", proof.part.part},
                {"parts", proof.part.parts},
                {"parts_covered", proof.parts_covered},
                {"covered_since_ms", milliseconds(proof.covered_since)},
                {"records", proof.records},
                {"packages", proof.packages},
                {"bytes", proof.bytes},
                {"functions", proof.functions},
                {"initialised", proof.initialised},
                {"answered", proof.answered},
                {"problems", proof.problems},
                {"notes", proof.notes}};
    if (!proof.copy.empty()) out["copy"] = proof.copy;
    return out;
}

Result<Proof> parse_proof(json const& value) {
    try {
        auto const level = parse_verify_level(value.at("level").get<std::string>());
        auto const commit = parse_object_id(value.at("commit").get<std::string>());
        if (!level || !commit) return fail(Errc::kCorrupt, "a proof names no level or no commit");
        Proof proof{
            .level = *level,
            .baseline = value.at("baseline").get<std::string>(),
            .copy = value.value("copy", ""),
            .commit = *commit,
            .region_sequence = value.at("region_sequence").get<std::uint64_t>(),
            .account_sequence = value.at("account_sequence").get<std::uint64_t>(),
            .began = time_of(value, "began_ms"),
            .ended = time_of(value, "ended_ms"),
            .by = value.at("by").get<std::string>(),
            .part = {value.at("part").get<std::uint32_t>(), value.at("parts").get<std::uint32_t>()},
            .parts_covered = value.at("parts_covered").get<std::uint32_t>(),
            .covered_since = time_of(value, "covered_since_ms"),
            .records = value.at("records").get<std::uint64_t>(),
            .packages = value.at("packages").get<std::uint64_t>(),
            .bytes = value.at("bytes").get<std::uint64_t>(),
            .functions = value.at("functions").get<std::uint64_t>(),
            .initialised = value.at("initialised").get<std::uint64_t>(),
            .answered = value.at("answered").get<std::uint64_t>(),
            .problems = value.at("problems").get<std::vector<std::string>>(),
            .notes = value.at("notes").get<std::vector<std::string>>()};
        bool const sound = proof.part.parts >= 1 && proof.part.parts <= kVerifyPartsMax &&
                           proof.part.part >= 1 && proof.part.part <= proof.part.parts &&
                           proof.parts_covered <= proof.part.parts;
        if (!sound) return fail(Errc::kCorrupt, "a proof is of a part that cannot be");
        return proof;
    } catch (json::exception const& error) {
        return fail(Errc::kCorrupt, fmt::format("a proof cannot be read: {}", error.what()));
    }
}

}  // namespace meridian::vault
