#include "wire/pattern.h"

#include <memory>
#include <mutex>

#include <re2/re2.h>

#include "base/assert.h"
#include "wire/api_model.h"

namespace meridian::wire {
namespace {

struct Compiled {
    std::once_flag once;
    std::unique_ptr<RE2 const> match;
    std::unique_ptr<RE2 const> refuse;  // null if nothing is refused
};

std::unique_ptr<RE2 const> compile(std::string_view text) {
    RE2::Options options;
    options.set_never_capture(true);
    options.set_log_errors(false);
    auto pattern = std::make_unique<RE2 const>(re2::StringPiece(text.data(), text.size()), options);
    MERIDIAN_ASSERT(pattern->ok());  // every pattern of the model is compiled by a test
    return pattern;
}

Compiled const& compiled(std::uint16_t pattern) {
    // Not state: each entry has one value, which is computed when first asked for.
    static std::unique_ptr<Compiled[]> const table(new Compiled[patterns().size()]);
    MERIDIAN_ASSERT(pattern > 0 && pattern <= patterns().size());
    auto& entry = table[pattern - 1u];
    std::call_once(entry.once, [&] {
        auto const& text = patterns()[pattern - 1u];
        entry.match = compile(text.match);
        if (!text.refuse.empty()) entry.refuse = compile(text.refuse);
    });
    return entry;
}

}  // namespace

bool matches_pattern(std::uint16_t pattern, std::string_view value) {
    auto const& entry = compiled(pattern);
    re2::StringPiece const text(value.data(), value.size());
    if (!RE2::FullMatch(text, *entry.match)) return false;
    return !entry.refuse || !RE2::FullMatch(text, *entry.refuse);
}

std::string_view pattern_text(std::uint16_t pattern) noexcept {
    return patterns()[pattern - 1u].shown;
}

}  // namespace meridian::wire
