#include "repositories/repository_name.h"

#include <algorithm>

namespace meridian::repositories {
namespace {

constexpr std::size_t kCommitIdChars = 40;

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name_character(char c) { return is_word(c) || c == '.' || c == '-'; }

}  // namespace

bool is_repository_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kRepositoryNameCharsMax && is_word(name.front()) &&
           std::ranges::all_of(name, is_name_character) && !name.contains("..") &&
           !name.ends_with(".git") && name != kVaultName;
}

bool is_branch_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > kBranchNameCharsMax || name.contains("..")) return false;
    // Each component on its own.
    while (!name.empty()) {
        auto const end = std::min(name.find('/'), name.size());
        auto const component = name.substr(0, end);
        if (component.empty() || !is_word(component.front()) || component.ends_with('.') ||
            component.ends_with(".lock") || !std::ranges::all_of(component, is_name_character))
            return false;
        if (end + 1 == name.size()) return false;  // a slash at the end
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return true;
}

bool is_commit_id(std::string_view text) noexcept {
    return text.size() == kCommitIdChars && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

}  // namespace meridian::repositories
