#include "wire/arn.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace meridian::wire {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        auto const end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_account(std::string_view text) {
    return text.size() == 12 && std::ranges::all_of(text, is_digit);
}

// Letters, digits, '-', '_', and '.', which the patterns of lookups allow.
bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

bool is_qualifier(std::string_view text) {
    if (text == model::kLatest || text == "$LATEST.PUBLISHED") return true;
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '_';
    });
}

// us-east-1, us-gov-west-1, us-isob-east-1, eusc-de-east-1: words and a number.
bool is_region(std::string_view text) {
    auto const words = split(text, '-');
    if (words.size() < 3 || words.back().size() != 1 || !is_digit(words.back()[0])) return false;
    return std::all_of(words.begin(), words.end() - 1, [](std::string_view word) {
        return !word.empty() &&
               std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    });
}

bool is_partition(std::string_view text) {
    return text.starts_with("aws") &&
           std::ranges::all_of(text, [](char c) { return is_letter(c) || c == '-'; });
}

std::unexpected<Error> malformed(char const* what) {
    return fail(Errc::kValidation, fmt::format("the value is no {}", what));
}

}  // namespace

std::optional<ArnParts> split_arn(std::string_view text) {
    std::array<std::string_view, 5> parts;
    for (auto& part : parts) {
        auto const colon = text.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        part = text.substr(0, colon);
        text.remove_prefix(colon + 1);
    }
    if (parts[0] != "arn") return std::nullopt;
    return ArnParts{parts[1], parts[2], parts[3], parts[4], text};
}

Result<FunctionReference> parse_function_reference(std::string_view text) {
    FunctionReference reference;
    auto const parts = split(text, ':');
    std::size_t at = 0;
    auto const left = [&] { return parts.size() - at; };
    bool wants_function = false;
    if (parts[0] == "arn" && parts.size() > 2) {  // else a function of that name
        if (parts.size() < 6 || !is_partition(parts[1]) || parts[2] != "lambda" ||
            !is_region(parts[3]) || !is_account(parts[4])) {
            return malformed("function ARN");
        }
        reference.partition = std::string(parts[1]);
        reference.region = model::RegionName{std::string(parts[3])};
        reference.account = model::AccountId{std::string(parts[4])};
        at = 5;
        wants_function = true;
    } else {  // each part of an ARN may be left away; alone they are names
        if (left() >= 2 && is_region(parts[at]))
            reference.region = model::RegionName{std::string(parts[at++])};
        if (left() >= 2 && is_account(parts[at]))
            reference.account = model::AccountId{std::string(parts[at++])};
    }
    if (left() >= 2 && parts[at] == "function") {
        ++at;
    } else if (wants_function && parts[at] != "function") {  // alone it is the name (recorded)
        return malformed("function ARN");
    }
    if (left() > 2 || !is_name(parts[at])) return malformed("function name");
    reference.name = model::FunctionName{std::string(parts[at])};
    if (left() == 2) {
        if (!is_qualifier(parts[at + 1])) return malformed("function name");
        reference.qualifier = model::Qualifier{std::string(parts[at + 1])};
    }
    return reference;
}

std::string format(FunctionReference const& reference) {
    std::string text;
    if (reference.partition) {
        text = fmt::format("arn:{}:lambda:{}:{}:function:", *reference.partition,
                           reference.region.value_or(model::RegionName{}),
                           reference.account.value_or(model::AccountId{}));
    } else {
        if (reference.region) text += reference.region->value() + ":";
        if (reference.account) text += reference.account->value() + ":";
        auto const& name = reference.name.value();
        bool const reads_as_more = name == "function" || is_region(name) || is_account(name);
        if (!text.empty() || (reference.qualifier && reads_as_more)) text += "function:";
    }
    text += reference.name.value();
    if (reference.qualifier) text += ":" + reference.qualifier->value();
    return text;
}

