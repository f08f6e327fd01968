// The grammar and the values against another reader of JSON: they accept the same texts, but for
// what is known to differ, and read the same from them.

#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "wire/json_grammar.h"
#include "wire/json_values.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    using namespace meridian::wire;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const fault = find_json_fault(text);
    if (fault && (fault->offset > size || payload_fault_message(text, *fault).empty()))
        std::abort();
    bool const theirs = nlohmann::json::accept(text);
    // nlohmann takes a byte order mark, ends at a zero byte, and has no limit of depth.
    if (theirs && fault && fault->kind != JsonFault::Kind::kTooDeep && !text.starts_with("\xEF") &&
        text.find('\0') == std::string_view::npos) {
        std::abort();
    }
    // It refuses halves of surrogate pairs, and numbers that no double holds.
    bool const may_overflow = text.find_first_of("eE") != std::string_view::npos || size > 300;
    if (!fault && !theirs && !may_overflow && text.find("\\u") == std::string_view::npos)
        std::abort();
    auto const values = parse_json(text);
    if (values.has_value() == fault.has_value()) std::abort();
    if (!fault && values->is_discarded() == theirs) std::abort();
    if (!fault && theirs && *values != nlohmann::json::parse(text)) std::abort();
    return 0;
}
