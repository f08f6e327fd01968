#include "policy/text_pattern.h"

#include "base/ascii.h"

namespace meridian::policy {

namespace {

constexpr int kArnParts = 6;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// The place after the character that begins at `at`.
std::size_t next_character(std::string_view text, std::size_t at) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
    return at;
}

std::string_view without_spaces(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

// Takes the text before the next colon off `rest`, and the colon. Nothing if there is none.
std::optional<std::string_view> take_part(std::string_view& rest) {
    auto const colon = rest.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto const part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
    return part;
}

}  // namespace

bool matches_wildcards(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t after_run = std::string_view::npos;  // in the pattern; where to try again
    std::size_t run_end = 0;                         // in the text
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == kAnyRun) {
            after_run = ++p;
            run_end = t;
        } else if (p < pattern.size() && pattern[p] == kAnyCharacter) {
            ++p;
            t = next_character(text, t);
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (after_run != std::string_view::npos) {
            p = after_run;
            t = ++run_end;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == kAnyRun) ++p;
    return p == pattern.size();
}

bool matches_arn(std::string_view pattern, std::string_view arn) {
    if (pattern.size() == 1 && pattern.front() == kAnyRun) return true;
    for (int part = 1; part < kArnParts; ++part) {
        auto const wanted = take_part(pattern);
        if (!wanted) return pattern.ends_with(kAnyRun) && matches_wildcards(pattern, arn);
        auto const actual = take_part(arn);
        if (!actual || !matches_wildcards(*wanted, *actual)) return false;
    }
    return matches_wildcards(pattern, arn);
}

TextPattern::TextPattern(std::string_view text, Options options) {
    while (!text.empty()) {
        if (options.variables && text.starts_with("${")) {
            auto const end = text.find('}');
            if (end != std::string_view::npos) {
                read_variable(text.substr(2, end - 2));
                text.remove_prefix(end + 1);
                continue;
            }
        }
        char const c = text.front();
        text.remove_prefix(1);
        if (options.wildcards && c == '*') {
            // A run of runs says the same as one, and costs more.
            if (!tail().ends_with(kAnyRun)) tail() += kAnyRun;
        } else if (options.wildcards && c == '?') {
            tail() += kAnyCharacter;
        } else {
            tail() += c;
        }
    }
}

void TextPattern::read_variable(std::string_view inside) {
    if (inside == "*" || inside == "?" || inside == "$") {
        tail() += inside;
        return;
    }
    Variable variable;
    auto const comma = inside.find(',');
    if (comma != std::string_view::npos) {
        auto value = without_spaces(inside.substr(comma + 1));
        if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'') {
            variable.otherwise = value.substr(1, value.size() - 2);
        }
    }
    variable.key = lowered(without_spaces(inside.substr(0, comma)));
    variables_.push_back(std::move(variable));
}

std::optional<std::string_view> TextPattern::fill(RequestContext const& context,
                                                  std::string& buffer) const {
    if (variables_.empty()) return head_;
    buffer = head_;
    for (auto const& variable : variables_) {
        auto value = context.only_value(variable.key);
        if (!value && variable.otherwise) value = *variable.otherwise;
        // A value that is not UTF-8 could hold what means a wildcard here.
        if (!value || value->find_first_of("\xFE\xFF") != std::string_view::npos)
            return std::nullopt;
        buffer += *value;
        buffer += variable.after;
    }
    return buffer;
}

}  // namespace meridian::policy
