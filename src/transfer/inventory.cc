#include "transfer/inventory.h"

#include <charconv>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace meridian::transfer {

using nlohmann::json;

namespace {

constexpr std::size_t kNamesShownMax = 5;

std::string part(std::string const& arn, std::size_t index) {
    std::size_t begin = 0;
    for (std::size_t n = 0; n < index; ++n) {
        auto const colon = arn.find(':', begin);
        if (colon == std::string::npos) return {};
        begin = colon + 1;
    }
    return arn.substr(begin, arn.find(':', begin) - begin);
}

}  // namespace

std::string last_part(std::string const& arn) { return arn.substr(arn.find_last_of(":/") + 1); }

std::string FunctionRecord::name() const { return last_part(arn); }

// arn:aws:lambda:REGION:ACCOUNT:layer:NAME:NUMBER
std::string LayerVersionRecord::layer() const { return part(arn, 6); }

std::uint64_t LayerVersionRecord::number() const {
    auto const text = part(arn, 7);
    std::uint64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

std::vector<std::string> const& never_told() {
    static std::vector<std::string> const texts = {
        "versions that were deleted, and how far a function's or layer's numbers have gone",
        "RevisionId, LastModified and who changed what (a vault keeps these)",
        "host names of function URLs and UUIDs of event source mappings: the target gives its own",
        "how far event source mappings have read",
        "values that the source cannot decrypt, and secrets kept elsewhere (KMS, Secrets Manager)",
        "events that wait, recorded traces, logs and metrics",
        "code of container images (only their URI)",
    };
    return texts;
}

std::string untold_text(std::vector<Untold> const& untold) {
    std::map<std::pair<std::string, std::string>, std::set<std::string>> groups;
    for (auto const& one : untold) groups[{one.what, one.reason}].insert(one.of);
    std::string text;
    if (!groups.empty()) text += "Could not be told:\n";
    for (auto const& [key, names] : groups) {
        std::string shown;
        if (names.size() <= kNamesShownMax)
            shown = fmt::format("{}", fmt::join(names, ", "));
        else
            shown = fmt::format("{} and {} more", *names.begin(), names.size() - 1);
        text += fmt::format("  {} of {}: {}\n", key.first, shown, key.second);
    }
    text += "Never told by this API:\n";
    for (auto const& one : never_told()) text += fmt::format("  {}\n", one);
    return text;
}

json untold_json(std::vector<Untold> const& untold) {
    json list = json::array();
    for (auto const& one : untold)
        list.push_back({{"What", one.what}, {"Of", one.of}, {"Reason", one.reason}});
    return list;
}

}  // namespace meridian::transfer