std::string_view partition_of(model::RegionName const& region) noexcept {
    struct {
        std::string_view prefix, partition;
    } constexpr kPartitions[] = {{"cn-", "aws-cn"},         {"us-gov-", "aws-us-gov"},
                                 {"us-iso-", "aws-iso"},    {"us-isob-", "aws-iso-b"},
                                 {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
                                 {"eusc-", "aws-eusc"}};
    for (auto const& row : kPartitions) {
        if (region.value().starts_with(row.prefix)) return row.partition;
    }
    return "aws";
}

std::string function_arn(model::RegionName const& region, model::AccountId const& account,
                         model::FunctionName const& name,
                         std::optional<model::Qualifier> const& qualifier) {
    auto arn =
        fmt::format("arn:{}:lambda:{}:{}:function:{}", partition_of(region), region, account, name);
    if (qualifier && !qualifier->value().empty()) arn += ":" + qualifier->value();
    return arn;
}

Result<LayerVersionArn> parse_layer_arn(std::string_view text) {
    auto const parts = split(text, ':');
    if (parts.size() < 7 || parts.size() > 8 || parts[0] != "arn" || !is_partition(parts[1]) ||
        parts[2] != "lambda" || !is_region(parts[3]) || !is_account(parts[4]) ||
        parts[5] != "layer" || !is_name(parts[6])) {
        return malformed("layer ARN");
    }
    LayerVersionArn arn{std::string(parts[1]), model::RegionName{std::string(parts[3])},
                        model::AccountId{std::string(parts[4])}, std::string(parts[6]),
                        std::nullopt};
    if (parts.size() == 8) {
        std::uint64_t version = 0;
        auto const number = parts[7];
        auto const [stop, fault] =
            std::from_chars(number.data(), number.data() + number.size(), version);
        bool const canonical = !number.empty() && (number[0] != '0' || number.size() == 1);
        if (fault != std::errc{} || stop != number.data() + number.size() || !canonical)
            return malformed("layer ARN");
        arn.version = version;
    }
    return arn;
}

std::string format(LayerVersionArn const& arn) {
    auto text = fmt::format("arn:{}:lambda:{}:{}:layer:{}", arn.partition, arn.region, arn.account,
                            arn.layer);
    if (arn.version) text += ":" + std::to_string(*arn.version);
    return text;
}

std::string layer_arn(model::RegionName const& region, model::LayerVersionId const& what) {
    return format(LayerVersionArn{std::string(partition_of(region)), region, what.account,
                                  what.layer,
                                  what.number == 0 ? std::nullopt : std::optional(what.number)});
}

Result<RoleArn> parse_role_arn(std::string_view text) {
    auto const parts = split(text, ':');
    if (parts.size() != 6 || parts[0] != "arn" || !is_partition(parts[1]) || parts[2] != "iam" ||
        !parts[3].empty() || !is_account(parts[4]) || !parts[5].starts_with("role/")) {
        return malformed("role ARN");
    }
    auto const full_name = parts[5].substr(4);  // from the slash on
    auto const slash = full_name.rfind('/');
    RoleArn arn{std::string(parts[1]), model::AccountId{std::string(parts[4])},
                std::string(full_name.substr(0, slash + 1)),
                std::string(full_name.substr(slash + 1))};
    bool const good_name = !arn.name.empty() && std::ranges::all_of(arn.name, [](char c) {
        return is_letter(c) || is_digit(c) ||
               std::string_view("_+=,.@-").find(c) != std::string_view::npos;
    });
    bool const good_path =
        std::ranges::all_of(arn.path, [](char c) { return c >= 0x21 && c <= 0x7e; });
    if (!good_name || !good_path) return malformed("role ARN");
    return arn;
}

std::string format(RoleArn const& arn) {
    return fmt::format("arn:{}:iam::{}:role{}{}", arn.partition, arn.account, arn.path, arn.name);
}

}  // namespace meridian::wire
