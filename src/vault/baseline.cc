#include "vault/baseline.h"

#include <charconv>

#include <fmt/format.h>

#include "vault/ssh_signature.h"

namespace meridian::vault {
namespace {

constexpr std::string_view kTagPrefix = "baseline/";

std::optional<std::uint64_t> number_trailer(std::string_view message, std::string_view name) {
    auto const text = trailer(message, name);
    std::uint64_t number = 0;
    if (!text) return std::nullopt;
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return number;
}

}  // namespace

std::string format_baseline(Baseline const& baseline, crypto::Ed25519Seed const& seed) {
    Tag tag{.commit = baseline.commit,
            .name = fmt::format("{}{}", kTagPrefix, baseline.name),
            .tagger = baseline.tagger,
            .message = fmt::format("{}\n\nMerkle-Root: {}\nRegion: {}\nRegion-Sequence: {}\n"
                                   "Account-Sequence: {}\n",
                                   baseline.message, baseline.merkle_root, baseline.region,
                                   baseline.region_sequence, baseline.account_sequence)};
    auto bytes = format_tag(tag);
    return bytes + ssh_sign(seed, bytes);
}

Result<Baseline> parse_baseline(std::string_view bytes) {
    auto const signature = std::min(bytes.rfind(kSshSignatureBegin), bytes.size());
    auto const text = bytes.substr(0, signature);
    MERIDIAN_TRY(auto const tag, parse_tag(text));
    auto const root = trailer(tag.message, "Merkle-Root");
    auto const region = trailer(tag.message, "Region");
    auto const region_sequence = number_trailer(tag.message, "Region-Sequence");
    auto const account_sequence = number_trailer(tag.message, "Account-Sequence");
    if (!tag.name.starts_with(kTagPrefix) || !root || !region || !region_sequence ||
        !account_sequence)
        return fail(Errc::kCorrupt, fmt::format("the tag {} is no baseline", tag.name));
    Baseline baseline{.name = tag.name.substr(kTagPrefix.size()),
                      .commit = tag.commit,
                      .tagger = tag.tagger,
                      .message = tag.message.substr(0, tag.message.rfind("\n\nMerkle-Root: ")),
                      .merkle_root = *root,
                      .region = *region,
                      .region_sequence = *region_sequence,
                      .account_sequence = *account_sequence};
    if (auto const signer = ssh_verify(text, bytes.substr(signature))) baseline.signer = *signer;
    return baseline;
}

}  // namespace meridian::vault
