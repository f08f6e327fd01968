// Commits, trees and tags of a vault that came from anywhere, and the baselines in tags: each is
// refused, or is written in bytes that read as the same. The first byte says which it is.

#include <cstdint>
#include <set>
#include <string_view>

#include "base/assert.h"
#include "vault/baseline.h"
#include "vault/git_objects.h"

namespace {
using namespace meridian;

void check_tree(std::string_view bytes) {
    auto entries = vault::parse_tree(bytes);
    if (!entries) return;
    std::set<std::string> names;
    // format_tree() promises nothing for the same name twice.
    for (auto const& entry : *entries) {
        if (!names.insert(entry.name).second) return;
    }
    auto const text = vault::format_tree(*entries);
    auto const again = vault::parse_tree(text);
    MERIDIAN_ASSERT(again && vault::format_tree(*again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const bytes(reinterpret_cast<char const*>(data) + 1, size - 1);
    if (data[0] == 't') {
        check_tree(bytes);
    } else if (data[0] == 'c') {
        if (auto const commit = vault::parse_commit(bytes)) {
            auto const again = vault::parse_commit(vault::format_commit(*commit));
            MERIDIAN_ASSERT(again && again->message == commit->message);
            MERIDIAN_ASSERT(vault::format_commit(*again) == vault::format_commit(*commit));
            (void)vault::trailer(commit->message, "Region-Sequence");
        }
    } else {
        if (auto const tag = vault::parse_tag(bytes)) {
            auto const again = vault::parse_tag(vault::format_tag(*tag));
            MERIDIAN_ASSERT(again && vault::format_tag(*again) == vault::format_tag(*tag));
        }
        // Nobody signed what a fuzzer made, but it must not be taken for signed either.
        if (auto const baseline = vault::parse_baseline(bytes))
            MERIDIAN_ASSERT(baseline->name.find('\n') == std::string::npos);
    }
    return 0;
}
