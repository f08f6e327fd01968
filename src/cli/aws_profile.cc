#include "cli/aws_profile.h"

namespace meridian::cli {
namespace {

std::string_view trimmed(std::string_view text) {
    auto const first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

ProfileSection read_profile(std::string_view text, std::string_view profile) {
    ProfileSection section;
    bool inside = false;
    while (!text.empty()) {
        auto const end = text.find('\n');
        auto const raw = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        auto const line = trimmed(raw);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            auto name = trimmed(line.substr(1, line.find(']') - 1));
            if (name.starts_with("profile ")) name = trimmed(name.substr(8));
            inside = name == profile;
            continue;
        }
        auto const equals = line.find('=');
        bool const nested = raw.front() == ' ' || raw.front() == '\t';
        if (!inside || nested || equals == std::string_view::npos) continue;
        section[std::string(trimmed(line.substr(0, equals)))] =
            std::string(trimmed(line.substr(equals + 1)));
    }
    return section;
}

}  // namespace meridian::cli
